/** One LOAD of a script, as far as a test can understand it. */
export interface Load {
  /** Its table; undefined where a preceding load takes it over. */
  readonly table: string | undefined;
  readonly items: readonly LoadItem[];
  /** `*` of an inline table: its columns. */
  readonly source: 'qvd' | 'resident' | 'inline' | 'autogenerate' | 'following';
  readonly resident?: string;
  /** What stands behind WHERE. */
  readonly where?: string;
}

export interface LoadItem {
  readonly expression: string;
  readonly name: string;
}

export interface Script {
  readonly loads: readonly Load[];
  /** The tables that are left at the end, with their fields. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the part of Qlik's script language that our scripts use. @throws Error for what it does not know */
export function readScript(text: string): Script {
  const loads: Load[] = [];
  const tables = new Map<string, Set<string>>();
  let pending: readonly LoadItem[] | undefined;
  let label: string | undefined;
  for (const statement of statementsOf(text)) {
    const dropped = /^DROP (FIELDS?|TABLE) (.+?)(?: FROM (\w+))?$/i.exec(statement);
    if (dropped !== null) {
      const names = (dropped[2] ?? '').split(/,\s*/);
      if (/^TABLE$/i.test(dropped[1] ?? '')) for (const name of names) remove(tables, name);
      else
        for (const name of names) if (!tables.get(dropped[3] ?? '')?.delete(name)) throw new Error(`no field ${name}`);
      continue;
    }
    if (/^LET \w+ = /.test(statement)) continue;
    const [, table, into, body] = /^(?:(\w+):\s*)?(?:CONCATENATE \((\w+)\)\s*)?LOAD ([\s\S]+)$/i.exec(statement) ?? [];
    if (body === undefined) throw new Error(`not understood: ${statement}`);
    label = table ?? into ?? label;
    const load = loadOf(body, label);
    loads.push(load);
    if (load.source === 'following') {
      pending = load.items;
      continue;
    }
    const fields = tables.get(label ?? '') ?? new Set();
    for (const { name } of pending ?? load.items) fields.add(name);
    tables.set(label ?? '', fields);
    pending = undefined;
  }
  return { loads, tables };
}

function remove(tables: Map<string, unknown>, name: string): void {
  if (!tables.delete(name)) throw new Error(`no table ${name}`);
}

/** Without comments and the IF around some of them. */
function statementsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (const [token] of text.matchAll(/'(?:[^']|'')*'|\[[^\]]*\]|\/\/.*$|;|[\s\S]/gm)) {
    if (token.startsWith('//')) continue;
    if (token !== ';') {
      part += token;
      continue;
    }
    parts.push(part);
    part = '';
  }
  return [...parts, part]
    .map((statement) =>
      statement
        .trim()
        .replace(/^IF .+? THEN\s+/s, '')
        .replace(/^END IF$/, ''),
    )
    .filter((statement) => statement !== '');
}

function loadOf(body: string, table: string | undefined): Load {
  const inline = /^\* INLINE \[\s*([^\]]*)\]$/i.exec(body);
  if (inline !== null) {
    const [header = ''] = (inline[1] ?? '').split('\n');
    const items = header.split(',').map((name) => ({ expression: name.trim(), name: name.trim() }));
    return { table, items, source: 'inline' };
  }
  const [, list = '', rest = ''] =
    /^([\s\S]*?)(?:\s(FROM \[[\s\S]+|RESIDENT [\s\S]+|AUTOGENERATE [\s\S]+))?$/.exec(body) ?? [];
  const items = splitAtCommas(list).map((item) => {
    const [, expression = item, name = item] = /^([\s\S]+) AS (\w+)$/i.exec(item) ?? [];
    return { expression, name };
  });
  const [, where] = /\sWHERE ([\s\S]+)$/.exec(rest) ?? [];
  const more = where === undefined ? {} : { where };
  if (rest === '') return { table, items, source: 'following' };
  if (rest.startsWith('AUTOGENERATE')) return { table, items, source: 'autogenerate' };
  const [, resident] = /^RESIDENT (\w+)/.exec(rest) ?? [];
  if (resident !== undefined) return { table, items, source: 'resident', resident, ...more };
  if (!/^FROM \[\$\(vAuditFiles\)\] \(qvd\)/.test(rest)) throw new Error(`not understood: ${rest}`);
  return { table, items, source: 'qvd', ...more };
}

function splitAtCommas(list: string): readonly string[] {
  const items: string[] = [''];
  let depth = 0;
  for (const [token] of list.matchAll(/'(?:[^']|'')*'|[\s\S]/g)) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === ',' && depth === 0) items.push('');
    else items[items.length - 1] += token;
  }
  if (depth !== 0) throw new Error(`parentheses do not match: ${list}`);
  return items.map((item) => item.trim());
}

/** Names in an expression that are neither functions nor texts. */
export function fieldsIn(expression: string): readonly string[] {
  const bare = expression.replace(/'(?:[^']|'')*'/g, "''");
  return [...bare.matchAll(/\b([a-zA-Z_]\w*)\b(?!\s*#?\()/g)]
    .map(([name]) => name)
    .filter((name) => !/^(AND|OR|NOT)$/i.test(name));
}
