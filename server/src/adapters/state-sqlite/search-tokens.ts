import { hash } from 'node:crypto';
import { isUuid } from '../../domain/event-id.ts';
import { searchWords } from '../../domain/search-words.ts';
import type { SearchEntry } from '../../pipeline/ports/search-index.ts';
import { TEXT_KINDS } from './search-tables.ts';
import { nameWords } from './text-dictionary.ts';

/**
 * The terms of `postings`. The first letter says what a term is:
 * `k` a text of the dictionary · `w` a word, `p` the first one or two letters of one · `x` selectionTxnId, `c`
 * correlationId, `b` both · `h` hour and `d` weekday (1 Monday) of the time, UTC · `v` has a duration · `z` is hidden.
 */
export const textToken = (id: number): string => `k${id}`;
export const wordToken = (word: string): string => `w${word}`;
export const beginningToken = (letters: string): string => `p${letters}`;
export const hourToken = (hour: number): string => `h${hour}`;
export const weekdayToken = (weekday: number): string => `d${weekday}`;
export const DURATION_TOKEN = 'v';
export const HIDDEN_TOKEN = 'z';

const DAY_MS = 86_400_000;
/** A name of 10,000 characters is found by its first words. */
const MAX_WORDS = 200;
const MAX_BEGINNING_LETTERS = 2;

/** Letters and digits only, whatever the id is. */
export function transactionKey(id: string): string {
  return isUuid(id) ? id.replaceAll('-', '').toLowerCase() : hash('sha256', id, 'hex').slice(0, 32);
}

/** @param ids numbers of the dictionary */
export function tokensOf(entry: SearchEntry, ids: readonly (number | null)[]): string {
  const tokens = ids.filter((id) => id !== null).map(textToken);
  tokens.push(...transactionTokens(entry));
  if (entry.isHidden) return [...tokens, HIDDEN_TOKEN].join(' ');
  tokens.push(hourToken(hourOf(entry.time)), weekdayToken(weekdayOf(entry.time)));
  if (entry.durationMs !== null) tokens.push(DURATION_TOKEN);
  const beginnings = new Set<string>();
  for (const word of wordsOf(entry)) {
    tokens.push(wordToken(word));
    for (const letters of beginningsOf(word)) beginnings.add(beginningToken(letters));
  }
  tokens.push(...beginnings);
  return tokens.join(' ');
}

/** What a person may type to find it: names, users, selections, and object ids. */
export function wordsOf(entry: SearchEntry): ReadonlySet<string> {
  const { userId, appName, sheetName, objectId, selectionTexts, isHidden } = entry;
  if (isHidden) return new Set();
  const words = new Set<string>(userId === null ? [] : nameWords(TEXT_KINDS.user, userId));
  for (const text of [appName, sheetName, objectId, ...selectionTexts]) {
    if (text === null) continue;
    if (words.size >= MAX_WORDS) break;
    for (const word of searchWords(text, MAX_WORDS)) words.add(word);
  }
  return words;
}

/** Its first letter, and its first two. */
export function beginningsOf(word: string): readonly string[] {
  const letters = [...word.slice(0, 2 * MAX_BEGINNING_LETTERS)];
  return Array.from({ length: Math.min(MAX_BEGINNING_LETTERS, letters.length) }, (_, i) =>
    letters.slice(0, i + 1).join(''),
  );
}

function transactionTokens({ selectionTxnId, correlationId }: SearchEntry): readonly string[] {
  const txn = selectionTxnId === null ? undefined : transactionKey(selectionTxnId);
  const correlation = correlationId === null ? undefined : transactionKey(correlationId);
  if (txn !== undefined && txn === correlation) return [`b${txn}`];
  return [...(txn === undefined ? [] : [`x${txn}`]), ...(correlation === undefined ? [] : [`c${correlation}`])];
}

/** 0 … 23, UTC. */
export function hourOf(time: number): number {
  return Math.floor((time - Math.floor(time / DAY_MS) * DAY_MS) / 3_600_000);
}

/** 1 Monday … 7 Sunday, UTC; 1970-01-01 was a Thursday. */
export function weekdayOf(time: number): number {
  return ((((Math.floor(time / DAY_MS) + 3) % 7) + 7) % 7) + 1;
}

export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}
