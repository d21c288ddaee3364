import { QvdError } from '../errors.ts';
import type { QvdField, QvdHeader } from '../header.ts';

/** The header as Qlik lays it out: elements in its order, two spaces per level, CRLF, and no byte 0x00 yet. */
export function encodeHeader(header: QvdHeader): Buffer {
  const lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', '<QvdTableHeader>'];
  const add = (level: number, name: string, value: string | number): void => {
    lines.push(`${'  '.repeat(level)}<${name}>${escapeText(String(value))}</${name}>`);
  };
  const group = (level: number, name: string, inside: () => void): void => {
    const before = lines.push(`${'  '.repeat(level)}<${name}>`);
    inside();
    if (lines.length === before) lines[before - 1] = `${'  '.repeat(level)}<${name}></${name}>`;
    else lines.push(`${'  '.repeat(level)}</${name}>`);
  };
  add(1, 'QvBuildNo', header.buildNumber);
  add(1, 'CreatorDoc', header.creator);
  add(1, 'CreateUtcTime', header.createdUtc);
  add(1, 'SourceCreateUtcTime', header.sourceCreatedUtc);
  add(1, 'SourceFileUtcTime', header.sourceFileUtc);
  add(1, 'SourceFileSize', header.sourceFileSize);
  add(1, 'StaleUtcTime', header.staleUtc);
  add(1, 'TableName', header.tableName);
  group(1, 'Fields', () => {
    for (const field of header.fields) group(2, 'QvdFieldHeader', () => addField(field, add, group));
  });
  add(1, 'Compression', header.compression);
  add(1, 'RecordByteSize', header.recordByteSize);
  add(1, 'NoOfRecords', header.rowCount);
  add(1, 'Offset', header.rowsOffset);
  add(1, 'Length', header.rowsLength);
  group(1, 'Lineage', () => {
    for (const source of header.lineage) {
      group(2, 'LineageInfo', () => {
        add(3, 'Discriminator', source.discriminator);
        add(3, 'Statement', source.statement);
      });
    }
  });
  add(1, 'Comment', header.comment);
  add(1, 'EncryptionInfo', header.encryption);
  group(1, 'TableTags', () => {
    for (const tag of header.tableTags) add(2, 'String', tag);
  });
  add(1, 'ProfilingData', '');
  lines.push('</QvdTableHeader>', '');
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

type Add = (level: number, name: string, value: string | number) => void;
type Group = (level: number, name: string, inside: () => void) => void;

function addField(field: QvdField, add: Add, group: Group): void {
  add(3, 'FieldName', field.name);
  add(3, 'BitOffset', field.bitOffset);
  add(3, 'BitWidth', field.bitWidth);
  add(3, 'Bias', field.bias);
  group(3, 'NumberFormat', () => {
    add(4, 'Type', field.numberFormat.type);
    add(4, 'nDec', field.numberFormat.decimals);
    add(4, 'UseThou', field.numberFormat.useThousands);
    add(4, 'Fmt', field.numberFormat.format);
    add(4, 'Dec', field.numberFormat.decimalSeparator);
    add(4, 'Thou', field.numberFormat.thousandsSeparator);
  });
  add(3, 'NoOfSymbols', field.symbolCount);
  add(3, 'Offset', field.symbolOffset);
  add(3, 'Length', field.symbolLength);
  add(3, 'Comment', field.comment);
  group(3, 'Tags', () => {
    for (const tag of field.tags) add(4, 'String', tag);
  });
}

// What XML 1.0 has no way to write, not even escaped. The flag makes a lone surrogate a character of its own.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u;

/** Refuses text that an XML header cannot hold. `what` names it for the message. */
export function checkHeaderText(text: string, what: string): void {
  const found = NOT_XML.exec(text);
  if (found === null) return;
  const code = text.charCodeAt(found.index).toString(16).toUpperCase().padStart(4, '0');
  throw new QvdError('QVD_SCHEMA_INVALID', `${what} contains U+${code}, which an XML header cannot hold`);
}

// A bare carriage return would come back from any XML parser as a line feed.
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character);
}
