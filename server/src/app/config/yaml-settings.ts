import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { emptyMapping, type MappingSetting, type Place, type Problem, problem, type Setting } from './setting.ts';
import { NO_ANCHOR, syntaxFaults } from './yaml-faults.ts';

/** More nodes than any configuration has: what `&a [*b, *b]` bombs grow to. */
const MAX_SETTINGS = 100_000;
const MAX_DEPTH = 100;
const OTHER_BLANKS =
  'expected common spaces around a key, found others (such as U+00A0, from a web page); type them again';

export interface ParsedSettings {
  readonly settings: MappingSetting;
  readonly problems: readonly Problem[];
}

/**
 * Reads YAML (or JSON, which is YAML) into settings that know their place. Never throws; whatever is wrong is among the
 * problems. A text with nothing in it is an empty mapping.
 */
export function parseSettings(text: string): ParsedSettings {
  const lines = new LineCounter();
  const start: Place = { path: '', line: 1, column: 1 };
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
  } catch {
    return {
      settings: emptyMapping(start),
      problems: [problem(start, 'expected YAML, found a text too deep to read')],
    };
  }
  const [document, second] = [...documents];
  if (document === undefined) return { settings: emptyMapping(start), problems: [] };
  const place = (offset: number, path: string): Place => {
    const { line, col } = lines.linePos(offset);
    return { path, line, column: col };
  };
  const faults: Problem[] = syntaxFaults(document, text, (offset) => lines.linePos(offset).line).map((fault) =>
    problem(place(fault.at, ''), fault.message),
  );
  if (second !== undefined) {
    const at = place(second.range?.[0] ?? 0, '');
    faults.push(problem(at, 'expected one YAML document, found another one after "---" or "..."'));
  }
  if (faults.length > 0) return { settings: emptyMapping(start), problems: faults };

  const reader = new SettingReader(place, (node) => (isAlias(node) ? node.resolve(document) : node));
  const settings = document.contents === null ? emptyMapping(start) : reader.read(document.contents, '', 0);
  if (isNothing(settings)) return { settings: emptyMapping(start), problems: reader.problems };
  if (settings.kind === 'mapping') return { settings, problems: reader.problems };
  const kind = settings.kind === 'list' ? 'a list' : 'a single value';
  return {
    settings: emptyMapping(start),
    problems: [...reader.problems, problem(settings, `expected a mapping with the key "Butler-SOS", found ${kind}`)],
  };
}

function isNothing(setting: Setting): boolean {
  return setting.kind === 'scalar' && setting.value === null;
}

class SettingReader {
  readonly problems: Problem[] = [];
  readonly #place: (offset: number, path: string) => Place;
  readonly #resolve: (node: Node) => Node | undefined;
  #count = 0;

  constructor(place: (offset: number, path: string) => Place, resolve: (node: Node) => Node | undefined) {
    this.#place = place;
    this.#resolve = resolve;
  }

  /** `written`: for values behind an alias, the place of the alias, where a person would look. */
  read(given: Node, path: string, depth: number, written?: Place): Setting {
    const at = written ?? this.#place(given.range?.[0] ?? 0, path);
    const here: Place = { ...at, path };
    const node = this.#resolve(given);
    const below = isAlias(given) ? here : written;
    if (node === undefined) this.problems.push(problem(here, NO_ANCHOR));
    if (++this.#count > MAX_SETTINGS || depth > MAX_DEPTH) {
      if (this.problems.length === 0) {
        this.problems.push(
          problem({ ...here, path: '' }, 'expected a configuration, found aliases or nesting without an end'),
        );
      }
      return { kind: 'scalar', ...here, value: null };
    }
    if (isMap(node)) return this.#mapping(node.items, here, depth, below);
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.read(item as Node, `${path}[${i}]`, depth + 1, below));
      return { kind: 'list', ...here, items };
    }
    return { kind: 'scalar', ...here, value: scalarOf(node) };
  }

  #mapping(pairs: readonly { key: unknown; value: unknown }[], here: Place, depth: number, below?: Place): Setting {
    const mapping = emptyMapping(here);
    const merged: Setting[] = [];
    for (const { key, value } of pairs) {
      const keyNode = key as Node;
      const keyAt = below ?? this.#place(keyNode.range?.[0] ?? 0, here.path);
      if (!isScalar(keyNode)) {
        this.problems.push(problem(keyAt, 'expected a key that is a text, found a mapping or a list'));
        continue;
      }
      if (isMergeKey(keyNode)) {
        merged.push(this.read(value as Node, here.path, depth + 1, keyAt));
        continue;
      }
      const name = String(keyNode.value ?? '');
      // YAML indents with the common space only: such a line would be a section of its own that nobody reads
      if (keyNode.type === 'PLAIN' && name.trim() !== name) this.problems.push(problem(keyAt, OTHER_BLANKS));
      const path = here.path === '' ? name : `${here.path}.${name}`;
      // A key with nothing behind it stands where its key stands.
      const setting: Setting =
        value === null || (isScalar(value) && value.value === null)
          ? { kind: 'scalar', ...keyAt, path, value: null }
          : this.read(value as Node, path, depth + 1, below);
      mapping.entries.set(name, { ...setting, line: keyAt.line, column: keyAt.column });
    }
    for (const source of merged.flatMap((one) => (one.kind === 'list' ? one.items : [one]))) {
      if (source.kind !== 'mapping') {
        this.problems.push(problem(source, 'expected a mapping behind "<<", found something else'));
        continue;
      }
      for (const [name, setting] of source.entries) if (!mapping.entries.has(name)) mapping.entries.set(name, setting);
    }
    return mapping;
  }
}

/** `<<` without quotes. With `merge: true` the package gives such a key the value of a symbol or the text itself. */
function isMergeKey(key: { readonly value: unknown; readonly type?: string | undefined }): boolean {
  return typeof key.value === 'symbol' || (key.value === '<<' && (key.type === undefined || key.type === 'PLAIN'));
}

function scalarOf(node: Node | undefined): string | number | boolean | null {
  if (!isScalar(node)) return null;
  const value = node.value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'bigint' ? Number(value) : null;
}
