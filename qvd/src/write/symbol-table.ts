const FIRST_SEGMENT_BYTES = 1024;
const LARGEST_SEGMENT_BYTES = 1024 * 1024;
const FIRST_ENTRIES = 64;

const ENTRY = 4;
const SEGMENT = 1;
const OFFSET = 2;
const LENGTH = 3;

// Another one in every process, so that nobody can prepare values that all fall into one slot.
const HASH_SEED = Math.floor(Math.random() * 2 ** 32);

/**
 * The distinct symbols of one field as the bytes that stand in the file, numbered from 1 in the order of their first
 * appearance. A value is written behind the last symbol (`reserve`, then into `bytes`), looked up there (`find`), and
 * kept only if it is new (`keep`): so values are the same exactly when their bytes are, which for floats means bit by
 * bit. Beside its bytes a symbol costs 26 to 52 more; nothing of it is an object.
 */
export class SymbolTable {
  /** The segment that is being filled. Valid until the next `reserve`. */
  bytes = Buffer.allocUnsafeSlow(FIRST_SEGMENT_BYTES);
  #view = viewOf(this.bytes);
  #used = 0;
  readonly #segments: Buffer[] = [this.bytes];
  readonly #views: DataView[] = [this.#view];
  readonly #segmentEnds: number[] = [0];

  #segmentBytes = FIRST_SEGMENT_BYTES;
  #count = 0;
  #byteLength = 0;

  // Four numbers a symbol: hash, segment, offset in the segment, length. Side by side, they share a cache line.
  #entries = new Int32Array(FIRST_ENTRIES * ENTRY);

  // Open addressing: a symbol's number, in the slot its hash asks for or in the next free one.
  #slots = new Uint32Array(FIRST_ENTRIES * 2);
  // Eight bits of the hash of what is in a slot, 0 for a free one: a new value is told by these alone, which stay in
  // the processor's cache when the slots no longer do.
  #marks = new Uint8Array(FIRST_ENTRIES * 2);
  #hash = 0;
  #freeSlot = 0;

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** What the table takes, with what it keeps free for symbols to come. */
  get memoryBytes(): number {
    return this.#segmentBytes + this.#entries.byteLength + this.#slots.byteLength + this.#marks.byteLength;
  }

  /** Makes room for a symbol of at most so many bytes; returns where in `bytes` it begins. */
  reserve(size: number): number {
    if (this.#used + size > this.bytes.length) this.#nextSegment(size);
    return this.#used;
  }

  /** The number of the symbol whose bytes stand from `reserve`'s position to `end`, or 0 when it is not known. */
  find(end: number): number {
    const start = this.#used;
    const length = end - start;
    const hash = hashOf(this.#view, start, end);
    const mark = markOf(hash);
    const mask = this.#marks.length - 1;
    let slot = hash & mask;
    for (let found = this.#marks[slot]; found !== 0; found = this.#marks[slot]) {
      if (found === mark) {
        const number = this.#slots[slot] as number;
        const entry = (number - 1) * ENTRY;
        const alike = this.#entries[entry] === hash && this.#entries[entry + LENGTH] === length;
        if (alike && this.#equals(entry, start, end)) return number;
      }
      slot = (slot + 1) & mask;
    }
    this.#hash = hash;
    this.#freeSlot = slot;
    return 0;
  }

  /** Keeps the symbol that `find` has just not found; returns its number. */
  keep(end: number): number {
    const entry = this.#count * ENTRY;
    if (entry === this.#entries.length) this.#growEntries();
    const start = this.#used;
    const segment = this.#segments.length - 1;
    this.#entries[entry] = this.#hash;
    this.#entries[entry + SEGMENT] = segment;
    this.#entries[entry + OFFSET] = start;
    this.#entries[entry + LENGTH] = end - start;
    this.#used = end;
    this.#segmentEnds[segment] = end;
    this.#byteLength += end - start;
    this.#count += 1;
    this.#marks[this.#freeSlot] = markOf(this.#hash);
    this.#slots[this.#freeSlot] = this.#count;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
    return this.#count;
  }

  /** Takes back the newest symbols until there are so many; true when there were more. */
  rollBack(count: number): boolean {
    if (this.#count <= count) return false;
    const mask = this.#slots.length - 1;
    while (this.#count > count) {
      const entry = (this.#count - 1) * ENTRY;
      let slot = (this.#entries[entry] as number) & mask;
      while (this.#slots[slot] !== this.#count) slot = (slot + 1) & mask;
      this.#marks[slot] = 0; // nothing older was put in behind the newest
      const segment = this.#entries[entry + SEGMENT] as number;
      this.#segmentEnds[segment] = this.#entries[entry + OFFSET] as number;
      this.#byteLength -= this.#entries[entry + LENGTH] as number;
      this.#count -= 1;
    }
    this.#used = this.#segmentEnds[this.#segments.length - 1] as number;
    return true;
  }

  /** All symbols as they stand in the file, in order. The pieces are the table's own memory. */
  *pieces(): Generator<Buffer> {
    for (const [index, segment] of this.#segments.entries()) {
      const end = this.#segmentEnds[index] ?? 0;
      if (end > 0) yield segment.subarray(0, end);
    }
  }

  /** Each symbol's bytes, in order. */
  *symbols(): Generator<Buffer> {
    for (let entry = 0; entry < this.#count * ENTRY; entry += ENTRY) {
      const offset = this.#entries[entry + OFFSET] as number;
      const segment = this.#segments[this.#entries[entry + SEGMENT] as number] as Buffer;
      yield segment.subarray(offset, offset + (this.#entries[entry + LENGTH] as number));
    }
  }

  #equals(entry: number, start: number, end: number): boolean {
    const known = this.#views[this.#entries[entry + SEGMENT] as number] as DataView;
    const mine = this.#view;
    let there = this.#entries[entry + OFFSET] as number;
    let here = start;
    for (; here + 4 <= end; here += 4, there += 4) {
      if (known.getInt32(there, true) !== mine.getInt32(here, true)) return false;
    }
    for (; here < end; here++, there++) {
      if (known.getUint8(there) !== mine.getUint8(here)) return false;
    }
    return true;
  }

  #nextSegment(size: number): void {
    const usual = Math.min(LARGEST_SEGMENT_BYTES, this.bytes.length * 2);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(usual, size));
    this.#view = viewOf(this.bytes);
    this.#segmentBytes += this.bytes.length;
    this.#segments.push(this.bytes);
    this.#views.push(this.#view);
    this.#segmentEnds.push(0);
    this.#used = 0;
  }

  #growEntries(): void {
    const larger = new Int32Array(this.#entries.length * 2);
    larger.set(this.#entries);
    this.#entries = larger;
  }

  #growSlots(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const marks = new Uint8Array(slots.length);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#count; index++) {
      const hash = this.#entries[index * ENTRY] as number;
      let slot = hash & mask;
      while (marks[slot] !== 0) slot = (slot + 1) & mask;
      marks[slot] = markOf(hash);
      slots[slot] = index + 1;
    }
    this.#marks = marks;
    this.#slots = slots;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function markOf(hash: number): number {
  return hash >>> 24 || 1;
}

/** Two chains of mixing side by side, because each step of one waits for the step before it. */
function hashOf(view: DataView, start: number, end: number): number {
  let hash = HASH_SEED ^ (end - start);
  let other = HASH_SEED + 0x7f4a7c15;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    other = Math.imul(other ^ view.getInt32(at + 4, true), 0x85ebca77);
    hash ^= hash >>> 15;
    other ^= other >>> 15;
  }
  if (at + 4 <= end) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
    at += 4;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x85ebca6b);
  hash = Math.imul(hash ^ other ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
