import type { ListName, Range } from './filter.ts';
import { dateWords, readPeriod } from './periods.ts';

/** What a person meant by the text of the search box. */
export interface Understood {
  /** The words that are left, for the full-text search. */
  readonly words: string;
  readonly range: Range | null;
  /** A UUID that stands alone: of an event, a transaction, or anything. */
  readonly id: string | null;
  readonly lists: readonly (readonly [name: ListName, value: string])[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `user:anna`, `type:"…"`: the words people may write before a colon. */
const KEYS: Readonly<Record<string, ListName>> = {
  user: 'user',
  type: 'eventType',
  app: 'appId',
  sheet: 'sheetId',
  object: 'objectId',
  transaction: 'selectionTxnId',
  txn: 'selectionTxnId',
  correlation: 'correlationId',
};

/** Longest first, so that `last 3 days` is not read as `3`. */
const MOST_DATE_WORDS = 7;

/**
 * Takes dates and `key:value` pairs out of a text; what remains are words to search for.
 * @param locales for the names of months and days, beside the English ones
 */
export function understand(text: string, nowMs: number, locales: readonly string[]): Understood {
  const trimmed = text.trim();
  if (UUID.test(trimmed)) return { words: '', range: null, id: trimmed.toLowerCase(), lists: [] };
  const lists: [ListName, string][] = [];
  const rest = trimmed.replace(/(?:^|\s)([a-z]+):(?:"([^"]+)"|(\S+))/gi, (whole, key: string, quoted, plain) => {
    const name = Object.hasOwn(KEYS, key.toLowerCase()) ? KEYS[key.toLowerCase()] : undefined;
    if (name === undefined) return whole;
    lists.push([name, quoted ?? plain]);
    return ' ';
  });
  const tokens = rest.split(/\s+/).filter((token) => token !== '');
  const found = findPeriod(tokens, nowMs, locales);
  if (found === undefined) return { words: tokens.join(' '), range: null, id: null, lists };
  const words = [...tokens.slice(0, found.start), ...tokens.slice(found.end)].join(' ');
  const { from, to } = found.period;
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return { words, range: { kind: 'between', from: iso(from), to: iso(to) }, id: null, lists };
}

function findPeriod(tokens: readonly string[], nowMs: number, locales: readonly string[]) {
  const names = dateWords(locales);
  for (let length = Math.min(MOST_DATE_WORDS, tokens.length); length > 0; length--) {
    for (let start = 0; start + length <= tokens.length; start++) {
      const period = readPeriod(tokens.slice(start, start + length).join(' '), nowMs, names);
      if (period !== undefined) return { start, end: start + length, period };
    }
  }
  return undefined;
}
