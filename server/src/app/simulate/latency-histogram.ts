const SMALLEST_MS = 0.01;
const GROWTH = 1.02;

/** Counts durations in buckets that grow by 2 %: a constant 10 KB for any number of them, percentiles right to 2 %. */
export class LatencyHistogram {
  readonly #buckets = new Float64Array(1300);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const index = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / Math.log(GROWTH));
    const bucket = Math.min(index, this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Milliseconds within which `share` (0 … 1) of the durations stayed; 0 when there are none. */
  percentileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [index, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(SMALLEST_MS * GROWTH ** index, this.#maxMs);
    }
    return 0;
  }
}
