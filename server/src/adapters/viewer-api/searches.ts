import type { ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { Looks } from '../../pipeline/trail/looks.ts';

/** Sessions are fewer. */
const MAX_REMEMBERED = 5000;
/** How an answer is cut or drawn, not what was asked for. */
const FORM = new Set(['limit', 'format', 'buckets', 'cursor', 'lastEventId']);

/**
 * What somebody searched for. A page that follows, and the bars over a list, belong to the search of this session that
 * they repeat; asked for by themselves, they are searches as well.
 */
export class Searches {
  readonly #looks: Looks;
  /** Per session its latest search. */
  readonly #latest = new Map<string, string>();

  constructor(looks: Looks) {
    this.#looks = looks;
  }

  /** @param isBeside shows no more than the list with the same filter does */
  note(session: ViewerSession, what: string, params: URLSearchParams, name: string, isBeside: boolean): void {
    const follows = isBeside || params.has('cursor');
    const filter = filterOf(params, name);
    const search = `${isBeside ? 'events' : what} ${JSON.stringify(filter)}`;
    if (follows && this.#latest.get(session.id) === search) return;
    if (!follows) this.#remember(session.id, search);
    const { q, ...others } = filter;
    const alike = `${isBeside ? 'events' : what} ${JSON.stringify(others)}`;
    this.#looks.note(session, 'searched', { what, filter }, { alike, typed: typeof q === 'string' ? q : '', isBeside });
  }

  #remember(session: string, search: string): void {
    if (this.#latest.size >= MAX_REMEMBERED) this.#latest.clear();
    this.#latest.set(session, search);
  }
}

/** A filter in a record: a text, or of several values a list, since a value may hold any sign. */
type AskedFilter = Readonly<Record<string, string | readonly string[]>>;

/** The filter as it was asked, all of it, for the record of who looked. */
export function filterFacts(params: URLSearchParams): { readonly filter: AskedFilter } {
  return { filter: filterOf(params, '') };
}

function filterOf(params: URLSearchParams, name: string): AskedFilter {
  const names = [...new Set(params.keys())].filter((key) => !FORM.has(key));
  const filter = names.map((key): [string, string | readonly string[]] => {
    const values = params.getAll(key);
    if (key === 'q') return [key, values.join(' ')];
    return [key, values.length === 1 ? (values[0] ?? '') : values];
  });
  return Object.fromEntries(name === '' ? filter : [...filter, ['name', name]]);
}
