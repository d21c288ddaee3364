import { once } from 'node:events';
import type { Writable } from 'node:stream';

const CHUNK_CHARACTERS = 64 * 1024;

/** Text for a stream, gathered into larger pieces and no faster than its reader takes them. */
export class Output {
  readonly #stream: Writable;
  #waiting: string[] = [];
  #length = 0;
  #error: unknown;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('error', (error) => {
      this.#error ??= error;
    });
  }

  /** @throws what the stream failed with; EPIPE when its reader has gone */
  async line(text: string): Promise<void> {
    this.#waiting.push(text, '\n');
    this.#length += text.length;
    if (this.#length >= CHUNK_CHARACTERS) await this.flush();
  }

  /** Resolves when the stream has taken everything. */
  async flush(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#length = 0;
    if (this.#error !== undefined) throw this.#error;
    if (text !== '' && !this.#stream.write(text)) await once(this.#stream, 'drain');
  }

  /** Flushes and waits until the last byte has left. */
  async end(): Promise<void> {
    await this.flush();
    await new Promise<void>((resolve, reject) => {
      this.#stream.write('', (error) => (error ? reject(error) : resolve()));
    });
  }
}
