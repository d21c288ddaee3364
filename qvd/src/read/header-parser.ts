import { QvdError } from '../errors.ts';
import type { QvdField, QvdHeader, QvdLineage } from '../header.ts';
import { scanXml } from './xml.ts';

/** The texts of one element's known children, by element name. */
type Texts = Map<string, string>;

interface FieldTexts {
  readonly texts: Texts;
  readonly format: Texts;
  readonly tags: string[];
}

const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));
const ROOT_TEXTS = names(
  'QvBuildNo CreatorDoc CreateUtcTime SourceCreateUtcTime SourceFileUtcTime SourceFileSize StaleUtcTime TableName ' +
    'Compression RecordByteSize NoOfRecords Offset Length Comment EncryptionInfo',
);
const FIELD_TEXTS = names('FieldName BitOffset BitWidth Bias NoOfSymbols Offset Length Comment');
const FORMAT_TEXTS = names('Type nDec UseThou Fmt Dec Thou');
const LINEAGE_TEXTS = names('Discriminator Statement');

const ROOT = 'QvdTableHeader';
const FIELD = `${ROOT}/Fields/QvdFieldHeader`;
const ENCRYPTION = `${ROOT}/EncryptionInfo`;
const LINEAGE = `${ROOT}/Lineage/LineageInfo`;

/**
 * The header of a QVD file. Elements may come in any order, unknown ones are passed over, and those that only
 * describe may be missing; what is needed to find the data may not.
 * @throws {QvdError} QVD_HEADER_XML, QVD_HEADER_INVALID
 */
export function parseHeader(xml: string): QvdHeader {
  const declared = /^<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)["']/.exec(xml)?.[1];
  if (declared !== undefined && !/^(utf-?8|us-ascii)$/i.test(declared)) {
    throw new QvdError('QVD_HEADER_INVALID', `the header says it is ${declared}; only UTF-8 is known`);
  }
  const reader = new HeaderReader();
  scanXml(xml, reader);
  return reader.header();
}

/** Collects the texts of the elements that are known, each at its place. */
class HeaderReader {
  /** Of the open elements, each with its parents: made once, however many children an element has. */
  readonly #paths: string[] = [];
  #text = '';
  #encryption = '';
  readonly #root: Texts = new Map();
  readonly #fields: QvdField[] = [];
  readonly #lineage: QvdLineage[] = [];
  #field: FieldTexts = { texts: new Map(), format: new Map(), tags: [] };
  #source: Texts = new Map();
  readonly #tableTags: string[] = [];

  open(name: string): void {
    const parent = this.#paths.at(-1);
    const path = parent === undefined ? name : `${parent}/${name}`;
    this.#paths.push(path);
    this.#text = '';
    if (parent === undefined && name !== ROOT) {
      throw new QvdError('QVD_NOT_A_QVD', `the root element is <${name}>, not <${ROOT}>`);
    }
    if (path === FIELD) this.#field = { texts: new Map(), format: new Map(), tags: [] };
    if (path === LINEAGE) this.#source = new Map();
  }

  text(text: string): void {
    this.#text += text;
  }

  close(name: string): void {
    const path = this.#paths.pop() ?? '';
    const parent = this.#paths.at(-1) ?? '';
    const text = this.#text;
    this.#text = '';
    if (path === FIELD) this.#fields.push(fieldOf(this.#field, this.#fields.length));
    else if (path === LINEAGE) this.#lineage.push(lineageOf(this.#source));
    else if (parent === ROOT) put(this.#root, ROOT_TEXTS, name, text);
    else if (parent === FIELD) put(this.#field.texts, FIELD_TEXTS, name, text);
    else if (parent === `${FIELD}/NumberFormat`) put(this.#field.format, FORMAT_TEXTS, name, text);
    else if (path === `${FIELD}/Tags/String`) this.#field.tags.push(text);
    else if (parent === LINEAGE) put(this.#source, LINEAGE_TEXTS, name, text);
    else if (path === `${ROOT}/TableTags/String`) this.#tableTags.push(text);
    else if (parent.startsWith(ENCRYPTION) && text.trim() !== '') this.#encryption ||= `${name} ${text.trim()}`;
  }

  header(): QvdHeader {
    const root = this.#root;
    const text = (name: string): string => root.get(name) ?? '';
    return {
      buildNumber: text('QvBuildNo').trim(),
      creator: text('CreatorDoc'),
      createdUtc: text('CreateUtcTime').trim(),
      sourceCreatedUtc: text('SourceCreateUtcTime').trim(),
      sourceFileUtc: text('SourceFileUtcTime').trim(),
      sourceFileSize: integer(root, 'SourceFileSize', {}, -1),
      staleUtc: text('StaleUtcTime').trim(),
      tableName: text('TableName'),
      fields: this.#fields,
      compression: text('Compression').trim(),
      recordByteSize: integer(root, 'RecordByteSize', {}),
      rowCount: integer(root, 'NoOfRecords', {}),
      rowsOffset: integer(root, 'Offset', {}),
      rowsLength: integer(root, 'Length', {}),
      lineage: this.#lineage,
      comment: text('Comment'),
      encryption: text('EncryptionInfo').trim() || this.#encryption,
      tableTags: this.#tableTags,
    };
  }
}

function fieldOf({ texts, format, tags }: FieldTexts, index: number): QvdField {
  const name = texts.get('FieldName');
  if (name === undefined) throw new QvdError('QVD_HEADER_INVALID', `field ${index} has no FieldName`);
  const place = { field: name };
  return {
    name,
    comment: texts.get('Comment') ?? '',
    tags,
    numberFormat: {
      type: format.get('Type')?.trim() || 'UNKNOWN',
      decimals: integer(format, 'nDec', place, 0),
      useThousands: integer(format, 'UseThou', place, 0),
      format: format.get('Fmt') ?? '',
      decimalSeparator: format.get('Dec') ?? '',
      thousandsSeparator: format.get('Thou') ?? '',
    },
    bitOffset: integer(texts, 'BitOffset', place),
    bitWidth: integer(texts, 'BitWidth', place),
    bias: integer(texts, 'Bias', place, 0),
    symbolCount: integer(texts, 'NoOfSymbols', place),
    symbolOffset: integer(texts, 'Offset', place),
    symbolLength: integer(texts, 'Length', place),
  };
}

function lineageOf(texts: Texts): QvdLineage {
  return { discriminator: texts.get('Discriminator') ?? '', statement: texts.get('Statement') ?? '' };
}

/** Keeps the text of a known element; the same twice would leave open which one counts. */
function put(texts: Texts, known: ReadonlySet<string>, name: string, text: string): void {
  if (!known.has(name)) return;
  if (texts.has(name)) throw new QvdError('QVD_HEADER_INVALID', `the header has <${name}> twice in one place`);
  texts.set(name, text);
}

/** An element as a whole number. `fallback` is for one that is missing or empty; without it that is an error. */
function integer(texts: Texts, name: string, place: { readonly field?: string }, fallback?: number): number {
  const text = texts.get(name)?.trim() ?? '';
  if (text === '' && fallback !== undefined) return fallback;
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value + 0;
  const found = texts.has(name) ? JSON.stringify(text.slice(0, 40)) : 'nothing';
  throw new QvdError('QVD_HEADER_INVALID', `<${name}> should be a whole number, found ${found}`, place);
}
