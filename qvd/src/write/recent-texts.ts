const ENTRIES = 1024; // entryOf gives ten bits
/** Longer texts would keep too much memory from being freed, and rarely come again. */
const LONGEST = 128;
/** After so many lookups it is decided whether the field repeats itself enough. */
const TRIAL = 4096;

/**
 * A small memory of a field's texts and their cells, asked before the symbol table: comparing with one candidate is
 * several times cheaper than encoding and hashing. Fields of ever new texts give it up after a trial.
 */
export class RecentTexts {
  #texts: (string | undefined)[] = new Array(ENTRIES).fill(undefined);
  readonly #cells = new Uint32Array(ENTRIES);
  #lookups = 0;
  #hits = 0;
  #useful = true;

  /** The text's cell, or 0. */
  find(text: string): number {
    if (!this.#useful || text.length > LONGEST) return 0;
    const entry = entryOf(text);
    const hit = this.#texts[entry] === text;
    if (this.#lookups < TRIAL) this.#countTrial(hit);
    return hit ? (this.#cells[entry] as number) : 0;
  }

  remember(text: string, cell: number): void {
    if (!this.#useful || text.length > LONGEST) return;
    const entry = entryOf(text);
    this.#texts[entry] = text;
    this.#cells[entry] = cell;
  }

  forget(): void {
    this.#texts.fill(undefined);
  }

  #countTrial(hit: boolean): void {
    this.#lookups += 1;
    if (hit) this.#hits += 1;
    if (this.#lookups < TRIAL || this.#hits * 4 >= TRIAL) return;
    this.#useful = false;
    this.#texts = [];
  }
}

// A few characters tell most names and ids apart, the last ones best; where they do not, the symbol table answers.
function entryOf(text: string): number {
  const { length } = text;
  if (length < 4) return length === 0 ? 0 : (text.charCodeAt(0) * 31 + text.charCodeAt(length - 1)) & (ENTRIES - 1);
  const end = text.charCodeAt(length - 1) + text.charCodeAt(length - 2) * 37 + text.charCodeAt(length - 3) * 1361;
  const rest =
    text.charCodeAt(length - 4) * 71 + text.charCodeAt(length >> 1) * 523 + text.charCodeAt(length >> 2) * 239;
  const mixed = Math.imul(end ^ (rest + length), 0x9e3779b1);
  return mixed >>> 22; // the upper ten bits
}
