import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { constants, crc32, createDeflate } from 'node:zlib';
import type { RawPicture } from './raw-picture.ts';
import { joinBytes, slicesOf } from './sliced-bytes.ts';

/** Rows of pixels as they stand in a PNG file, packed: a zlib stream without its end. */
interface PackedRows {
  readonly bytes: readonly Buffer[];
  /** Of what was packed. */
  readonly adler32: number;
}

interface Chunk {
  readonly type: string;
  /** With length, type and CRC. */
  readonly whole: Buffer;
  readonly data: Buffer;
}

const SIGNATURE_BYTES = 8;
/** Of a chunk without its data. */
const FRAME_BYTES = 12;
/** Around the packed pixels: what zlib puts before them, and their Adler-32 (RFC 1950, 2.2). */
const ZLIB_HEAD_BYTES = 2;
const ADLER_BYTES = 4;
/** What ends a stream that was flushed: a last, empty block, and the Adler-32. */
const STREAM_END_BYTES = 2 + ADLER_BYTES;
const ADLER_MODULUS = 65_521;
/** Eight bits of red, green, blue and perhaps alpha; nothing interlaced (PNG specification, 11.2.1). */
const PLAIN = [
  { ihdr: Buffer.from([8, 2, 0, 0, 0]), channels: 3 },
  { ihdr: Buffer.from([8, 6, 0, 0, 0]), channels: 4 },
] as const;
const BYTES_A_TURN = 1024 * 1024;

/**
 * A picture with rows above it, for the price of those rows: packed pixels that stand in a file already are taken as they
 * are. Blocks of DEFLATE point back at nothing but what came with them, so they may follow other ones (RFC 1951, 2).
 * @param png of plain RGB or RGBA, as the encoder here makes it: no row is told by its difference from the one above (filter 0)
 * @param above no wider, RGB; where it is narrower, the last pixel of each row goes on
 * @param extra whole chunks for right behind IHDR
 */
export async function withRowsAbove(png: Buffer, above: RawPicture, extra: readonly Buffer[]): Promise<Buffer> {
  const chunks = [...chunksOf(png)];
  const [ihdr, ...rest] = chunks;
  const plain = PLAIN.find((kind) => ihdr?.data.subarray(8).equals(kind.ihdr));
  if (ihdr === undefined || plain === undefined) throw new Error('the encoder made something else than plain RGB');
  const header = Buffer.from(ihdr.data);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  header.writeUInt32BE(above.height + height, 4);
  const packed = await packedRows(above, width, plain.channels);
  const inFile = rest.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  const { body, end } = withoutEnd(inFile, ADLER_BYTES);
  const adler = Buffer.alloc(ADLER_BYTES);
  const bytesBelow = height * (width * plain.channels + 1);
  adler.writeUInt32BE(joinedAdler32(packed.adler32, end.readUInt32BE(0), bytesBelow));
  const [first, ...others] = body;
  const idat = [...packed.bytes, first?.subarray(ZLIB_HEAD_BYTES) ?? Buffer.alloc(0), ...others, adler];
  const before = rest.slice(
    0,
    rest.findIndex(({ type }) => type === 'IDAT'),
  );
  const after = rest.slice(before.length).filter(({ type }) => type !== 'IDAT');
  return joinBytes([
    png.subarray(0, SIGNATURE_BYTES),
    pngChunk('IHDR', header),
    ...extra,
    ...before.map(({ whole }) => whole),
    ...(await chunkParts('IDAT', idat)),
    ...after.map(({ whole }) => whole),
  ]);
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** As `pngChunk`, of data in parts that are too large to be copied for that. */
async function chunkParts(type: string, data: readonly Buffer[]): Promise<readonly Buffer[]> {
  const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)];
  head.writeUInt32BE(
    data.reduce((length, part) => length + part.length, 0),
    0,
  );
  head.write(type, 4, 'latin1');
  let crc = crc32(head.subarray(4));
  for await (const slice of slicesOf(data)) crc = crc32(slice, crc);
  tail.writeUInt32BE(crc);
  return [head, ...data, tail];
}

function* chunksOf(png: Buffer): Generator<Chunk> {
  for (let at = SIGNATURE_BYTES; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const whole = png.subarray(at, at + FRAME_BYTES + length);
    yield { type: png.toString('latin1', at + 4, at + 8), whole, data: whole.subarray(8, 8 + length) };
    at += whole.length;
  }
}

/** @param channels those of the file: 4 have an alpha, which is full here */
async function packedRows(
  { data, width, height }: RawPicture,
  fileWidth: number,
  channels: 3 | 4,
): Promise<PackedRows> {
  const rowBytes = fileWidth * channels;
  const rowsATurn = Math.max(1, Math.floor(BYTES_A_TURN / rowBytes));
  const deflate = createDeflate({ level: 2, chunkSize: 65_536 });
  const bytes: Buffer[] = [];
  deflate.on('data', (chunk: Buffer) => bytes.push(chunk));
  for (let y = 0; y < height; y += rowsATurn) {
    const rows = Math.min(rowsATurn, height - y);
    const filtered = Buffer.alloc(rows * (rowBytes + 1));
    for (let row = 0; row < rows; row++) {
      const target = filtered.subarray(row * (rowBytes + 1) + 1, (row + 1) * (rowBytes + 1));
      const source = data.subarray((y + row) * width * 3, (y + row + 1) * width * 3);
      if (channels === 3) target.set(source);
      else withAlpha(target, source);
      const painted = width * channels;
      if (painted < rowBytes) target.fill(target.subarray(painted - channels, painted), painted);
    }
    if (!deflate.write(filtered)) await once(deflate, 'drain');
    else await setImmediate();
  }
  await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
  deflate.end();
  await once(deflate, 'end');
  const { body, end } = withoutEnd(bytes, STREAM_END_BYTES);
  return { bytes: body, adler32: end.readUInt32BE(STREAM_END_BYTES - ADLER_BYTES) };
}

function withAlpha(rgba: Buffer, rgb: Buffer): void {
  rgba.fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from] ?? 0;
    rgba[to + 1] = rgb[from + 1] ?? 0;
    rgba[to + 2] = rgb[from + 2] ?? 0;
  }
}

/** Parts of one whole, parted again: so many bytes of the end, and what is before them. */
function withoutEnd(parts: readonly Buffer[], count: number): { readonly body: Buffer[]; readonly end: Buffer } {
  const body = [...parts];
  let end = Buffer.alloc(0);
  while (end.length < count) {
    const last = body.pop();
    if (last === undefined) throw new Error('packed pixels without an end');
    const cut = Math.max(0, last.length - (count - end.length));
    if (cut > 0) body.push(last.subarray(0, cut));
    end = Buffer.concat([last.subarray(cut), end]);
  }
  return { body, end };
}

/** Adler-32 of A and B one after the other (RFC 1950, 9). @param lengthB in bytes */
export function joinedAdler32(a: number, b: number, lengthB: number): number {
  const [a1, a2] = [a & 0xffff, a >>> 16];
  const [b1, b2] = [b & 0xffff, b >>> 16];
  const before = (a1 + ADLER_MODULUS - 1) % ADLER_MODULUS;
  const sum1 = (before + b1) % ADLER_MODULUS;
  const sum2 = (a2 + b2 + (lengthB % ADLER_MODULUS) * before) % ADLER_MODULUS;
  return sum2 * 0x10000 + sum1;
}
