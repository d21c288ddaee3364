/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = number & { readonly __brand: 'EpochMillis' };

export function epochMillis(value: number): EpochMillis {
  return value as EpochMillis;
}

/** `2026-11-23T07:00:00.123Z` */
export function toIsoString(at: EpochMillis): string {
  return new Date(at).toISOString();
}

/** `YYYYMMDD` in UTC. */
export function utcDay(at: EpochMillis): string {
  return toIsoString(at).slice(0, 10).replaceAll('-', '');
}
