import type { Paragraph, Run, TextShaper } from './text-shaper.ts';

/** Runs in the order in which they stand, from left to right. */
export interface Line {
  readonly runs: readonly Run[];
  readonly width: number;
}

/** Lines no wider than `maxWidth` (units of the em), unless one letter alone is. White space between two lines is left out. */
export function breakLines(paragraph: Paragraph, maxWidth: number, shaper: Pick<TextShaper, 'split'>): readonly Line[] {
  const lines: Line[] = [];
  let line: Run[] = [];
  let width = 0;
  const add = (run: Run) => {
    line.push(run);
    width += run.width;
  };
  const end = () => {
    lines.push({ runs: inVisualOrder(line), width });
    line = [];
    width = 0;
  };
  const addLetters = (run: Run) => {
    const [head, tail] = shaper.split(paragraph, run, maxWidth - width);
    if (head !== undefined) add(head);
    if (tail === undefined) return;
    if (head === undefined && line.length === 0) return add(tail);
    end();
    addLetters(tail);
  };
  let spaces: Run[] = [];
  for (const piece of paragraph.pieces) {
    if (piece.space) {
      spaces = [...spaces, ...piece.runs];
      continue;
    }
    const gap = spaces.reduce((sum, run) => sum + run.width, 0);
    if (line.length > 0 && width + gap + piece.width > maxWidth) end();
    if (line.length > 0) spaces.forEach(add);
    spaces = [];
    piece.runs.forEach(piece.width > maxWidth ? addLetters : add);
  }
  if (line.length > 0 || lines.length === 0) end();
  return lines;
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
