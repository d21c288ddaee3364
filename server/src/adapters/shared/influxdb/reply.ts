import { CodedError } from '../../../domain/errors.ts';
import { membersOf } from '../../../domain/payload-member.ts';
import type { DeliveryOutcome } from '../../../pipeline/ports/destination.ts';
import type { HttpReply } from './http-client.ts';

/** What stands between us and a write. */
export type Failure = Extract<DeliveryOutcome, { readonly error: CodedError }>;

/** Longer answers are cut in messages. */
const MAX_REASON_CHARACTERS = 500;

export function jsonOf({ text }: Pick<HttpReply, 'text'>): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The sentence of an answer: `error` (1, 3), `message` (2), else its text. */
export function sentenceOf(reply: HttpReply): string {
  const { message, error } = membersOf(jsonOf(reply));
  const said = typeof message === 'string' ? message : typeof error === 'string' ? error : reply.text;
  return said.trim();
}

/** A page, or an error in a success, comes from something else that takes every request: then nothing was written. */
export function isSuccess(reply: HttpReply): boolean {
  const { status, text } = reply;
  if (status < 200 || status >= 300 || text.trimStart().startsWith('<')) return false;
  return text === '' || membersOf(jsonOf(reply)).error === undefined;
}

export interface Asked {
  /** `a write`, for the message. */
  readonly what: string;
  readonly nowMs: number;
  /** Where in the configuration the connection stands. */
  readonly setting: string;
}

/** What an answer that is no success means, whatever was asked. */
export function failureOf(reply: HttpReply, { what, nowMs, setting }: Asked): Failure {
  const { status } = reply;
  const reason = brief(sentenceOf(reply));
  const said = `InfluxDB answered ${what} with ${status}${reason === '' ? '' : ` (${reason})`}.`;
  const context = { status };
  if (status === 401 || status === 403) {
    const advice = `Correct the credentials in ${setting}, or the permissions over there.`;
    return { kind: 'stopped', error: new CodedError('INFLUXDB_ACCESS_DENIED', `${said} ${advice}`, context) };
  }
  const isOther = `Is this InfluxDB, and is ${setting}.version the right one?`;
  if (status === 404) {
    // in plain text it is the path that is unknown
    const message = jsonOf(reply) === undefined ? `${said} ${isOther}` : said;
    return { kind: 'retry', error: new CodedError('INFLUXDB_MISSING', message, context) };
  }
  if (status === 408 || status === 429 || status >= 500) {
    const afterMs = retryAfterMs(reply.retryAfter, nowMs);
    const error = new CodedError('INFLUXDB_FAILED', said, context);
    return { kind: 'retry', error, ...(afterMs === undefined ? {} : { afterMs }) };
  }
  if (status === 400 || status === 413 || status === 422) {
    return { kind: 'refused', error: new CodedError('INFLUXDB_REFUSED', said, context) };
  }
  const where = reply.location === undefined ? '' : ` It points to ${brief(reply.location)}.`;
  return { kind: 'stopped', error: new CodedError('INFLUXDB_FAILED', `${said} ${isOther}${where}`, context) };
}

export function brief(text: string): string {
  return text.length <= MAX_REASON_CHARACTERS ? text : `${text.slice(0, MAX_REASON_CHARACTERS)}…`;
}

/** Seconds, or an HTTP date. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const at = /^\s*\d+(\.\d+)?\s*$/.test(value) ? nowMs + Number(value) * 1000 : Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
