const UNIT_NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  u: 1000n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

const PART = /(\d+)(ns|us|µs|u|ms|s|m|h|d|w)/y;
const NANOSECONDS_A_SECOND = 1_000_000_000n;
/** 2^63-1 nanoseconds: what InfluxDB itself can count. */
const LONGEST_SECONDS = 9_223_372_036n;

/** InfluxDB keeps nothing for less. */
export const SHORTEST_SECONDS = 3600;

/**
 * Seconds of a duration as InfluxDB writes them (`10d`, `1h30m`, `2w`), begun seconds in full; 0 = for ever (`0s`, `0`,
 * `INF`). Undefined: not a duration.
 */
export function retentionSeconds(text: string): number | undefined {
  const compact = text.trim();
  if (/^(?:inf|infinite|0)$/i.test(compact)) return 0;
  let nanoseconds = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < compact.length) {
    const part = PART.exec(compact);
    if (part === null) return undefined;
    nanoseconds += BigInt(part[1] ?? '') * (UNIT_NANOSECONDS[part[2] ?? ''] ?? 0n);
  }
  const seconds = (nanoseconds + NANOSECONDS_A_SECOND - 1n) / NANOSECONDS_A_SECOND;
  return compact === '' || seconds > LONGEST_SECONDS ? undefined : Number(seconds);
}
