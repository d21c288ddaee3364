import { useEffect, useRef, useState } from 'preact/hooks';
import type { TrailEvent, TrailPage, TrailSuggestion } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { type Filter, withValue } from '../../filter/filter.ts';
import { rangeLabel } from '../../filter/range-label.ts';
import { type Understood, understand } from '../../filter/understand.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { listOf, nameOf, rememberName, rememberNames } from '../../parts/known-names.ts';
import { Name } from '../../parts/names.tsx';
import { eventIdAddress, transactionAddress } from '../../routing/addresses.ts';
import { navigate } from '../../routing/location.tsx';
import { useSession } from '../../shell/session.ts';
import { formats } from '../../text/reader.ts';

interface SearchBoxProps {
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

const PAUSE_MS = 120;
const KIND_ICONS: Readonly<Record<TrailSuggestion['kind'], IconName>> = {
  user: 'user',
  app: 'app',
  sheet: 'sheet',
  eventType: 'filter',
  event: 'event',
  transaction: 'transaction',
};
const KIND_LABELS: Readonly<Record<TrailSuggestion['kind'], string>> = {
  user: 'User',
  app: 'App',
  sheet: 'Sheet',
  eventType: 'Kind',
  event: 'Event',
  transaction: 'Transaction',
};

/** What was typed and not yet asked for when the session ended. Of one reader: it is not shown to the next. */
let unasked = { by: '', text: '' };

/** One box for names, words, ids and dates; a combobox in the sense of ARIA. */
export function SearchBox({ filter, change }: SearchBoxProps) {
  const by = useSession().name;
  const [text, show] = useState(unasked.by === by && unasked.text !== '' ? unasked.text : filter.q);
  const setText = (next: string) => {
    unasked = { by, text: '' };
    show(next);
  };
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  // going back changes the address under the box
  useEffect(
    () => () => {
      // whoever goes elsewhere has left it; when a session ends, the address stays
      if (location.pathname !== '/') unasked = { by, text: '' };
    },
    [],
  );
  const shownFilter = useRef(filter.q);
  useEffect(() => {
    if (shownFilter.current !== filter.q) setText(filter.q);
    shownFilter.current = filter.q;
  }, [filter.q]);
  const understood = understand(text, Date.now(), formats.locales);
  const suggestions = useSuggestions(isOpen ? (understood.id ?? understood.words) : '');
  const submit = async () => {
    setOpen(false);
    if (understood.id !== null) {
      if (await openById(understood.id)) return;
      const shared = await sharedId(understood.id);
      if (shared !== undefined) {
        setText('');
        return change(withValue({ ...filter, q: '' }, shared.list, shared.value));
      }
    }
    change(applied(filter, understood, text));
    setText(understood.id ?? understood.words);
  };
  const choose = (suggestion: TrailSuggestion) => {
    setOpen(false);
    if (suggestion.kind === 'event') return navigate(eventIdAddress(suggestion.value));
    if (suggestion.kind === 'transaction') return navigate(transactionAddress(suggestion.value));
    const list = listOf(suggestion.kind);
    if (list === undefined) return;
    rememberName(list, suggestion.value, suggestion.label);
    setText('');
    const range = understood.range ?? filter.range;
    change(withValue({ ...filter, q: '', range }, list, suggestion.value));
  };
  const isListOpen = isOpen && text.trim() !== '';
  const handleKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      const chosen = isListOpen ? suggestions[active - 1] : undefined;
      if (chosen === undefined) submit();
      else choose(chosen);
    } else if (event.key === 'Escape') {
      if (isListOpen) setOpen(false);
      else input.current?.blur();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (isListOpen) setActive((active + step + suggestions.length + 1) % (suggestions.length + 1));
      else if (step === 1) document.querySelector<HTMLElement>('.event-list a')?.focus();
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a search element is not known to every browser that we support
    <div class="search-box" role="search">
      <Icon name="search" size={19} />
      <input
        ref={input}
        id="search-box"
        type="text"
        role="combobox"
        aria-label="Search names, selections, ids and dates"
        aria-expanded={isListOpen}
        aria-controls="suggestions"
        aria-autocomplete="list"
        aria-activedescendant={isListOpen ? `suggestion-${active}` : undefined}
        placeholder="Search people, apps, selections, ids, “yesterday”…"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        maxLength={500}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          unasked = { by, text: event.currentTarget.value };
          setActive(0);
          setOpen(true);
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={handleKey}
      />
      {text === '' ? (
        <kbd>/</kbd>
      ) : (
        <button
          type="button"
          class="button-quiet"
          aria-label="Clear the search text"
          onClick={() => {
            setText('');
            if (filter.q !== '') change({ ...filter, q: '' });
            input.current?.focus();
          }}
        >
          <Icon name="close" size={16} />
        </button>
      )}
      {isListOpen && (
        <div
          class="suggestions"
          id="suggestions"
          role="listbox"
          aria-label="Suggestions"
          onMouseDown={(event) => event.preventDefault()}
        >
          <Option at={0} active={active} icon="search" choose={submit}>
            <Meaning understood={understood} />
          </Option>
          {suggestions.map((suggestion, at) => (
            <Option
              key={suggestion.kind + suggestion.value}
              at={at + 1}
              active={active}
              icon={KIND_ICONS[suggestion.kind]}
              choose={() => choose(suggestion)}
              note={suggestion.events === null ? undefined : `${formats.number(suggestion.events)} events`}
            >
              <span class="suggestion-kind">{KIND_LABELS[suggestion.kind]}</span>
              <Name text={labelOf(suggestion)} />
            </Option>
          ))}
        </div>
      )}
    </div>
  );
}

interface OptionProps {
  readonly at: number;
  readonly active: number;
  readonly icon: IconName;
  readonly choose: () => void;
  readonly note?: string | undefined;
  readonly children: preact.ComponentChildren;
}

function Option({ at, active, icon, choose, note, children }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the box handles the keys
    <div
      id={`suggestion-${at}`}
      class="suggestion"
      role="option"
      tabIndex={-1}
      aria-selected={at === active}
      onClick={choose}
    >
      <Icon name={icon} size={17} />
      <span class="suggestion-text">{children}</span>
      {note !== undefined && <span class="muted small">{note}</span>}
      {at === active && <kbd>↵</kbd>}
    </div>
  );
}

/** What Enter would do. */
function Meaning({ understood }: { readonly understood: Understood }) {
  const { id, words, range, lists } = understood;
  if (id !== null) return <>Open what has this id</>;
  return (
    <>
      {words === '' ? 'Show' : 'Search for '}
      {words !== '' && (
        <strong>
          <Name text={words} />
        </strong>
      )}
      {lists.map(([name, value]) => (
        <span class="pill" key={name + value}>
          <Name text={nameOf(name, value)} />
        </span>
      ))}
      {range !== null && <span class="pill">{rangeLabel(range, formats)}</span>}
    </>
  );
}

function applied(filter: Filter, { words, range, lists, id }: Understood, text: string): Filter {
  if (id !== null) return { ...filter, q: text.trim() };
  const withLists = lists.reduce((sum, [name, value]) => withValue(sum, name, value), filter);
  return { ...withLists, q: words, range: range ?? filter.range };
}

/** True when an event or a transaction has this id. */
async function openById(id: string): Promise<boolean> {
  const { items } = await suggest(id).catch(() => ({ items: [] as readonly TrailSuggestion[] }));
  const found = items.find(
    ({ kind, value }) => (kind === 'event' || kind === 'transaction') && value.toLowerCase() === id,
  );
  if (found === undefined) return false;
  navigate(found.kind === 'event' ? eventIdAddress(found.value) : transactionAddress(found.value));
  return true;
}

const SHARED_IDS = ['appId', 'sheetId', 'objectId', 'correlationId'] as const;

/** The filter for an id that many events may have: of an app, a sheet, an object. */
async function sharedId(id: string) {
  const query = new URLSearchParams({ q: id, limit: '1' });
  const page = await get<TrailPage<TrailEvent>>('events', query).catch(() => undefined);
  const event = page?.items[0];
  if (event === undefined) return undefined;
  rememberNames([event]);
  const list = SHARED_IDS.find((name) => event[name]?.toLowerCase() === id);
  return list === undefined ? undefined : { list, value: event[list] ?? id };
}

function suggest(text: string, signal?: AbortSignal): Promise<{ readonly items: readonly TrailSuggestion[] }> {
  return get('suggest', new URLSearchParams({ q: text }), signal);
}

/** Users of one name are told apart; of an app the name that was found, which may be a former one. */
function labelOf({ kind, value, label }: TrailSuggestion): string {
  return kind === 'eventType' || kind === 'user' ? nameOf(kind, value) : label;
}

function useSuggestions(text: string): readonly TrailSuggestion[] {
  const [found, setFound] = useState<{ readonly text: string; readonly items: readonly TrailSuggestion[] }>();
  const wanted = text.trim();
  useEffect(() => {
    if (wanted === '') return;
    const aborted = new AbortController();
    const timer = setTimeout(() => {
      suggest(wanted, aborted.signal).then(
        ({ items }) => {
          for (const { kind, value, label } of items) if (kind === 'user') rememberName(kind, value, label);
          setFound({ text: wanted, items });
        },
        () => setFound({ text: wanted, items: [] }),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      aborted.abort();
    };
  }, [wanted]);
  return wanted !== '' && found !== undefined && wanted.startsWith(found.text) ? found.items : [];
}
