/** A value of the configuration file together with where it stands, so that every message can say so. */
export type Setting = MappingSetting | ListSetting | ScalarSetting;

export interface Place {
  /** As written in the file, also after the setting was moved to another shape. */
  readonly path: string;
  /** From 1; 0 for what is not in the file. */
  readonly line: number;
  readonly column: number;
}

export interface MappingSetting extends Place {
  readonly kind: 'mapping';
  readonly entries: Map<string, Setting>;
}

export interface ListSetting extends Place {
  readonly kind: 'list';
  readonly items: Setting[];
}

export interface ScalarSetting extends Place {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
}

/** Something wrong in the file. `message` never holds the value of a secret. */
export interface Problem extends Place {
  readonly message: string;
}

export function problem(place: Place, message: string): Problem {
  return { path: place.path, line: place.line, column: place.column, message };
}

export function emptyMapping(place: Place): MappingSetting {
  return { kind: 'mapping', path: place.path, line: place.line, column: place.column, entries: new Map() };
}

/** The setting at a path of keys below `from`, or undefined. List items go by their index. */
export function settingAt(from: Setting, keys: readonly string[]): Setting | undefined {
  let at: Setting | undefined = from;
  for (const key of keys) {
    if (at?.kind === 'mapping') at = at.entries.get(key);
    else if (at?.kind === 'list') at = at.items[Number(key)];
    else return undefined;
  }
  return at;
}

/** Plain data. Mappings have no prototype, so that a key such as `__proto__` is a key like any other. */
export function plainValue(setting: Setting): unknown {
  if (setting.kind === 'scalar') return setting.value;
  if (setting.kind === 'list') return setting.items.map(plainValue);
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, value] of setting.entries) plain[key] = plainValue(value);
  return plain;
}

/** What people would call it, without its contents. */
export function kindName(setting: Setting): string {
  if (setting.kind !== 'scalar') return setting.kind === 'mapping' ? 'a mapping' : 'a list';
  if (setting.value === null) return 'nothing';
  if (typeof setting.value === 'string') return 'a text';
  return typeof setting.value === 'number' ? 'a number' : 'true or false';
}
