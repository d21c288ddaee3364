/** Lets a bounded amount of work happen at once; the rest waits in order of arrival. */
export class TurnTaking {
  readonly #limit: number;
  #busy = 0;
  readonly #waiting: { readonly weight: number; readonly start: () => void }[] = [];

  /** @param limit sum of the weights at work; what weighs more works alone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(weight: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(weight)) {
      await new Promise<void>((start) => this.#waiting.push({ weight, start }));
    } else this.#busy += weight;
    try {
      return await work();
    } finally {
      this.#busy -= weight;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.weight); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#busy += next.weight;
      next.start();
    }
  }

  #fits(weight: number): boolean {
    return this.#busy === 0 || this.#busy + weight <= this.#limit;
  }
}
