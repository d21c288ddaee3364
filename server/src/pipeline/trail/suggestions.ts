import { searchWords } from '../../domain/search-words.ts';
import type { TrailSuggestion } from '../../domain/trail.ts';
import type { TrailIndex, TrailName } from '../ports/trail-index.ts';
import type { LimitedFilter } from './limited-filter.ts';

/** What a name can have. */
const MAX_WORDS = 32;

/** Names whose words begin as typed. */
export function suggestionsFor(
  index: TrailIndex,
  filter: LimitedFilter,
  q: string,
  kinds: readonly TrailSuggestion['kind'][],
  limit: number,
): readonly TrailSuggestion[] {
  const words = searchWords(q, MAX_WORDS);
  if (words.length === 0) return [];
  const names = index.names(filter, words, kinds.filter(isNamed), limit);
  const types = kinds.includes('eventType') ? index.eventTypes(filter).filter((type) => hasWords(type, words)) : [];
  return [
    ...names.map((name) => ({ ...name, events: null })),
    ...types.map((type) => ({ kind: 'eventType' as const, value: type, label: type, events: null })),
  ].slice(0, limit);
}

function isNamed(kind: TrailSuggestion['kind']): kind is TrailName['kind'] {
  return kind === 'user' || kind === 'app' || kind === 'sheet';
}

function hasWords(text: string, words: readonly string[]): boolean {
  const own = searchWords(text);
  return words.every((word) => own.some((other) => other.startsWith(word)));
}
