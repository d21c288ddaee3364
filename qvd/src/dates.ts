/** Qlik counts days from 1899-12-30, with the time of day as the fraction and without a time zone. */
export const MS_PER_DAY = 86_400_000;
const UNIX_EPOCH_SERIAL = 25_569;

/** 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can show. */
export const MIN_EPOCH_MS = -62_167_219_200_000;
export const MAX_EPOCH_MS = 253_402_300_799_999;

/** The length of the texts below, in characters and in bytes. */
export const DATE_TEXT_LENGTH = 10;
export const TIMESTAMP_TEXT_LENGTH = 23;

/** Milliseconds since 1970 (UTC) as Qlik's serial day number. */
export function epochMsToSerial(epochMs: number): number {
  return epochMs / MS_PER_DAY + UNIX_EPOCH_SERIAL;
}

/** Qlik's serial day number as milliseconds since 1970, to the nearest millisecond. */
export function serialToEpochMs(serial: number): number {
  return Math.round((serial - UNIX_EPOCH_SERIAL) * MS_PER_DAY) + 0;
}

/** `YYYY-MM-DD` of a serial day number, or undefined where a year needs more than four digits. */
export function serialToDateText(serial: number): string | undefined {
  const epochMs = Math.floor(serial - UNIX_EPOCH_SERIAL) * MS_PER_DAY;
  return showable(epochMs) ? new Date(epochMs).toISOString().slice(0, DATE_TEXT_LENGTH) : undefined;
}

/** `YYYY-MM-DD hh:mm:ss.fff` of a serial day number, or undefined where a year needs more than four digits. */
export function serialToTimestampText(serial: number): string | undefined {
  const epochMs = serialToEpochMs(serial);
  return showable(epochMs)
    ? new Date(epochMs).toISOString().slice(0, TIMESTAMP_TEXT_LENGTH).replace('T', ' ')
    : undefined;
}

/** `hh:mm:ss` of a fraction of a day, to the nearest second, or undefined when it is not within one day. */
export function serialToTimeText(serial: number): string | undefined {
  const seconds = Math.round(serial * 86_400);
  if (!(seconds >= 0 && seconds < 86_400)) return undefined;
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

/**
 * Writes `YYYY-MM-DD` of a day counted from 1970-01-01 at the position; returns the position behind it.
 * Arithmetic instead of a Date object: a column of distinct timestamps makes one of these per row.
 */
export function putDateText(bytes: Uint8Array, position: number, day: number): number {
  // Years begin in March here, so that the leap day is a year's last; eras are the 400 years after which all repeats.
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  putTwoDigits(bytes, position, Math.floor(year / 100));
  putTwoDigits(bytes, position + 2, year % 100);
  bytes[position + 4] = 0x2d;
  putTwoDigits(bytes, position + 5, month);
  bytes[position + 7] = 0x2d;
  putTwoDigits(bytes, position + 8, dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1);
  return position + DATE_TEXT_LENGTH;
}

/** Writes `YYYY-MM-DD hh:mm:ss.fff` of an instant at the position; returns the position behind it. */
export function putTimestampText(bytes: Uint8Array, position: number, epochMs: number): number {
  const day = Math.floor(epochMs / MS_PER_DAY);
  const msOfDay = epochMs - day * MS_PER_DAY;
  const seconds = Math.floor(msOfDay / 1000);
  const ms = msOfDay - seconds * 1000;
  putDateText(bytes, position, day);
  bytes[position + 10] = 0x20;
  putTwoDigits(bytes, position + 11, Math.floor(seconds / 3600));
  bytes[position + 13] = 0x3a;
  putTwoDigits(bytes, position + 14, Math.floor(seconds / 60) % 60);
  bytes[position + 16] = 0x3a;
  putTwoDigits(bytes, position + 17, seconds % 60);
  bytes[position + 19] = 0x2e;
  bytes[position + 20] = 0x30 + Math.floor(ms / 100);
  putTwoDigits(bytes, position + 21, ms % 100);
  return position + TIMESTAMP_TEXT_LENGTH;
}

function putTwoDigits(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = 0x30 + Math.floor(value / 10);
  bytes[position + 1] = 0x30 + (value % 10);
}

function showable(epochMs: number): boolean {
  return epochMs >= MIN_EPOCH_MS && epochMs <= MAX_EPOCH_MS;
}
