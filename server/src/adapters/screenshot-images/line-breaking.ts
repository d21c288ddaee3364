import { setImmediate } from 'node:timers/promises';
import type { Paragraph, Run, TextShaper } from './text-shaper.ts';

/** Runs in the order in which they stand, from left to right. */
export interface Line {
  readonly runs: readonly Run[];
  readonly width: number;
}

const PIECES_A_TURN = 300;

/** Lines no wider than `maxWidth` (units of the em), unless one letter alone is. White space between two lines, and at the end, is left out. */
export async function breakLines(
  paragraph: Paragraph,
  maxWidth: number,
  shaper: Pick<TextShaper, 'split'>,
): Promise<readonly Line[]> {
  const lines = new LineBuilder();
  let spaces: readonly Run[] = [];
  for (const [i, piece] of paragraph.pieces.entries()) {
    if (i % PIECES_A_TURN === 0) await setImmediate();
    if (piece.space && i > 0) {
      spaces = piece.runs;
      continue;
    }
    const gap = spaces.reduce((width, run) => width + run.width, 0);
    if (lines.width + gap + piece.width > maxWidth) lines.end();
    if (!lines.isEmpty) for (const run of spaces) lines.add(run);
    spaces = [];
    for (const run of piece.runs) {
      let rest = run;
      while (piece.width > maxWidth && lines.width + rest.width > maxWidth) {
        const parts = shaper.split(paragraph, rest, maxWidth - lines.width, lines.isEmpty);
        if (parts === undefined && lines.isEmpty) break; // a single letter that is wider than the line
        if (parts !== undefined) {
          lines.add(parts[0]);
          rest = parts[1];
        }
        lines.end();
        await setImmediate();
      }
      lines.add(rest);
    }
  }
  return lines.finished();
}

class LineBuilder {
  readonly #lines: Line[] = [];
  #runs: Run[] = [];
  width = 0;

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  add(run: Run): void {
    this.#runs.push(run);
    this.width += run.width;
  }

  /** Nothing where the line is empty. */
  end(): void {
    if (this.isEmpty) return;
    this.#lines.push({ runs: inVisualOrder(this.#runs), width: this.width });
    this.#runs = [];
    this.width = 0;
  }

  /** At least one line. */
  finished(): readonly Line[] {
    this.end();
    return this.#lines.length > 0 ? this.#lines : [{ runs: [], width: 0 }];
  }
}

/** Rule L2 of the bidirectional algorithm: from the highest level down to 1, stretches of it and above are reversed. */
function inVisualOrder(logical: readonly Run[]): readonly Run[] {
  const runs = [...logical];
  const highest = runs.reduce((level, run) => Math.max(level, run.level), 0);
  for (let level = highest; level > 0; level--) {
    for (let from = 0; from < runs.length; from++) {
      let to = from;
      while ((runs[to]?.level ?? 0) >= level) to++;
      if (to === from) continue;
      runs.splice(from, to - from, ...runs.slice(from, to).reverse());
      from = to;
    }
  }
  return runs;
}
