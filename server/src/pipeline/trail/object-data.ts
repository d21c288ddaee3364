import { membersOf } from '../../domain/payload-member.ts';
import type { TrailObjectData } from '../../domain/trail.ts';

const MAX_ROWS = 1000;
const MAX_COLUMNS = 200;
/** The envelope has all of it. */
const MAX_CELL_LENGTH = 10_000;
type Cell = string | number | null;
type Members = Readonly<Record<string, unknown>>;

/**
 * Object data as a table: columns of values (`dimensions` and `measures`, as Audit.qs sends them), `columns` with `rows`,
 * or a list of objects. Anything else is one cell with its JSON, so nothing that came is out of sight.
 * @param json the column `objectData`
 */
export function objectDataOf(json: string | null): TrailObjectData | null {
  if (json === null) return null;
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return oneCell(json);
  }
  return fromColumns(membersOf(data)) ?? fromRows(membersOf(data)) ?? fromObjects(data) ?? oneCell(json);
}

function fromColumns(data: Members): TrailObjectData | undefined {
  const columns = [...listOf(data.dimensions), ...listOf(data.measures)].map(membersOf).slice(0, MAX_COLUMNS);
  if (columns.length === 0) return undefined;
  const values = columns.map((column) => listOf(column.values));
  const totalRows = values.reduce((most, { length }) => Math.max(most, length), 0);
  const rows = Array.from({ length: Math.min(MAX_ROWS, totalRows) }, (_, i) => values.map((column) => cell(column[i])));
  return { title: titleOf(data), columns: columns.map(labelOf), rows, totalRows };
}

function fromRows(data: Members): TrailObjectData | undefined {
  const rows = listOf(data.rows ?? data.data ?? data.qMatrix);
  if (!rows.every(Array.isArray) || rows.length === 0) return undefined;
  const columns = listOf(data.columns ?? data.headers).map((column) =>
    typeof column === 'string' ? column : labelOf(membersOf(column), 0),
  );
  const width = Math.min(
    MAX_COLUMNS,
    rows.slice(0, MAX_ROWS).reduce<number>((most, row) => Math.max(most, listOf(row).length), columns.length),
  );
  return {
    title: titleOf(data),
    columns: Array.from({ length: width }, (_, i) => columns[i] ?? `Column ${i + 1}`),
    rows: rows.slice(0, MAX_ROWS).map((row) => Array.from({ length: width }, (_, i) => cell(listOf(row)[i]))),
    totalRows: rows.length,
  };
}

function fromObjects(data: unknown): TrailObjectData | undefined {
  const objects = listOf(Array.isArray(data) ? data : membersOf(data).rows);
  if (objects.length === 0 || objects.some((object) => Object.keys(membersOf(object)).length === 0)) return undefined;
  const shown = objects.slice(0, MAX_ROWS).map(membersOf);
  const columns = [...new Set(shown.flatMap(Object.keys))].slice(0, MAX_COLUMNS);
  const rows = shown.map((object) => columns.map((column) => cell(object[column])));
  return { title: titleOf(membersOf(data)), columns, rows, totalRows: objects.length };
}

function oneCell(json: string): TrailObjectData {
  return { title: null, columns: ['JSON'], rows: [[json.slice(0, 100_000).toWellFormed()]], totalRows: 1 };
}

function titleOf({ title, name }: Members): string | null {
  return typeof title === 'string' ? title : typeof name === 'string' ? name : null;
}

function labelOf({ label, fieldName, name, title }: Members, index: number): string {
  const found = [label, fieldName, name, title].find((text) => typeof text === 'string' && text !== '');
  return typeof found === 'string' ? found : `Column ${index + 1}`;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function cell(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return short(value);
  const { qText, text } = membersOf(value);
  if (typeof qText === 'string') return short(qText);
  const other = typeof text === 'string' ? text : JSON.stringify(value);
  return other === undefined ? null : short(other);
}

function short(text: string): string {
  return text.length <= MAX_CELL_LENGTH ? text : `${text.slice(0, MAX_CELL_LENGTH).toWellFormed()}…`;
}
