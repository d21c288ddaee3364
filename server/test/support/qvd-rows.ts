import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { QvdReader, type QvdValue } from 'qvd-codec';
import { runPython } from './external-readers.ts';
import { findTool, PYTHON_READERS } from './external-tools.ts';

/** null, or the class of the symbol with its number or text, and the text that it shows where it has both. */
export type QvdCell = null | readonly [symbol: string, value: number | string, shown?: string];

export interface QvdTableRead {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly QvdCell[])[];
}

const READ = `
import json, sys
from pyqvd import QvdTable
from pyqvd.qvd import DualIntegerValue, DualDoubleValue

def cell(value):
    if value is None:
        return None
    shown = [value.display_value] if isinstance(value, (DualIntegerValue, DualDoubleValue)) else []
    return [type(value).__name__, value.calculation_value] + shown

def read(path):
    table = QvdTable.from_qvd(path)
    return {'columns': table.columns, 'rows': [[cell(value) for value in row] for row in table.data]}

print(json.dumps([read(line) for line in json.loads(sys.argv[1])]))
`;

/** Every cell of QVD files, read by PyQvd, an independent reader: for suites with `skip: skipWithout(PYTHON_READERS)`. */
export function readQvdFiles(paths: readonly string[]): readonly QvdTableRead[] {
  const python = findTool(PYTHON_READERS);
  if (python === undefined) throw new Error('PyQvd is missing');
  return runPython(python, READ, [JSON.stringify(paths)]) as QvdTableRead[];
}

/** The finished files of a folder, by day and part. */
export function qvdFiles(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith('.qvd'));
  const byPart = names.map((name) => ({ name, part: Number(/part(\d+)/.exec(name)?.[1]), day: name.slice(0, 8) }));
  byPart.sort((a, b) => a.day.localeCompare(b.day) || a.part - b.part);
  return byPart.map(({ name }) => join(directory, name));
}

/** One column, read by our own reader: fast, for many files. */
export async function qvdColumn(path: string, name: string): Promise<readonly QvdValue[]> {
  const reader = await QvdReader.open(path);
  try {
    return await reader.column(name);
  } finally {
    await reader.close();
  }
}

/** How often each event id stands in the files of a folder. */
export async function qvdCountsByEventId(directory: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const path of qvdFiles(directory)) {
    for (const id of await qvdColumn(path, 'eventId')) counts.set(String(id), (counts.get(String(id)) ?? 0) + 1);
  }
  return counts;
}
