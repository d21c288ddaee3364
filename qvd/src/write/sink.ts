import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Where a file's bytes go: a `FileHandle`, a Node stream, or anything with `write`. A `write` that resolves to an
 * object with `bytesWritten` may take a part; any other result means that it took all.
 */
export interface QvdSink {
  write(bytes: Uint8Array): unknown;
}

/** Sends the pieces in order, one at a time, and leaves the sink open. What the sink throws passes through. */
export async function sendPieces(pieces: Iterable<Uint8Array>, sink: QvdSink): Promise<number> {
  let sent = 0;
  if (sink instanceof Writable) {
    const counted = function* (): Generator<Uint8Array> {
      for (const piece of pieces) {
        sent += piece.length;
        yield piece;
      }
    };
    await pipeline(Readable.from(counted()), sink, { end: false });
    return sent;
  }
  for (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      const taken = bytesTaken(await sink.write(rest), rest.length);
      rest = rest.subarray(taken);
      sent += taken;
    }
  }
  return sent;
}

function bytesTaken(result: unknown, offered: number): number {
  if (typeof result !== 'object' || result === null || !('bytesWritten' in result)) return offered;
  const { bytesWritten } = result;
  if (typeof bytesWritten === 'number' && bytesWritten > 0 && bytesWritten <= offered) return bytesWritten;
  throw new Error(`the sink says it took ${String(bytesWritten)} of ${offered} bytes`);
}
