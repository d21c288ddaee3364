import { type Row, whole } from '../measurement.ts';
import type { DestinationVerdict, PictureVerdict } from './verdict.ts';
import type { Sample } from './watch.ts';
import { DESTINATIONS, type Fault, WRITE_FREQUENCY_MS } from './world.ts';

/** One stretch of the soak. */
export interface Phase {
  readonly name: string;
  /** Undefined: everything works, or works again. */
  readonly broken?: Fault;
  readonly durationMs: number;
  readonly latenciesMs: readonly number[];
  /** Behind a fault: from its end until nothing of it waits. */
  readonly caughtUpMs?: number;
}

export interface SoakFacts {
  readonly samples: readonly Sample[];
  readonly phases: readonly Phase[];
  readonly acknowledged: number;
  readonly refused: ReadonlyMap<number, number>;
  readonly destinations: readonly DestinationVerdict[];
  readonly pictures: PictureVerdict;
  /** Sessions at Qlik that the server left open. */
  readonly openSessions: number;
}

/** A batch waits this long on purpose; what is above it is delay. */
const CURRENT_SECONDS = WRITE_FREQUENCY_MS / 1000 + 2;
const FLAT = 1.25;

/** What is judged. */
export function rowsOf(facts: SoakFacts): readonly Row[] {
  return [...whileBroken(facts), ...afterwards(facts), ...answers(facts), memory(facts), ...books(facts)];
}

function whileBroken({ phases, samples }: SoakFacts): readonly Row[] {
  return phases.flatMap(({ name, broken }, i) => {
    if (broken === undefined && i > 0) return [];
    const during = samples.filter(({ phase }) => phase === name);
    const others = DESTINATIONS.filter((destination) => destination !== broken?.destination);
    const most = others.map((destination) => ({
      destination,
      seconds: Math.max(...during.map(({ lags }) => lags[destination].seconds)),
    }));
    const result = most.map(({ destination, seconds }) => `${destination} ${seconds.toFixed(1)} s`).join(', ');
    // for comparison, and for the start of a process no promise was made
    if (broken === undefined) return [{ what: `${name}: lag, at most`, result, budget: '' }];
    const met = most.every(({ seconds }) => seconds <= CURRENT_SECONDS);
    return [{ what: `${name}: lag of the others, at most`, result, budget: `≤ ${CURRENT_SECONDS} s`, met }];
  });
}

function afterwards({ phases, samples }: SoakFacts): readonly Row[] {
  return phases.flatMap(({ name, broken }, i) => {
    const caughtUpMs = phases[i + 1]?.caughtUpMs;
    if (broken === undefined || caughtUpMs === undefined) return [];
    const { destination } = broken;
    const during = samples.filter(({ phase }) => phase === name);
    const backlog = Math.max(
      0,
      ...during.map(({ lags, picturesWaiting }) =>
        destination === undefined ? picturesWaiting : lags[destination].events,
      ),
    );
    return [
      {
        what: `${name}: what had gathered, and how long after its end it was done`,
        result: `${whole(backlog)} events, ${(caughtUpMs / 1000).toFixed(1)} s`,
        budget: '',
      },
    ];
  });
}

function answers({ acknowledged, refused, phases }: SoakFacts): readonly Row[] {
  const list = [...refused].map(([status, count]) => `${count} × ${status === 0 ? 'no answer' : status}`).join(', ');
  const latencies = (wanted: boolean) =>
    phases.filter(({ broken }) => (broken !== undefined) === wanted).flatMap(({ latenciesMs }) => latenciesMs);
  const shown = (values: readonly number[]) =>
    `p50 ${percentile(values, 0.5).toFixed(1)} ms, p99 ${percentile(values, 0.99).toFixed(1)} ms`;
  return [
    {
      what: 'answers',
      result: `${whole(acknowledged)} × 202${list === '' ? '' : `, ${list}`}`,
      budget: 'none refused',
      met: refused.size === 0,
    },
    {
      what: 'from due to 202, outside of faults; while something is broken',
      result: `${shown(latencies(false))}; ${shown(latencies(true))}`,
      budget: '',
    },
  ];
}

export function percentile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Against the first phase, in which everything worked. */
function memory({ samples, phases }: SoakFacts): Row {
  const warmUp = samples.filter(({ phase }) => phase === phases[0]?.name).at(-1)?.memoryMib ?? Number.NaN;
  const end = samples.at(-1)?.memoryMib ?? Number.NaN;
  const most = Math.max(...samples.map(({ memoryMib }) => memoryMib));
  return {
    what: 'memory of the server: after the first phase, at most, at the end',
    result: `${whole(warmUp)} MiB, ${whole(most)} MiB, ${whole(end)} MiB`,
    budget: `flat: at most ${FLAT} × the first phase at the end`,
    ...(Number.isNaN(end) ? {} : { met: end <= warmUp * FLAT }),
  };
}

function books({ destinations, pictures, samples, openSessions }: SoakFacts): readonly Row[] {
  const last = samples.at(-1);
  const deadLetters = DESTINATIONS.reduce((sum, name) => sum + (last?.lags[name].deadLetters ?? 0), 0);
  const reasons = [...pictures.failed].map(([reason, count]) => `${count} × ${reason}`).join(', ');
  return [
    ...destinations.map(({ name, expected, lost, doubled }) => ({
      what: `${name}: of ${whole(expected)} events with a 202`,
      result: `lost ${lost}, doubled ${doubled}`,
      budget: 'lost 0, doubled 0',
      met: lost === 0 && doubled === 0,
    })),
    { what: 'dead letters', result: String(deadLetters), budget: '0', met: deadLetters === 0 },
    {
      what: `pictures of ${whole(pictures.expected)} events`,
      result: `${whole(pictures.saved)} saved${reasons === '' ? '' : `, ${reasons}`}, ${pictures.unaccounted} unaccounted for`,
      budget: 'each with its picture or its reason',
      met: pictures.unaccounted === 0,
    },
    { what: 'sessions left open at Qlik', result: String(openSessions), budget: '0', met: openSessions === 0 },
  ];
}

const LINES = 30;

/** Lag and memory over time, as a table of Markdown. */
export function overTime(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.ceil(samples.length / LINES));
  const shown = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  const head = ['time', 'phase', 'memory', ...DESTINATIONS.map((name) => `${name} lag`), 'await a picture'];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const body = shown.map(({ atMs, phase, memoryMib, lags, picturesWaiting }) =>
    line([
      clock(atMs),
      phase,
      `${whole(memoryMib)} MiB`,
      ...DESTINATIONS.map((name) => `${whole(lags[name].events)}, ${lags[name].seconds.toFixed(1)} s`),
      whole(picturesWaiting),
    ]),
  );
  return `${line(head)}|${'---|'.repeat(head.length)}\n${body.join('')}`;
}

/** `m:ss` */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
