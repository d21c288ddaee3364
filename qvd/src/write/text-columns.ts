import {
  isInt32,
  type QvdInput,
  SYMBOL_DOUBLE,
  SYMBOL_DUAL_DOUBLE,
  SYMBOL_DUAL_INTEGER,
  SYMBOL_INTEGER,
  SYMBOL_TEXT,
} from '../values.ts';
import { NEGATIVE_ZERO, type SymbolKey } from './distinct-keys.ts';
import { putNumber } from './number-columns.ts';
import { storableText } from './storable-text.ts';
import { PIECE_BYTES, SymbolColumn } from './symbol-column.ts';

/** Texts. The empty one is a value, not NULL. */
export class TextColumn extends SymbolColumn {
  #beyondAscii = 0;

  store(value: QvdInput, row: number): number {
    if (typeof value === 'string') return this.known.get(value) ?? this.#add(value, row);
    if (value === null || value === undefined) return 0;
    throw this.wrongType(value, 'a text', row);
  }

  tags(): readonly string[] {
    return this.symbolCount > 0 && this.#beyondAscii === 0 ? ['$ascii', '$text'] : ['$text'];
  }

  /** Texts leave joined, many to one conversion: several times faster than one by one. */
  override *encode(): Generator<Buffer> {
    const encoding = this.#beyondAscii === 0 ? 'latin1' : 'utf8';
    let batch: string[] = [];
    let length = 0;
    for (const key of this.known.keys()) {
      const text = key as string;
      if (length + text.length > PIECE_BYTES && batch.length > 0) {
        yield joined(batch, encoding);
        batch = [];
        length = 0;
      }
      batch.push(text);
      length += text.length + 2;
    }
    if (batch.length > 0) yield joined(batch, encoding);
  }

  #add(text: string, row: number): number {
    const storable = storableText(text, this.policy, this.name, row);
    if (storable !== text) {
      const known = this.known.get(storable); // two texts may have become one
      if (known !== undefined) return known;
    }
    return this.append(storable, row);
  }

  protected override onAppended(key: SymbolKey, step: 1 | -1): void {
    const text = key as string;
    if (Buffer.byteLength(text) !== text.length) this.#beyondAscii += step;
  }

  protected sizeOf(key: SymbolKey): number {
    return Buffer.byteLength(key as string) + 2;
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    bytes[position] = SYMBOL_TEXT;
    return putText(bytes, position + 1, key as string);
  }
}

function joined(texts: readonly string[], encoding: 'latin1' | 'utf8'): Buffer {
  return Buffer.from(`\u0004${texts.join('\0\u0004')}\0`, encoding);
}

function putText(bytes: Buffer, position: number, text: string): number {
  const end = position + bytes.write(text, position);
  bytes[end] = 0;
  return end + 1;
}

/** Each value as what it is: a number, a text, a boolean (-1 or 0), or a number with its text. */
export class MixedColumn extends SymbolColumn {
  readonly #dualsOnly: boolean;
  readonly #counts = { all: 0, numeric: 0, integer: 0, text: 0, ascii: 0 };

  constructor(name: string, policy: SymbolColumn['policy'], dualsOnly: boolean) {
    super(name, policy);
    this.#dualsOnly = dualsOnly;
  }

  store(value: QvdInput, row: number): number {
    if (value === null || value === undefined) return 0;
    if (typeof value === 'object' && 'number' in value && 'text' in value) return this.#storeDual(value, row);
    if (!this.#dualsOnly) {
      if (typeof value === 'string') return this.#storeKey(storableText(value, this.policy, this.name, row), row);
      if (typeof value === 'number') return this.#storeNumber(value, row);
      if (typeof value === 'boolean') return this.#storeKey(value ? -1 : 0, row);
    }
    const wanted = this.#dualsOnly ? '{ number, text }' : 'a number, a text, a boolean, { number, text }';
    throw this.wrongType(value, wanted, row);
  }

  tags(): readonly string[] {
    const { all, numeric, integer, text, ascii } = this.#counts;
    if (all === 0) return [];
    if (numeric === all) return integer === all ? ['$numeric', '$integer'] : ['$numeric'];
    if (text === all) return ascii === all ? ['$ascii', '$text'] : ['$text'];
    return [];
  }

  #storeNumber(value: number, row: number): number {
    if (!Number.isFinite(value)) return this.storeNonFinite(String(value), row);
    return this.#storeKey(Object.is(value, -0) ? NEGATIVE_ZERO : value, row);
  }

  // A text holds no U+0000, so the number, U+0000 and the text make a key that no plain text can equal.
  #storeDual(value: { readonly number: number; readonly text: string }, row: number): number {
    const { number, text } = value;
    if (typeof number !== 'number' || typeof text !== 'string') throw this.wrongType(value, '{ number, text }', row);
    if (!Number.isFinite(number)) return this.storeNonFinite(String(number), row);
    const storable = storableText(text, this.policy, this.name, row);
    return this.#storeKey(`${Object.is(number, -0) ? '-0' : number}\0${storable}`, row);
  }

  #storeKey(key: SymbolKey, row: number): number {
    return this.known.get(key) ?? this.append(key, row);
  }

  protected override onAppended(key: SymbolKey, step: 1 | -1): void {
    const { number, text } = parts(key);
    this.#counts.all += step;
    if (number !== undefined) this.#counts.numeric += step;
    if (number !== undefined && Number.isInteger(number)) this.#counts.integer += step;
    if (number === undefined && text !== undefined) {
      this.#counts.text += step;
      if (Buffer.byteLength(text) === text.length) this.#counts.ascii += step;
    }
  }

  protected sizeOf(key: SymbolKey): number {
    const { number, text } = parts(key);
    const numberBytes = number === undefined ? 0 : isInt32(number) ? 4 : 8;
    return 1 + numberBytes + (text === undefined ? 0 : Buffer.byteLength(text) + 1);
  }

  protected put(bytes: Buffer, position: number, key: SymbolKey): number {
    const { number, text } = parts(key);
    if (number === undefined) {
      bytes[position] = SYMBOL_TEXT;
      return putText(bytes, position + 1, text ?? '');
    }
    const small = isInt32(number);
    const plain = small ? SYMBOL_INTEGER : SYMBOL_DOUBLE;
    const dual = small ? SYMBOL_DUAL_INTEGER : SYMBOL_DUAL_DOUBLE;
    bytes[position] = text === undefined ? plain : dual;
    const end = putNumber(bytes, position + 1, number, small);
    return text === undefined ? end : putText(bytes, end, text);
  }
}

function parts(key: SymbolKey): { readonly number?: number; readonly text?: string } {
  if (key === NEGATIVE_ZERO) return { number: -0 };
  if (typeof key === 'number') return { number: key };
  const end = key.indexOf('\0');
  return end < 0 ? { text: key } : { number: Number(key.slice(0, end)), text: key.slice(end + 1) };
}
