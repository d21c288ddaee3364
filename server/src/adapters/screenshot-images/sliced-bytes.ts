import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** Bytes hashed or copied before others get a turn: about a millisecond. */
const SLICE = 1024 * 1024;

/** One after the other, with a turn for others whenever so many bytes have been given, in however many parts. */
export async function* slicesOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  let given = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += SLICE) {
      if (given >= SLICE) {
        await setImmediate();
        given = 0;
      }
      const slice = part.subarray(at, at + SLICE);
      given += slice.length;
      yield slice;
    }
  }
}

/** SHA-256 in hex. */
export async function sha256OfBytes(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for await (const slice of slicesOf([bytes])) hash.update(slice);
  return hash.digest('hex');
}

/** As `target.set(source, offset)`; the two may be the same memory when `source` lies behind `offset`. */
export async function copyBytes(target: Uint8Array, source: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < source.length; at += SLICE) {
    if (at > 0) await setImmediate();
    target.set(source.subarray(at, at + SLICE), offset + at);
  }
}

/** As `Buffer.concat`. */
export async function joinBytes(parts: readonly Uint8Array[]): Promise<Buffer> {
  const joined = Buffer.allocUnsafeSlow(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for await (const slice of slicesOf(parts)) {
    joined.set(slice, offset);
    offset += slice.length;
  }
  return joined;
}

/**
 * Gives the memory of a buffer back now. The garbage collector would, much later: it hardly notices memory that is not its
 * own. The buffer, and any other that shares its memory, is empty afterwards.
 */
export function release(bytes: Buffer): void {
  if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}
