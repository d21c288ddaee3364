import type { SimulationCounts, SimulationSummary } from './simulation.ts';

/** What `process.stdout` is, as far as progress needs it. */
export interface TextOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  readonly update: (counts: SimulationCounts) => void;
  /** Leaves the cursor on a line of its own. */
  readonly end: () => void;
}

/** One line that is written over again on a terminal, ten times a second; elsewhere a line every five seconds. */
export function showProgress(output: TextOutput, expectedEvents: number, monotonicMs: () => number): Progress {
  const onTerminal = output.isTTY === true;
  const everyMs = onTerminal ? 100 : 5000;
  let lastAt = monotonicMs();
  let written = false;
  return {
    update(counts) {
      const now = monotonicMs();
      if (now - lastAt < everyMs) return;
      lastAt = now;
      written = true;
      const line = progressLine(counts, expectedEvents);
      output.write(onTerminal ? `\r\x1b[K${line}` : `${line}\n`);
    },
    end() {
      if (onTerminal && written) output.write('\r\x1b[K');
    },
  };
}

function progressLine(counts: SimulationCounts, expectedEvents: number): string {
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
