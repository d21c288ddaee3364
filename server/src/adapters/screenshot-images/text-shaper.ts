import { setImmediate } from 'node:timers/promises';
import bidiJs, { type Bidi } from 'bidi-js';
import type { Buffer as ShapingBuffer } from 'harfbuzzjs';
import { Fonts, type LoadedFont } from './fonts.ts';
import { MAX_VALUE_CHARACTERS, visibleText } from './visible-text.ts';

/** A glyph and where it stands from the left of its run; lengths in units of the em, upwards positive. */
export interface Glyph {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** Index into the text of the paragraph. */
  readonly cluster: number;
  readonly advance: number;
}

/** Text of one font and one direction. */
export interface Run {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly font: LoadedFont;
  /** Odd: from right to left. */
  readonly level: number;
  /** From left to right, whatever the direction. */
  readonly glyphs: readonly Glyph[];
  readonly width: number;
}

/** What stays on one line if it can. */
export interface Piece {
  readonly runs: readonly Run[];
  readonly width: number;
  /** White space, which is not drawn at the end of a line. */
  readonly space: boolean;
}

export interface ParagraphText {
  readonly text: string;
  readonly language: string;
}

export interface Paragraph extends ParagraphText {
  readonly rightToLeft: boolean;
  readonly pieces: readonly Piece[];
}

const RIGHT_TO_LEFT =
  /[\p{scx=Arabic}\p{scx=Hebrew}\p{scx=Syriac}\p{scx=Thaana}\p{scx=Nko}\p{scx=Adlam}\u200f\u061c\u{10800}-\u{10fff}]/u;
/** Scripts that are written without spaces between words: their words may be parted. */
const WITHOUT_SPACES =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Javanese}\p{Script=Yi}\p{Script=Tibetan}]/u;
const BREAK_AFTER = /[\s\-/\\_.,;:|\u00ad\u2010\u2013\u2014\u200b]$/u;
/** Begins a line rather than being parted: a mark like `[U+202E]`. */
const BREAK_BEFORE = /^\[/;
/** Never begins a line: closing brackets, commas, small kana. */
const NEVER_FIRST = /^[\p{Pe}\p{Pf}!?%,.:;·…、。，．：；！？・ーゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ]/u;
/** Never ends a line. */
const NEVER_LAST = /[\p{Ps}\p{Pi}]$/u;
const WHITE_SPACE = /^[\s\u200b]+$/u;

/** Letters of a run, so that shaping one is short; what joins across its end does so all the same, by the context. */
const MAX_RUN = 200;
/** More marks than this on one letter are drawn apart from it. */
const MAX_CLUSTER = 24;
/** Text around a run that decides the shape of its letters. */
const CONTEXT = 8;
/** Runs and letters shaped before others get a turn. */
const RUNS_A_TURN = 32;
const LETTERS_A_TURN = 800;
/** The letters of marks like `[U+202E]` and of what stands where a value was too long. */
const ALWAYS_USED = ' […,]+0123456789ABCDEFUmorecharacters';

/** The package is CommonJS, which its types do not say: what is imported is the factory itself. */
const createBidi = bidiJs as unknown as () => Bidi;

const words = new Intl.Segmenter('en', { granularity: 'word' });
const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Turns text into glyphs: fonts, directions, joined and stacked letters, places where lines may break. */
export class TextShaper {
  readonly #fonts = new Fonts();
  readonly #bidi = createBidi();
  #harfbuzz: typeof import('harfbuzzjs') | undefined;
  #buffer: ShapingBuffer | undefined;

  /** Reads what every text needs. */
  async prepare(): Promise<void> {
    this.#harfbuzz ??= await import('harfbuzzjs');
    this.#buffer ??= new this.#harfbuzz.Buffer();
    await this.#fonts.prepare(ALWAYS_USED);
  }

  async shape(value: string): Promise<Paragraph> {
    await this.prepare();
    await this.#fonts.prepare(`${value.slice(0, MAX_VALUE_CHARACTERS)}…`);
    const text = visibleText(value, (character) => this.#fonts.fontOf(character) !== undefined);
    const directions = RIGHT_TO_LEFT.test(text) ? this.#bidi.getEmbeddingLevels(text) : undefined;
    const language = languageOf(text);
    const pieces: Piece[] = [];
    let runs: Run[] = [];
    let [previous, cost] = ['', 0];
    for (const { segment, index } of words.segment(text)) {
      if (runs.length > 0 && mayBreak(previous, segment)) {
        pieces.push(pieceOf(runs, WHITE_SPACE.test(previous)));
        runs = [];
      }
      for (const { start, end, font } of this.#fontsOf(segment, index)) {
        for (const [from, to, level] of sameLevel(start, end, directions?.levels)) {
          runs.push(this.#run({ text, language }, { start: from, end: to, font, level }));
          cost += 1 / RUNS_A_TURN + (to - from) / LETTERS_A_TURN;
          if (cost < 1) continue;
          await setImmediate();
          cost = 0;
        }
      }
      previous = segment;
    }
    if (runs.length > 0) pieces.push(pieceOf(runs, WHITE_SPACE.test(previous)));
    return { text, language, pieces, rightToLeft: (directions?.paragraphs[0]?.level ?? 0) % 2 === 1 };
  }

  /**
   * Parts a run between two letters, where `room` ends; undefined where that is at one of its ends.
   * @param atLeastOne the first letter counts as fitting
   */
  split(paragraph: ParagraphText, run: Run, room: number, atLeastOne: boolean): readonly [Run, Run] | undefined {
    const cut = cutOf(run, room, atLeastOne);
    if (cut === run.start || cut === run.end) return undefined;
    return [this.#run(paragraph, { ...run, end: cut }), this.#run(paragraph, { ...run, start: cut })];
  }

  /** Stretches of one font. */
  *#fontsOf(segment: string, offset: number): Generator<{ start: number; end: number; font: LoadedFont }> {
    let open: { start: number; end: number; font: LoadedFont } | undefined;
    for (const { segment: cluster, index } of clusters.segment(segment)) {
      const whole = cluster.length <= MAX_CLUSTER ? this.#fonts.fontOf(cluster) : undefined;
      let at = offset + index;
      for (const part of whole === undefined ? cluster : [cluster]) {
        const font = whole ?? this.#fonts.fontOf(part);
        const end = at + part.length;
        if (open !== undefined && (font === undefined || open.font === font) && end - open.start <= MAX_RUN) {
          open.end = end;
        } else if (font !== undefined) {
          if (open !== undefined) yield open;
          open = { start: at, end, font };
        }
        at = end;
      }
    }
    if (open !== undefined) yield open;
  }

  #run(
    { text, language }: ParagraphText,
    { start, end, font, level }: Pick<Run, 'start' | 'end' | 'font' | 'level'>,
  ): Run {
    const [harfbuzz, buffer] = [this.#harfbuzz, this.#buffer];
    if (harfbuzz === undefined || buffer === undefined) throw new Error('prepare() comes first');
    const from = Math.max(0, start - CONTEXT);
    buffer.reset();
    buffer.addText(text.slice(from, end + CONTEXT), start - from, end - start);
    buffer.setDirection(level % 2 === 1 ? harfbuzz.Direction.RTL : harfbuzz.Direction.LTR);
    buffer.setLanguage(language);
    buffer.guessSegmentProperties();
    harfbuzz.shape(font.font, buffer);
    let width = 0;
    const glyphs = buffer.getGlyphInfosAndPositions().map((glyph): Glyph => {
      const { codepoint: id, cluster, xAdvance: advance = 0, xOffset = 0, yOffset: y = 0 } = glyph;
      const x = width + xOffset;
      width += advance;
      return { id, x, y, cluster: cluster + from, advance };
    });
    return { start, end, font, level, glyphs, width };
  }
}

/** Where the letters of a run end that fit into `room`, as an index into the text. */
function cutOf(run: Run, room: number, atLeastOne: boolean): number {
  const advances = new Map<number, number>();
  for (const { cluster, advance } of run.glyphs) advances.set(cluster, (advances.get(cluster) ?? 0) + advance);
  let width = 0;
  for (const [start, advance] of [...advances].sort(([a], [b]) => a - b)) {
    width += advance;
    if (width > room && !(atLeastOne && start === run.start)) return start;
  }
  return run.end;
}

/** Han characters have national shapes: kana tell Japanese, hangul Korean. */
function languageOf(text: string): string {
  if (/[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text)) return 'ja';
  return /\p{Script=Hangul}/u.test(text) ? 'ko' : 'zh-hans';
}

function mayBreak(before: string, after: string): boolean {
  if (WHITE_SPACE.test(after)) return !WHITE_SPACE.test(before);
  if (WHITE_SPACE.test(before)) return true;
  if (NEVER_FIRST.test(after) || NEVER_LAST.test(before)) return false;
  return (
    BREAK_BEFORE.test(after) || BREAK_AFTER.test(before) || WITHOUT_SPACES.test(before) || WITHOUT_SPACES.test(after)
  );
}

function* sameLevel(start: number, end: number, levels?: Uint8Array): Generator<[number, number, number]> {
  let from = start;
  for (let at = start + 1; at <= end; at++) {
    const level = levels?.[from] ?? 0;
    if (at < end && (levels?.[at] ?? 0) === level) continue;
    yield [from, at, level];
    from = at;
  }
}

function pieceOf(runs: readonly Run[], space: boolean): Piece {
  return { runs, space, width: runs.reduce((width, run) => width + run.width, 0) };
}
