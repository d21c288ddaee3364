import { isAscii } from 'node:buffer';
import {
  type QvdInput,
  SYMBOL_DOUBLE,
  SYMBOL_DUAL_DOUBLE,
  SYMBOL_DUAL_INTEGER,
  SYMBOL_INTEGER,
  SYMBOL_TEXT,
} from '../values.ts';
import { Column, type UnstorablePolicy } from './column.ts';
import { RecentTexts } from './recent-texts.ts';
import { intern, putNumber, putText, textBytes } from './symbol-bytes.ts';
import type { SymbolTable } from './symbol-table.ts';

/** What fields with texts share. */
export abstract class TextHoldingColumn extends Column {
  /** The text as the file can hold it. @throws {QvdError} QVD_TEXT_HAS_NUL, QVD_TEXT_LONE_SURROGATE */
  protected storable(text: string, row: number): string {
    if (this.policy.loneSurrogate === 'error' && !text.isWellFormed()) {
      throw this.error('QVD_TEXT_LONE_SURROGATE', 'the text contains half a surrogate pair, which has no UTF-8', row);
    }
    if (!text.includes('\0')) return text;
    if (this.policy.nulCharacter === 'replace') return text.replaceAll('\0', '\uFFFD');
    throw this.error('QVD_TEXT_HAS_NUL', 'the text contains U+0000, which ends a text in a QVD file', row);
  }

  protected storeText(text: string): number {
    const start = this.symbols.reserve(1 + textBytes(text));
    const { bytes } = this.symbols;
    bytes[start] = SYMBOL_TEXT;
    return intern(this.symbols, putText(bytes, start + 1, text));
  }

  /** Whether a symbol of those that were kept is a text. */
  protected holdsText(): boolean {
    for (const symbol of this.symbols.symbols()) if (symbol[0] === SYMBOL_TEXT) return true;
    return false;
  }
}

/** Texts. The empty one is a value, not NULL. */
export class TextColumn extends TextHoldingColumn {
  readonly #recent = new RecentTexts();

  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value !== 'string') throw this.wrongType(value, 'a text', row);
    const recent = this.#recent.find(value);
    if (recent !== 0) return recent;
    const before = this.symbols.count;
    const cell = this.storeText(this.storable(value, row));
    // Only what is new: otherwise two texts that want one entry would drive each other out for ever.
    if (cell > before) this.#recent.remember(value, cell);
    return cell;
  }

  override rollBack(count: number): void {
    if (this.symbols.rollBack(count)) this.#recent.forget();
  }

  tags(): readonly string[] {
    return textTags(this.symbols);
  }
}

/** Each value as what it is: a number, a text, a boolean (-1 or 0), or a number with its text. */
export class MixedColumn extends TextHoldingColumn {
  readonly #dualsOnly: boolean;

  constructor(name: string, policy: UnstorablePolicy, dualsOnly: boolean) {
    super(name, policy);
    this.#dualsOnly = dualsOnly;
  }

  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value === 'object' && 'number' in value && 'text' in value) return this.#storeDual(value, row);
    if (!this.#dualsOnly) {
      if (typeof value === 'string') return this.storeText(this.storable(value, row));
      if (typeof value === 'number') return this.#storeNumber(value, row);
      if (typeof value === 'boolean') return this.#storeNumber(value ? -1 : 0, row);
    }
    const wanted = this.#dualsOnly ? '{ number, text }' : 'a number, a text, a boolean, { number, text }';
    throw this.wrongType(value, wanted, row);
  }

  tags(): readonly string[] {
    let numeric = true;
    let whole = true;
    let texts = true;
    for (const symbol of this.symbols.symbols()) {
      const type = symbol[0];
      const isDouble = type === SYMBOL_DOUBLE || type === SYMBOL_DUAL_DOUBLE;
      if (type === SYMBOL_TEXT) numeric = false;
      else texts = false;
      if (isDouble ? !Number.isInteger(symbol.readDoubleLE(1)) : !isIntegerType(type)) whole = false;
    }
    if (this.symbols.count === 0) return [];
    if (texts) return textTags(this.symbols);
    return numeric ? (whole ? ['$numeric', '$integer'] : ['$numeric']) : [];
  }

  #storeNumber(value: number, row: number): number {
    if (!Number.isFinite(value)) return this.storeNonFinite(value, row);
    const start = this.symbols.reserve(9);
    return intern(this.symbols, putNumber(this.symbols.bytes, start, value, false));
  }

  #storeDual(value: { readonly number: unknown; readonly text: unknown }, row: number): number {
    const { number, text } = value;
    if (typeof number !== 'number' || typeof text !== 'string') throw this.wrongType(value, '{ number, text }', row);
    if (!Number.isFinite(number)) return this.storeNonFinite(number, row);
    const storable = this.storable(text, row);
    const start = this.symbols.reserve(9 + textBytes(storable));
    const { bytes } = this.symbols;
    return intern(this.symbols, putText(bytes, putNumber(bytes, start, number, true), storable));
  }
}

function isIntegerType(type: number | undefined): boolean {
  return type === SYMBOL_INTEGER || type === SYMBOL_DUAL_INTEGER;
}

/** The tags of a field all of whose symbols are texts. */
function textTags(symbols: SymbolTable): readonly string[] {
  if (symbols.count === 0) return ['$text'];
  for (const piece of symbols.pieces()) if (!isAscii(piece)) return ['$text'];
  return ['$ascii', '$text'];
}
