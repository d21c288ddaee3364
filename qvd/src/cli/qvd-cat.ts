import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { QvdError } from '../errors.ts';
import type { QvdHeader } from '../header.ts';
import { QvdReader } from '../read/reader.ts';
import { cellJson, cellText, escapeControls, jsonText } from './display.ts';
import { Output } from './output.ts';

const HELP = `Usage: qvd-cat FILE [--schema] [--head N] [--json]

Prints a Qlik QVD file: field names, then one row per line, values parted by tabs.

  --schema    describe the table and its fields instead of printing rows
  --head N    print the first N rows only
  --json      one JSON object per row and line; with --schema one JSON document
  --help      print this text

NULL is printed as nothing, an empty text as "", control characters and \\ escaped. Dates and times are shown as
YYYY-MM-DD hh:mm:ss.fff in whatever zone they were written. JSON tells NULL, numbers and texts apart.

Exit status: 0 done (also when the reader of the output goes away), 1 the file cannot be read, 2 wrong usage.
`;

interface Request {
  readonly file: string;
  readonly schema: boolean;
  readonly json: boolean;
  readonly head: number;
}

/** Runs the command; resolves to its exit status. */
export async function main(args: readonly string[], stdout: Writable, stderr: Writable): Promise<0 | 1 | 2> {
  const output = new Output(stdout);
  let request: Request | 'help';
  try {
    request = parseRequest(args);
  } catch (error) {
    stderr.write(`qvd-cat: ${messageOf(error)}\nTry "qvd-cat --help".\n`);
    return 2;
  }
  try {
    if (request === 'help') await output.line(HELP.trimEnd());
    else await print(request, output);
    await output.end();
    return 0;
  } catch (error) {
    if (codeOf(error) === 'EPIPE') return 0;
    await output.flush().catch(() => {}); // the rows before the damaged one
    stderr.write(`qvd-cat: ${escapeControls(messageOf(error))}\n`);
    return 1;
  }
}

function parseRequest(args: readonly string[]): Request | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      schema: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      head: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const [file, ...more] = positionals;
  if (file === undefined) throw new Error('which file?');
  if (more.length > 0) throw new Error(`one file at a time, also given: ${more.join(', ')}`);
  if (values.head !== undefined && !/^\d{1,15}$/.test(values.head)) {
    throw new Error(`--head takes a whole number of rows, not "${values.head}"`);
  }
  const head = values.head === undefined ? Number.POSITIVE_INFINITY : Number(values.head);
  return { file, schema: values.schema, json: values.json, head };
}

async function print(request: Request, output: Output): Promise<void> {
  const reader = await QvdReader.open(request.file);
  try {
    if (request.schema) await printSchema(reader.header, request.json, output);
    else if (request.json) await printJson(reader, request.head, output);
    else await printTable(reader, request.head, output);
  } finally {
    await reader.close();
  }
}

async function printTable(reader: QvdReader, head: number, output: Output): Promise<void> {
  const { fields } = reader.header;
  await output.line(fields.map((field) => escapeControls(field.name)).join('\t'));
  for await (const { rowCount, columns } of reader.batches({ limit: head })) {
    for (let row = 0; row < rowCount; row++) {
      await output.line(fields.map((field, column) => cellText(columns[column]?.[row] ?? null, field)).join('\t'));
    }
  }
}

async function printJson(reader: QvdReader, head: number, output: Output): Promise<void> {
  const { fields } = reader.header;
  const names = fields.map((field) => jsonText(field.name));
  for await (const { rowCount, columns } of reader.batches({ limit: head })) {
    for (let row = 0; row < rowCount; row++) {
      const members = fields.map(
        (field, column) => `${names[column]}:${cellJson(columns[column]?.[row] ?? null, field)}`,
      );
      await output.line(`{${members.join(',')}}`);
    }
  }
}

async function printSchema(header: QvdHeader, json: boolean, output: Output): Promise<void> {
  if (json) {
    await output.line(jsonText(header, 2));
    return;
  }
  const about: [string, string][] = [
    ['table', header.tableName],
    ['rows', String(header.rowCount)],
    ['fields', String(header.fields.length)],
    ['bytes per row', String(header.recordByteSize)],
    ['created (UTC)', header.createdUtc],
    ['creator', header.creator],
    ['comment', header.comment],
    ['tags', header.tableTags.join(' ')],
    ['build', header.buildNumber],
    ...header.lineage.map((source): [string, string] => ['from', `${source.discriminator} ${source.statement}`.trim()]),
  ];
  for (const [name, value] of about) {
    if (value !== '') await output.line(`${name.padEnd(14)} ${escapeControls(value)}`);
  }
  await output.line('');
  const titles = ['field', 'type', 'distinct', 'nulls', 'bits', 'bytes', 'tags', 'format', 'comment'];
  await output.line(titles.join('\t'));
  for (const field of header.fields) {
    const cells = [
      field.name,
      field.numberFormat.type,
      field.symbolCount,
      field.bias < 0 ? 'yes' : 'no',
      field.bitWidth,
      field.symbolLength,
      field.tags.join(' '),
      field.numberFormat.format,
      field.comment,
    ];
    await output.line(cells.map((cell) => escapeControls(String(cell))).join('\t'));
  }
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof QvdError ? `${error.code} ${text}` : text;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
