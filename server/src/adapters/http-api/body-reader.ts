import type { IncomingMessage } from 'node:http';

/** What became of a body. When the client goes away in the middle, nothing is told. */
export type BodyOutcome = Buffer | 'too large' | 'too many';

/**
 * Reads request bodies into memory, one after another chunk, with a limit for each and one for all that are under way:
 * clients that send slowly may not fill the memory.
 */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #maxBytesUnderWay: number;
  #bytesUnderWay = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxBytesUnderWay = Math.max(2 * maxBytes, 64 * 1024 * 1024);
  }

  /** Held by bodies that are not complete. */
  get bytesUnderWay(): number {
    return this.#bytesUnderWay;
  }

  /** `done` is called once, or never when the client goes away. What follows a refused body is read and thrown away. */
  read(request: IncomingMessage, done: (outcome: BodyOutcome) => void): void {
    let first: Buffer | undefined;
    let growing: GrowingBuffer | undefined;
    const release = () => {
      this.#bytesUnderWay -= growing?.capacity ?? 0;
      growing = undefined;
    };
    const settle = (outcome: BodyOutcome) => {
      request.off('data', onData).off('end', onEnd);
      release();
      request.resume();
      done(outcome);
    };
    const onData = (chunk: Buffer) => {
      if (first === undefined) {
        if (chunk.length > this.#maxBytes) settle('too large');
        else first = chunk;
        return;
      }
      if (growing === undefined) {
        growing = new GrowingBuffer(first);
        this.#bytesUnderWay += growing.capacity;
        request.once('close', release);
      }
      if (growing.length + chunk.length > this.#maxBytes) {
        settle('too large');
        return;
      }
      const before = growing.capacity;
      growing.append(chunk, this.#maxBytes);
      this.#bytesUnderWay += growing.capacity - before;
      if (this.#bytesUnderWay > this.#maxBytesUnderWay) settle('too many');
    };
    const onEnd = () => settle(growing?.bytes() ?? first ?? EMPTY);
    request.on('data', onData);
    request.on('end', onEnd);
  }
}

const EMPTY = Buffer.alloc(0);

/** Chunks may be a byte each: they are copied together instead of being kept. */
class GrowingBuffer {
  length: number;
  #buffer: Buffer;

  constructor(first: Buffer) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(4096, 2 * first.length));
    this.length = first.copy(this.#buffer);
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  append(chunk: Buffer, maxBytes: number): void {
    const needed = this.length + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * this.#buffer.length, maxBytes)));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    this.length += chunk.copy(this.#buffer, this.length);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }
}
