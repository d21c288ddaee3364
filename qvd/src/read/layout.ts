import { isUtf8 } from 'node:buffer';
import { QvdError } from '../errors.ts';
import type { QvdField, QvdHeader } from '../header.ts';
import { parseHeader } from './header-parser.ts';
import type { ByteSource } from './source.ts';

const FIRST_READ = 64 * 1024;

/** The header and where in the file the body begins, after the byte 0x00 that ends the header. */
export async function readHeader(
  source: ByteSource,
  maxHeaderBytes: number,
): Promise<{ readonly header: QvdHeader; readonly bodyStart: number }> {
  const pieces: Buffer[] = [];
  let read = 0;
  for (;;) {
    const length = Math.min(Math.max(FIRST_READ, read), source.byteLength - read, maxHeaderBytes - read);
    if (length <= 0) break;
    const piece = await source.read(read, length);
    if (read === 0) refuseForeign(piece);
    const end = piece.indexOf(0);
    pieces.push(end < 0 ? piece : piece.subarray(0, end));
    if (end >= 0) return { header: decodeHeader(Buffer.concat(pieces)), bodyStart: read + end + 1 };
    read += length;
  }
  if (read === 0) throw new QvdError('QVD_NOT_A_QVD', 'the file is empty');
  if (read < source.byteLength) {
    throw new QvdError('QVD_HEADER_TOO_LARGE', `no end of the header within ${maxHeaderBytes} bytes`);
  }
  throw new QvdError('QVD_TRUNCATED', 'the file ends before its header does (no byte 0x00)');
}

function refuseForeign(start: Buffer): void {
  const text = start.toString('latin1', 0, 512).replace(/^\u00ef\u00bb\u00bf/, '');
  if (/^\s*</.test(text)) return;
  throw new QvdError('QVD_NOT_A_QVD', 'the file does not begin with an XML header');
}

function decodeHeader(bytes: Buffer): QvdHeader {
  if (!isUtf8(bytes)) throw new QvdError('QVD_HEADER_INVALID', 'the header is not valid UTF-8');
  return parseHeader(bytes.toString('utf8').replace(/^\uFEFF/, ''));
}

/**
 * Refuses a header that does not fit the body it describes, before anything is read or allocated by its numbers.
 * What passes: every area lies within the file, no two overlap, so all of them together cannot ask for more memory
 * than the file's size warrants, and every field's bits lie within a row and belong to it alone.
 */
export function checkLayout(header: QvdHeader, bodyBytes: number): void {
  if (header.compression !== '') unsupported(`compression (${header.compression.slice(0, 40)})`);
  if (header.encryption !== '') unsupported('encryption');
  const { rowCount, recordByteSize, rowsOffset, rowsLength } = header;
  for (const [name, value] of Object.entries({ rowCount, recordByteSize, rowsOffset, rowsLength })) {
    if (value < 0) damaged(`${name} is negative (${value})`);
  }
  if (rowCount > 0 && recordByteSize === 0) damaged(`${rowCount} rows of 0 bytes`);
  if (rowCount * recordByteSize !== rowsLength) {
    damaged(`${rowCount} rows of ${recordByteSize} bytes do not make the ${rowsLength} bytes of the row table`);
  }
  checkNames(header.fields);
  for (const field of header.fields) checkField(field, header);
  if (rowCount > 0) checkBits(header.fields);
  checkAreas(header, bodyBytes);
}

const SMALLEST_SYMBOL = 2; // an empty text: 04 00

function checkField(field: QvdField, { rowCount, recordByteSize }: QvdHeader): void {
  const { bitOffset, bitWidth, symbolCount, symbolOffset, symbolLength } = field;
  const place = { field: field.name };
  for (const [name, value] of Object.entries({ bitOffset, bitWidth, symbolCount, symbolOffset, symbolLength })) {
    if (value < 0) damaged(`${name} is negative (${value})`, place);
  }
  if (rowCount > 0 && bitWidth > 0 && bitOffset + bitWidth > recordByteSize * 8) {
    damaged(`bits ${bitOffset} to ${bitOffset + bitWidth} lie outside the ${recordByteSize} bytes of a row`, place);
  }
  if (symbolCount * SMALLEST_SYMBOL > symbolLength) {
    damaged(`${symbolCount} symbols do not fit into ${symbolLength} bytes`, place);
  }
}

function checkBits(fields: readonly QvdField[]): void {
  let end = 0;
  const stored = fields.filter(({ bitWidth }) => bitWidth > 0);
  for (const { name, bitOffset, bitWidth } of stored.sort((a, b) => a.bitOffset - b.bitOffset)) {
    if (bitOffset < end) damaged('its bits overlap with those of another field', { field: name });
    end = bitOffset + bitWidth;
  }
}

/** A table of Qlik has no name twice; asked for by its name, such a field would be one of two. */
function checkNames(fields: readonly QvdField[]): void {
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) damaged('another field has the same name', { field: name });
    names.add(name);
  }
}

function checkAreas({ fields, rowsOffset, rowsLength }: QvdHeader, bodyBytes: number): void {
  const areas = [
    { what: 'the row table', place: {}, start: rowsOffset, length: rowsLength },
    ...fields.map((field) => ({
      what: 'the symbols',
      place: { field: field.name },
      start: field.symbolOffset,
      length: field.symbolLength,
    })),
  ].filter((area) => area.length > 0);
  let end = 0;
  for (const area of areas.sort((a, b) => a.start - b.start)) {
    const areaEnd = area.start + area.length;
    if (areaEnd > bodyBytes) {
      const message = `${area.what} should end at ${areaEnd}, but the file has ${bodyBytes} bytes after its header`;
      throw new QvdError('QVD_TRUNCATED', message, area.place);
    }
    if (area.start < end) damaged(`${area.what} overlap with another part of the file`, area.place);
    end = areaEnd;
  }
}

function damaged(problem: string, place: { readonly field?: string } = {}): never {
  throw new QvdError('QVD_LAYOUT', `the header contradicts itself: ${problem}`, place);
}

function unsupported(what: string): never {
  throw new QvdError('QVD_UNSUPPORTED', `the file uses ${what}, which this reader does not know`);
}
