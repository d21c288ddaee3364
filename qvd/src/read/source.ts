import { type FileHandle, open } from 'node:fs/promises';
import { QvdError } from '../errors.ts';

/** Bytes at rest, read at any place. */
export interface ByteSource {
  readonly byteLength: number;
  /** Exactly so many bytes. @throws {QvdError} QVD_TRUNCATED when there are fewer */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** What a reader can be opened on: a path, an open file (left open at the end), or the whole file in memory. */
export type QvdInputFile = string | URL | FileHandle | Uint8Array;

export async function openSource(input: QvdInputFile): Promise<ByteSource> {
  if (input instanceof Uint8Array) return memorySource(input);
  if (typeof input !== 'string' && !(input instanceof URL)) return await fileSource(input, async () => {});
  const file = await open(input, 'r');
  try {
    return await fileSource(file, () => file.close());
  } catch (error) {
    await file.close();
    throw error;
  }
}

function memorySource(bytes: Uint8Array): ByteSource {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    byteLength: all.length,
    read: async (position, length) => {
      if (position + length > all.length) throw cutShort(position, length);
      return all.subarray(position, position + length);
    },
    close: async () => {},
  };
}

/** One read takes at most this much; Linux gives no more than 2 GiB at once. */
const LARGEST_READ = 2 ** 30;

async function fileSource(file: FileHandle, close: () => Promise<void>): Promise<ByteSource> {
  const status = await file.stat();
  if (!status.isFile()) throw new QvdError('QVD_NOT_A_QVD', 'only a regular file can be read');
  return {
    byteLength: status.size,
    read: async (position, length) => {
      const bytes = Buffer.allocUnsafeSlow(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, Math.min(LARGEST_READ, length - done), position + done);
        if (bytesRead === 0) throw cutShort(position, length);
        done += bytesRead;
      }
      return bytes;
    },
    close,
  };
}

function cutShort(position: number, length: number): QvdError {
  return new QvdError('QVD_TRUNCATED', `the file ends within the ${length} bytes from ${position}`);
}
