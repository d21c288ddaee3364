import { hash } from 'node:crypto';
import { isUuid } from '../../domain/event-id.ts';
import type { SearchEntry } from '../../pipeline/ports/search-index.ts';
import { TEXT_KINDS, type TextKind } from './search-tables.ts';
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
const MAX_BEGINNING_LETTERS = 2;

/** Letters and digits only, whatever the id is. */
export function transactionKey(id: string): string {
  return isUuid(id) ? id.replaceAll('-', '').toLowerCase() : hash('sha256', id, 'hex').slice(0, 32);
}

/** What the words of one text are in `postings`. */
export interface TextTokens {
  readonly words: readonly string[];
  /** The words and their beginnings as terms. */
  readonly tokens: string;
  /** Its words stand in `words`. */
  isStored: boolean;
}

/** Most events repeat a few names: their words are cut once. A cache that is full begins anew. */
export class TextTokenCache {
  readonly #cached = new Map<string, TextTokens>();

  /** What a person may type to find the event: names, users, selections, and object ids. */
  of({ userId, appName, sheetName, objectId, selectionTexts, isHidden }: SearchEntry): readonly TextTokens[] {
    if (isHidden) return [];
    const found: TextTokens[] = userId === null ? [] : [this.#tokensOf(TEXT_KINDS.user, userId)];
    for (const text of [appName, sheetName, objectId, ...selectionTexts]) {
      if (text !== null) found.push(this.#tokensOf(TEXT_KINDS.object, text));
    }
    return found;
  }

  /** After a transaction that was rolled back, what it stored is not there. */
  forget(): void {
    this.#cached.clear();
  }

  #tokensOf(kind: TextKind, text: string): TextTokens {
    const key = kind === TEXT_KINDS.user ? `u${text}` : `t${text}`;
    const cached = this.#cached.get(key);
    if (cached !== undefined) return cached;
    const words = nameWords(kind, text);
    const beginnings = new Set(words.flatMap(beginningsOf));
    const tokens = [...words.map(wordToken), ...[...beginnings].map(beginningToken)].join(' ');
    const cut: TextTokens = { words, tokens, isStored: false };
    if (text.length > CACHED_LENGTH) return cut;
    if (this.#cached.size >= CACHED_TEXTS) this.#cached.clear();
    this.#cached.set(key, cut);
    return cut;
  }
}

const CACHED_TEXTS = 10_000;
const CACHED_LENGTH = 200;

/** @param ids numbers of the dictionary */
export function tokensOf(entry: SearchEntry, ids: readonly (number | null)[], texts: readonly TextTokens[]): string {
  let tokens = '';
  for (const id of ids) if (id !== null) tokens += `${textToken(id)} `;
  tokens += transactionTokens(entry);
  if (entry.isHidden) return tokens + HIDDEN_TOKEN;
  tokens += `${hourToken(hourOf(entry.time))} ${weekdayToken(weekdayOf(entry.time))}`;
  if (entry.durationMs !== null) tokens += ` ${DURATION_TOKEN}`;
  for (const text of texts) tokens += ` ${text.tokens}`;
  return tokens;
}

/** Its first letter, and its first two. */
function beginningsOf(word: string): readonly string[] {
  const letters = [...word.slice(0, 2 * MAX_BEGINNING_LETTERS)];
  return Array.from({ length: Math.min(MAX_BEGINNING_LETTERS, letters.length) }, (_, i) =>
    letters.slice(0, i + 1).join(''),
  );
}

function transactionTokens({ selectionTxnId, correlationId }: SearchEntry): string {
  if (selectionTxnId !== null && selectionTxnId === correlationId) return `b${transactionKey(selectionTxnId)} `;
  const txn = selectionTxnId === null ? undefined : transactionKey(selectionTxnId);
  const correlation = correlationId === null ? undefined : transactionKey(correlationId);
  if (txn !== undefined && txn === correlation) return `b${txn} `;
  return `${txn === undefined ? '' : `x${txn} `}${correlation === undefined ? '' : `c${correlation} `}`;
}

/** 0 … 23, UTC. */
export function hourOf(time: number): number {
  return Math.floor((time - Math.floor(time / DAY_MS) * DAY_MS) / 3_600_000);
}

/** 1 Monday … 7 Sunday, UTC; 1970-01-01 was a Thursday. */
export function weekdayOf(time: number): number {
  return ((((Math.floor(time / DAY_MS) + 3) % 7) + 7) % 7) + 1;
}

/** Days since 1970-01-01 UTC, of milliseconds. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}
