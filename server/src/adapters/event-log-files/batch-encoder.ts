import { randomFillSync } from 'node:crypto';
import type { NewLogEntry } from '../../domain/log-entry.ts';
import { encodeLine, encodeSegmentHeader, maxLineBytes, type SegmentHeader, saltText } from '../../domain/log-line.ts';
import { nextSequence, type Sequence } from '../../domain/sequence.ts';

const SALT_BYTES = 16;
const SALT_POOL_BYTES = 256 * SALT_BYTES;
const START_BYTES = 256 * 1024;
/** A buffer that one large batch needed is not kept. */
const KEEP_BYTES = 32 * 1024 * 1024;

/** Turns a batch into the bytes of one write, in a buffer that is used again. */
export class BatchEncoder {
  #bytes = Buffer.allocUnsafeSlow(START_BYTES);
  #used = 0;
  readonly #salts = Buffer.allocUnsafeSlow(SALT_POOL_BYTES);
  #saltsUsed = SALT_POOL_BYTES;

  /**
   * @param header of the segment that the batch begins, or undefined
   * @param head the highest durable sequence: what the lines say about those before them (rule 2)
   * @returns bytes that are valid until the next call
   */
  encode(header: SegmentHeader | undefined, entries: Iterable<NewLogEntry>, head: Sequence): Buffer {
    if (this.#bytes.length > KEEP_BYTES) this.#bytes = Buffer.allocUnsafeSlow(START_BYTES);
    this.#used = header === undefined ? 0 : this.#bytes.write(encodeSegmentHeader(header), 0);
    let seq = head;
    for (const entry of entries) {
      seq = nextSequence(seq);
      this.#reserve(maxLineBytes(entry));
      this.#used = encodeLine(entry, seq, head, this.#salt(), this.#bytes, this.#used);
    }
    return this.#bytes.subarray(0, this.#used);
  }

  #salt(): string {
    if (this.#saltsUsed === SALT_POOL_BYTES) {
      randomFillSync(this.#salts);
      this.#saltsUsed = 0;
    }
    this.#saltsUsed += SALT_BYTES;
    return saltText(this.#salts, this.#saltsUsed - SALT_BYTES);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#used + bytes));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}
