import { type EpochMillis, epochMillis } from '../../domain/epoch-millis.ts';
import { parseRfc3339 } from '../../domain/rfc3339.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { TrailKey } from '../../pipeline/ports/trail-index.ts';
import { ANYTHING, type TrailQuestion } from '../../pipeline/trail/limited-filter.ts';
import { badRequest } from './failure.ts';

const MAX_VALUES = 200;
const MAX_Q_LENGTH = 500;
const FILTERS: readonly string[] = [
  ...['from', 'to', 'user', 'appId', 'sheetId', 'objectId', 'eventType', 'selectionTxnId', 'correlationId'],
  ...['hour', 'weekday', 'q'],
];

/**
 * A filter from a query string. An empty `q` does not filter; an empty value of another filter is an error, as a script may
 * send it whose variable is not set.
 * @param others names that the route knows besides
 * @throws ViewerFailure 400 for names and values that mean nothing, so that a typing error is not an open filter
 */
export function readQuestion(params: URLSearchParams, others: readonly string[] = []): TrailQuestion {
  refuseOthers(params, [...FILTERS, ...others]);
  const q = readWords(params);
  const from = readTime(params, 'from');
  const to = readTime(params, 'to');
  return {
    ...ANYTHING,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    user: readTexts(params, 'user'),
    appId: readTexts(params, 'appId'),
    sheetId: readTexts(params, 'sheetId'),
    objectId: readTexts(params, 'objectId'),
    eventType: readTexts(params, 'eventType'),
    selectionTxnId: readTexts(params, 'selectionTxnId'),
    correlationId: readTexts(params, 'correlationId'),
    hour: readTexts(params, 'hour').map((text) => readWhole('hour', text, 0, 23)),
    weekday: readTexts(params, 'weekday').map((text) => readWhole('weekday', text, 1, 7)),
    q,
  };
}

/** @throws ViewerFailure 400 for a name that means nothing here, so that a filter is never left out in silence */
export function refuseOthers(params: URLSearchParams, names: readonly string[]): void {
  const other = [...params.keys()].find((name) => !names.includes(name));
  if (other !== undefined) throw badRequest(`There is no parameter "${other.slice(0, 100)}" here.`);
}

/** All words of all of them. */
export function readWords(params: URLSearchParams): string {
  const q = params.getAll('q').join(' ').trim();
  if (q.length > MAX_Q_LENGTH) throw badRequest(`The search text is longer than ${MAX_Q_LENGTH} characters.`);
  return q;
}

/** What can be said once only; the same again is no contradiction. */
export function readOne(params: URLSearchParams, name: string): string {
  const [text = '', ...others] = new Set(params.getAll(name));
  if (others.length > 0) throw badRequest(`"${name}" can be given once only.`);
  return text;
}

/** Of several the one that leaves least: different limits narrow. */
export function readTime(params: URLSearchParams, name: 'from' | 'to'): EpochMillis | undefined {
  const times = params.getAll(name).map((text) => timeOf(name, text));
  if (times.length === 0) return undefined;
  return epochMillis(name === 'from' ? Math.max(...times) : Math.min(...times));
}

function timeOf(name: string, text: string): number {
  // a + that was not encoded arrives as a blank
  const written = text.replace(/ (?=\d\d:\d\d$)/, '+');
  const at = parseRfc3339(/^\d{4}-\d\d-\d\d$/.test(written) ? `${written}T00:00:00Z` : written);
  if (at === undefined)
    throw badRequest(`"${name}" must be a date such as 2026-11-23, or a time such as 2026-11-23T07:00:00Z.`);
  return at;
}

/** @throws ViewerFailure 400 for what is no whole number from 1 to `max` */
export function readCount(params: URLSearchParams, name: string, byDefault: number, max: number): number {
  const text = readOne(params, name);
  return text === '' ? byDefault : readWhole(name, text, 1, max);
}

/** Larger ones are the largest. */
export function readLimit(params: URLSearchParams, byDefault: number, max: number): number {
  return Math.min(max, readCount(params, 'limit', byDefault, Number.MAX_SAFE_INTEGER));
}

/** Undefined: the first page. @throws ViewerFailure 400 */
export function readCursor(params: URLSearchParams): TrailKey | undefined {
  const text = readOne(params, 'cursor');
  if (text === '') return undefined;
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 2n ** 63n) {
    throw badRequest('"cursor" is not one that an earlier page gave. Begin at the first page.');
  }
  return text as TrailKey;
}

/** Undefined when it is not asked for. @throws ViewerFailure 400 */
export function readSequence(params: URLSearchParams, name: string): Sequence | undefined {
  const text = readOne(params, name);
  return text === '' ? undefined : sequence(readWhole(name, text, 1, Number.MAX_SAFE_INTEGER));
}

function readTexts(params: URLSearchParams, name: string): readonly string[] {
  const texts = params.getAll(name);
  if (texts.includes('')) throw badRequest(`"${name}" is empty. Leave it out, or say what to look for.`);
  if (texts.length > MAX_VALUES) throw badRequest(`"${name}" is given more than ${MAX_VALUES} times.`);
  return texts;
}

function readWhole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw badRequest(
      `"${name}" must be a whole number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}.`,
    );
  }
  return value;
}
