import { ProgressLine, type TextOutput } from '../cli/progress-line.ts';
import type { SimulationCounts, SimulationSummary } from './simulation.ts';

/** Where there is no terminal. */
const LINE_MS = 5000;

export interface Progress {
  readonly update: (counts: SimulationCounts) => void;
  readonly end: () => void;
}

export function showProgress(output: TextOutput, expectedEvents: number, monotonicMs: () => number): Progress {
  const line = new ProgressLine(output, monotonicMs, LINE_MS);
  return {
    update: (counts) => line.show(() => progressText(counts, expectedEvents)),
    end: () => line.end(),
  };
}

function progressText(counts: SimulationCounts, expectedEvents: number): string {
  const percent = Math.min(100, Math.floor((100 * counts.sent) / Math.max(1, expectedEvents)));
  return [`${String(percent).padStart(3)} %  ${counts.acknowledged} acknowledged`, ...troubles(counts)].join(', ');
}

/** The end of a run, in lines for people. */
export function summaryText(summary: SimulationSummary): string {
  const rate = summary.acknowledged / Math.max(0.001, summary.elapsedSeconds);
  const lines = [
    `${summary.acknowledged} of ${summary.sent} events acknowledged in ${summary.elapsedSeconds.toFixed(1)} s (${rate.toFixed(1)}/s)`,
    `answers within ${ms(summary.p50Ms)} (half of them), ${ms(summary.p99Ms)} (99 %), ${ms(summary.maxMs)} (all)`,
  ];
  const trouble = troubles(summary);
  if (trouble.length > 0) lines.push(trouble.join(', '));
  if (summary.lastProblem !== undefined) lines.push(`last problem: ${summary.lastProblem}`);
  return lines.map((line) => `${line}\n`).join('');
}

function troubles(counts: SimulationCounts): string[] {
  const refused = Object.entries(counts.refused).map(([status, count]) => `${count} refused with ${status}`);
  return [
    ...(counts.repeats > 0 ? [`${counts.repeats} sent again`] : []),
    ...refused,
    ...(counts.unanswered > 0 ? [`${counts.unanswered} without an answer`] : []),
  ];
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
