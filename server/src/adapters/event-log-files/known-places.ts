import { type Sequence, sequence } from '../../domain/sequence.ts';

/** Between two lines that are remembered. */
const STEP_BYTES = 16 * 1024;
/** Where less is known than this, looking for the line from the ends of the file is as good. */
const MOST_BETWEEN_BYTES = 8 * STEP_BYTES;
const MAX_SEGMENTS = 16;

/** Where some of the lines stand that were read, so that one between them is found by reading little. */
export class KnownPlaces {
  /** Asked for last is last. */
  readonly #segments = new Map<Sequence, SegmentPlaces>();

  of(segment: Sequence): SegmentPlaces {
    const places = this.#segments.get(segment) ?? new SegmentPlaces();
    this.#segments.delete(segment);
    this.#segments.set(segment, places);
    const [oldest] = this.#segments.keys();
    if (oldest !== undefined && this.#segments.size > MAX_SEGMENTS) this.#segments.delete(oldest);
    return places;
  }
}

/** Lines of one segment, in which sequences ascend. */
export class SegmentPlaces {
  readonly #seqs: number[] = [];
  readonly #offsets: number[] = [];
  /** The line that stands last of those that were noted. */
  #last = { seq: sequence(0), offset: -1 };
  /** The stretch that the line noted before is in. */
  #from = Number.POSITIVE_INFINITY;

  /** @param offset of a whole line that is durable */
  note(seq: Sequence, offset: number): void {
    if (offset > this.#last.offset) this.#last = { seq, offset };
    if (offset >= this.#from && offset < this.#from + STEP_BYTES) return;
    const at = firstAbove(this.#offsets, offset);
    const before = this.#offsets[at - 1] ?? Number.NEGATIVE_INFINITY;
    if (offset < before + STEP_BYTES) {
      this.#from = before;
      return;
    }
    this.#from = offset;
    this.#seqs.splice(at, 0, seq);
    this.#offsets.splice(at, 0, offset);
  }

  /** Where a line not far before `seq` starts; undefined when none is known. */
  before(seq: Sequence): number | undefined {
    if (seq > this.#last.seq) return undefined;
    const at = firstAbove(this.#seqs, seq);
    const offset = this.#offsets[at - 1];
    if (offset === undefined) return undefined;
    return (this.#offsets[at] ?? this.#last.offset) - offset > MOST_BETWEEN_BYTES ? undefined : offset;
  }
}

/** @param numbers ascending */
function firstAbove(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
