import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Font } from 'harfbuzzjs';

/** Units of all lengths and outlines of text: so many to an em, whatever the font has. */
export const UNITS_PER_EM = 2048;

const FOLDER = fileURLToPath(new URL('../../../fonts/', import.meta.url));

interface FontFile {
  readonly file: string;
  /** Characters for which it is looked at. */
  readonly characters: RegExp;
}

const CORE = 'NotoSans-Regular.ttf';
const EMOJI = 'NotoEmoji-Regular.ttf';

/** `NotoSans<name>-Regular.ttf` by the script that it is for. */
const SCRIPTS: readonly FontFile[] = [
  ['Arabic', /\p{scx=Arabic}/u],
  ['Hebrew', /\p{scx=Hebrew}/u],
  ['Thai', /\p{scx=Thai}/u],
  ['Devanagari', /\p{scx=Devanagari}/u],
  ['Adlam', /\p{scx=Adlam}/u],
  ['Armenian', /\p{scx=Armenian}/u],
  ['Bengali', /\p{scx=Bengali}/u],
  ['CanadianAboriginal', /\p{scx=Canadian_Aboriginal}/u],
  ['Cherokee', /\p{scx=Cherokee}/u],
  ['Ethiopic', /\p{scx=Ethiopic}/u],
  ['Georgian', /\p{scx=Georgian}/u],
  ['Gujarati', /\p{scx=Gujarati}/u],
  ['Gurmukhi', /\p{scx=Gurmukhi}/u],
  ['Javanese', /\p{scx=Javanese}/u],
  ['Kannada', /\p{scx=Kannada}/u],
  ['Khmer', /\p{scx=Khmer}/u],
  ['Lao', /\p{scx=Lao}/u],
  ['Malayalam', /\p{scx=Malayalam}/u],
  ['Mongolian', /\p{scx=Mongolian}/u],
  ['Myanmar', /\p{scx=Myanmar}/u],
  ['NKo', /\p{scx=Nko}/u],
  ['Oriya', /\p{scx=Oriya}/u],
  ['Sinhala', /\p{scx=Sinhala}/u],
  ['Syriac', /\p{scx=Syriac}/u],
  ['Tamil', /\p{scx=Tamil}/u],
  ['Telugu', /\p{scx=Telugu}/u],
  ['Thaana', /\p{scx=Thaana}/u],
  ['Tifinagh', /\p{scx=Tifinagh}/u],
  ['Yi', /\p{scx=Yi}/u],
].map(([name, characters]) => ({ file: `NotoSans${name}-Regular.ttf`, characters: characters as RegExp }));

/** In the order in which a character is looked for. */
const FILES: readonly FontFile[] = [
  { file: CORE, characters: /./su },
  {
    file: 'NotoSansCJKsc-Regular.otf',
    characters:
      /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\u2500-\u25ff\u2e80-\u33ff\ufe10-\ufe6f\uff00-\uffef\u{1f200}-\u{1f2ff}]/u,
  },
  ...SCRIPTS,
  { file: 'NotoSerifTibetan-Regular.ttf', characters: /\p{scx=Tibetan}/u },
  { file: 'NotoSansSymbols2-Regular.ttf', characters: /[\p{S}\p{N}\p{P}]/u },
  { file: 'NotoSansMath-Regular.ttf', characters: /[\p{S}\p{N}\p{P}\p{L}]/u },
  { file: 'NotoSansSymbols-Regular.ttf', characters: /[\p{S}\p{N}\p{M}]/u },
  { file: EMOJI, characters: /[\p{Emoji}\p{Emoji_Component}]/u },
];

/** Shown by no glyph of its own, in any font. */
const INVISIBLE = /^\p{Default_Ignorable_Code_Point}$/u;
const EMOJI_STYLE = /\p{Emoji_Presentation}|\ufe0f/u;

/** Characters whose font is known by heart. */
const MAX_REMEMBERED = 20_000;

export interface LoadedFont {
  readonly font: Font;
  /** Small number, for keys. */
  readonly id: number;
}

/** The fonts that ship with the package, each read when the first text needs it. */
export class Fonts {
  readonly #loaded = new Map<string, LoadedFont>();
  /** Of each character that was met: its font, or null where none has it. */
  readonly #ofCharacter = new Map<string, LoadedFont | null>();

  /** Reads what `text` needs; afterwards `fontOf` answers for each of its characters. */
  async prepare(text: string): Promise<void> {
    if (this.#ofCharacter.size > MAX_REMEMBERED) this.#ofCharacter.clear();
    let found = 0;
    for (const character of new Set(text)) {
      if (this.#ofCharacter.has(character)) continue;
      this.#ofCharacter.set(character, (await this.#find(character)) ?? null);
      if (++found % 500 === 0) await setImmediate();
    }
    if (EMOJI_STYLE.test(text)) await this.#load(EMOJI);
  }

  /** One font for all characters of a cluster (what a reader calls one letter), undefined where no font has them all. */
  fontOf(cluster: string): LoadedFont | undefined {
    const known = this.#ofCharacter.get(cluster);
    if (known !== undefined && !EMOJI_STYLE.test(cluster)) return known ?? undefined;
    const visible = [...cluster].filter((character) => !INVISIBLE.test(character));
    const emoji = EMOJI_STYLE.test(cluster) ? this.#loaded.get(EMOJI) : undefined;
    if (visible.length === 0) return this.#loaded.get(CORE);
    for (const font of [emoji, ...visible.map((character) => this.#ofCharacter.get(character))]) {
      if (font && visible.every((character) => covers(font, character))) return font;
    }
    return undefined;
  }

  async #find(character: string): Promise<LoadedFont | undefined> {
    if (INVISIBLE.test(character)) return this.#load(CORE);
    for (const { file, characters } of FILES) {
      if (!characters.test(character)) continue;
      const font = await this.#load(file);
      if (covers(font, character)) return font;
    }
    return undefined;
  }

  async #load(file: string): Promise<LoadedFont> {
    const known = this.#loaded.get(file);
    if (known !== undefined) return known;
    const [{ Blob, Face, Font }, bytes] = await Promise.all([import('harfbuzzjs'), readFile(`${FOLDER}${file}`)]);
    const other = this.#loaded.get(file); // another text may have been faster
    if (other !== undefined) return other;
    const font = new Font(new Face(new Blob(bytes)));
    font.setScale(UNITS_PER_EM, UNITS_PER_EM);
    const loaded = { font, id: this.#loaded.size };
    this.#loaded.set(file, loaded);
    return loaded;
  }
}

function covers({ font }: LoadedFont, character: string): boolean {
  return font.glyph(character.codePointAt(0) ?? 0) !== undefined;
}

/** Names of all files, in `server/fonts`. */
export function fontFiles(): readonly string[] {
  return FILES.map(({ file }) => file);
}
