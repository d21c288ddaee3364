// Builds QVD files from their description byte by byte, sharing nothing with the writer.

export interface HandMadeField {
  readonly name: string;
  readonly bitOffset: number;
  readonly bitWidth: number;
  readonly bias: number;
  /** The symbols' bytes, one entry each. */
  readonly symbols: readonly Buffer[];
  readonly type?: string;
  readonly tags?: readonly string[];
  /** What the row stores, per row; Bias is not added. */
  readonly stored: readonly number[];
}

export interface HandMadeFile {
  readonly fields: readonly HandMadeField[];
  readonly rows: number;
  readonly recordByteSize: number;
  /** Replaces the header's text, for variants. */
  readonly header?: (xml: string) => string;
  /** Bytes between the header and the body; `00` when absent. */
  readonly separator?: Buffer;
  /** Appended at the very end. */
  readonly trailer?: Buffer;
  readonly lineEnd?: string;
}

export const symbol = {
  integer(value: number): Buffer {
    const bytes = Buffer.alloc(5);
    bytes[0] = 1;
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
  double(value: number): Buffer {
    const bytes = Buffer.alloc(9);
    bytes[0] = 2;
    bytes.writeDoubleLE(value, 1);
    return bytes;
  },
  text: (text: string): Buffer => Buffer.from(`\x04${text}\x00`, 'utf8'),
  dualInteger: (value: number, text: string): Buffer =>
    Buffer.concat([Buffer.of(5), symbol.integer(value).subarray(1), Buffer.from(`${text}\x00`)]),
  dualDouble: (value: number, text: string): Buffer =>
    Buffer.concat([Buffer.of(6), symbol.double(value).subarray(1), Buffer.from(`${text}\x00`)]),
};

export function handMade(file: HandMadeFile): Buffer {
  let offset = 0;
  const xmlFields = file.fields.map((field) => {
    const length = field.symbols.reduce((sum, bytes) => sum + bytes.length, 0);
    const xml = fieldXml(field, offset, length);
    offset += length;
    return xml;
  });
  const rows = rowBytes(file);
  const xml = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<QvdTableHeader>
  <QvBuildNo>50504</QvBuildNo>
  <CreatorDoc>hand</CreatorDoc>
  <CreateUtcTime>2021-09-27 08:52:30</CreateUtcTime>
  <SourceCreateUtcTime></SourceCreateUtcTime>
  <SourceFileUtcTime></SourceFileUtcTime>
  <SourceFileSize>-1</SourceFileSize>
  <StaleUtcTime></StaleUtcTime>
  <TableName>hand made</TableName>
  <Fields>
${xmlFields.join('\n')}
  </Fields>
  <Compression></Compression>
  <RecordByteSize>${file.recordByteSize}</RecordByteSize>
  <NoOfRecords>${file.rows}</NoOfRecords>
  <Offset>${offset}</Offset>
  <Length>${rows.length}</Length>
  <Lineage>
    <LineageInfo>
      <Discriminator>lib://data/source.csv</Discriminator>
      <Statement></Statement>
    </LineageInfo>
  </Lineage>
  <Comment></Comment>
  <EncryptionInfo></EncryptionInfo>
  <TableTags></TableTags>
  <ProfilingData></ProfilingData>
</QvdTableHeader>
`.replaceAll('\n', file.lineEnd ?? '\r\n');
  return Buffer.concat([
    Buffer.from(file.header === undefined ? xml : file.header(xml), 'utf8'),
    file.separator ?? Buffer.of(0),
    ...file.fields.flatMap((field) => field.symbols),
    rows,
    file.trailer ?? Buffer.alloc(0),
  ]);
}

function fieldXml(field: HandMadeField, offset: number, length: number): string {
  return `    <QvdFieldHeader>
      <FieldName>${field.name}</FieldName>
      <BitOffset>${field.bitOffset}</BitOffset>
      <BitWidth>${field.bitWidth}</BitWidth>
      <Bias>${field.bias}</Bias>
      <NumberFormat>
        <Type>${field.type ?? 'UNKNOWN'}</Type>
        <nDec>0</nDec>
        <UseThou>0</UseThou>
        <Fmt></Fmt>
        <Dec></Dec>
        <Thou></Thou>
      </NumberFormat>
      <NoOfSymbols>${field.symbols.length}</NoOfSymbols>
      <Offset>${offset}</Offset>
      <Length>${length}</Length>
      <Comment></Comment>
      <Tags>
${(field.tags ?? []).map((tag) => `        <String>${tag}</String>`).join('\n')}
      </Tags>
    </QvdFieldHeader>`;
}

/** Each row as one big number, lowest byte first. */
function rowBytes({ fields, rows, recordByteSize }: HandMadeFile): Buffer {
  const bytes = Buffer.alloc(rows * recordByteSize);
  for (let row = 0; row < rows; row++) {
    let record = 0n;
    for (const field of fields) record |= BigInt(field.stored[row] ?? 0) << BigInt(field.bitOffset);
    for (let at = 0; at < recordByteSize; at++) {
      bytes[row * recordByteSize + at] = Number((record >> BigInt(at * 8)) & 0xffn);
    }
  }
  return bytes;
}

/** The body of a file: everything after the 0x00 that ends the header. */
export function bodyOf(file: Buffer): Buffer {
  return file.subarray(file.indexOf(0) + 1);
}

/** The text of every element of that name, in order. */
export function elements(file: Buffer, name: string): string[] {
  const xml = file.toString('utf8', 0, file.indexOf(0));
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1] ?? '');
}
