import { membersOf } from '../../../domain/payload-member.ts';
import type { DeliveryRow } from '../../../pipeline/ports/destination.ts';
import type { HttpReply } from '../../shared/influxdb/http-client.ts';
import type { Point } from '../../shared/influxdb/line-protocol.ts';
import { jsonOf, sentenceOf } from '../../shared/influxdb/reply.ts';

/** A row as it is sent. */
export interface SentLine {
  readonly row: DeliveryRow;
  readonly point: Point;
  readonly line: string;
}

export interface RefusedLine {
  readonly line: SentLine;
  readonly reason: string;
}

/** The database has reached a limit of its own: no line is at fault. */
export function isSeriesLimit(reply: HttpReply): boolean {
  return /^[^']*partial write: max-(?:values-per-tag|series-per-database)/.test(sentenceOf(reply));
}

/** How many bytes a text may have, when an answer says that one has more. Nothing that an event says comes before it. */
export function longestText(reply: HttpReply): number | undefined {
  const said =
    /^(?:failure writing points to database: )?partial write: input field "\w+" on [^']* is too long, \d+ > (\d+)/;
  const bytes = said.exec(sentenceOf(reply))?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

/**
 * Which lines an answer of 400 or 422 is about, each for certain; none when it does not tell. Whether the others were
 * stored differs between the versions: they are sent again.
 */
export function refusedLines(reply: HttpReply, sent: readonly SentLine[]): readonly RefusedLine[] {
  const numbered = byNumber(reply, sent);
  if (numbered.length > 0) return numbered;
  const said = sentenceOf(reply);
  const unparsable = sent.filter(({ line }) => said.includes(`unable to parse '${line}'`));
  if (unparsable.length > 0) return unparsable.map((line) => ({ line, reason: reasonBehind(said, line.line) }));
  return dropped(said, sent);
}

/** Version 3: `data` is a list, or one: `{original_line, line_number, error_message}`, counted from 1. */
function byNumber(reply: HttpReply, sent: readonly SentLine[]): readonly RefusedLine[] {
  const { data } = membersOf(jsonOf(reply));
  const errors = Array.isArray(data) ? (data as readonly unknown[]) : [data];
  const found = new Map<SentLine, string>();
  for (const error of errors) {
    const { line_number: number, original_line: original, error_message: reason } = membersOf(error);
    const line = typeof number === 'number' ? sent[number - 1] : undefined;
    if (line === undefined) continue;
    // a number that means something else is worse than none
    if (typeof original === 'string' && !isStartOf(original, line.line)) return [];
    found.set(line, typeof reason === 'string' ? reason : 'no reason given');
  }
  return [...found].map(([line, reason]) => ({ line, reason }));
}

function isStartOf(told: string, line: string): boolean {
  const start = told.replace(/(\.\.\.|…)?\s*$/, '');
  return line.startsWith(start);
}

function reasonBehind(said: string, line: string): string {
  const after = said.slice(said.indexOf(`'${line}'`) + line.length + 2);
  return (after.split('\n')[0] ?? '').replace(/^:\s*/, '').replace(/\s*dropped=\d+$/, '');
}

const CONFLICT =
  /field type conflict: input field "((?:[^"\\]|\\.)*)" on measurement .* is type (\w+), already exists/s;

/** Versions 1 and 2 say how many lines were dropped, and of one of them why. */
function dropped(said: string, sent: readonly SentLine[]): readonly RefusedLine[] {
  const count = Number(/dropped=(\d+)/.exec(said)?.[1] ?? 0);
  if (count === 0) return [];
  const reason = said.replace(/ - oldest point .*$/s, '').replace(/\s*dropped=\d+/, '');
  const conflict = CONFLICT.exec(said);
  if (conflict !== null) {
    const [, name, type] = conflict;
    const having = sent.filter(({ point }) => point.fields.some(([n, { kind }]) => n === name && kind === type));
    return having.length === count ? having.map((line) => ({ line, reason })) : [];
  }
  // what is too far in the future is dropped in the same words, and is not the oldest
  if (!/(beyond|outside) retention policy/.test(said) || said.includes('Upper Bound')) return [];
  const oldest = [...sent].sort((a, b) => (a.point.timeNanoseconds < b.point.timeNanoseconds ? -1 : 1));
  return oldest.slice(0, count).map((line) => ({ line, reason }));
}
