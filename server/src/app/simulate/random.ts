/** A small seeded generator (xoshiro128**): the same seed gives the same numbers on every machine. Not for secrets. */
export class Random {
  readonly #state: Uint32Array;

  /** @param stream tells generators of one seed apart, such as those of several users */
  constructor(seed: number, stream = 0) {
    // splitmix32 spreads neighbouring seeds over the whole state
    let spread = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(stream | 0, 0x85ebca6b)) >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      spread = (spread + 0x9e3779b9) >>> 0;
      let z = spread;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    });
  }

  /** 0 … 2^32-1 */
  bits(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const c1 = c ^ a;
    const d1 = d ^ b;
    this.#state[0] = a ^ d1;
    this.#state[1] = b ^ c1;
    this.#state[2] = c1 ^ (b << 9);
    this.#state[3] = (d1 << 11) | (d1 >>> 21);
    return result;
  }

  /** 0 ≤ x < 1 */
  fraction(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** Both ends included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[Math.floor(this.fraction() * list.length)] as T;
  }

  /** `count` different items (fewer when there are fewer), in the order of the list. */
  sample<T>(list: readonly T[], count: number): T[] {
    const kept: T[] = [];
    let left = list.length;
    for (const item of list) {
      if (this.fraction() * left < count - kept.length) kept.push(item);
      left -= 1;
    }
    return kept;
  }

  /** A version 4 UUID. */
  uuid(): string {
    const [a, b, c, d] = [this.#hex(), this.#hex(), this.#hex(), this.#hex()];
    const variant = '89ab'.charAt(this.integer(0, 3));
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  #hex(): string {
    return this.bits().toString(16).padStart(8, '0');
  }
}
