export interface HourSlot {
  /** The hour in UTC, as the API counts. */
  readonly key: string;
  readonly label: () => string;
}

/**
 * The 24 hours of UTC in the order of the reader's day, under the reader's names. Half-hour zones keep UTC's names: an
 * hour of UTC is none of theirs.
 */
export function hourSlots(offsetMinutes: number): readonly HourSlot[] {
  const shift = offsetMinutes % 60 === 0 ? offsetMinutes / 60 : 0;
  return Array.from({ length: 24 }, (_, local) => ({
    key: String((local - shift + 48) % 24),
    label: () => String(local).padStart(2, '0'),
  }));
}

/** `UTC+2`, what the slots are named after. */
export function offsetLabel(offsetMinutes: number): string {
  if (offsetMinutes === 0 || offsetMinutes % 60 !== 0) return 'UTC';
  return `UTC${offsetMinutes > 0 ? '+' : '−'}${Math.abs(offsetMinutes) / 60}`;
}
