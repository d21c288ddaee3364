/** One line of the table. */
export interface Row {
  readonly what: string;
  readonly result: string;
  /** What design and README promise; '' where a row is for comparison only. */
  readonly budget: string;
  /** Undefined: nothing to judge, or this system does not tell. */
  readonly met?: boolean;
}

export interface BenchOptions {
  /** Of each run under load. */
  readonly durationMs: number;
  /** Size of backlogs and logs. */
  readonly events: number;
  /** Tells a person what is going on. */
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

/** `12,345` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

export function perSecond(count: number, elapsedMs: number): number {
  return (count * 1000) / elapsedMs;
}
