/** What `process.stdout` is, as far as progress needs it. */
export interface TextOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const TERMINAL_MS = 100;

/** One line that is written over again on a terminal, ten times a second at most. */
export class ProgressLine {
  readonly #output: TextOutput;
  readonly #monotonicMs: () => number;
  readonly #everyMs: number;
  #lastAt: number;
  #written = false;

  /** @param elsewhereMs how often a line of its own is written where there is no terminal; undefined = none is */
  constructor(output: TextOutput, monotonicMs: () => number, elsewhereMs?: number) {
    this.#output = output;
    this.#monotonicMs = monotonicMs;
    this.#everyMs = output.isTTY === true ? TERMINAL_MS : (elsewhereMs ?? Number.POSITIVE_INFINITY);
    this.#lastAt = monotonicMs();
  }

  /** @param line made only when it is shown */
  show(line: () => string): void {
    const now = this.#monotonicMs();
    if (now - this.#lastAt < this.#everyMs) return;
    this.#lastAt = now;
    this.#written = true;
    this.#output.write(this.#output.isTTY === true ? `\r\x1b[K${line()}` : `${line()}\n`);
  }

  /** Leaves the cursor on an empty line. */
  end(): void {
    if (this.#output.isTTY === true && this.#written) this.#output.write('\r\x1b[K');
  }
}
