/** A point as a database understands it. */
export interface ParsedPoint {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, ParsedField>;
  readonly time: bigint;
  /** The line as it came. */
  readonly line: string;
}

export interface ParsedField {
  readonly type: 'string' | 'float' | 'integer' | 'boolean';
  readonly value: string | number | bigint | boolean;
}

export interface ParserOptions {
  /** As InfluxDB 3 may be: no tab in a tag, no backslash before a backslash or before an escape. */
  readonly strictBackslash: boolean;
}

export class UnparsableLine extends Error {
  readonly line: string;
  constructor(line: string, reason: string) {
    super(`unable to parse '${line}': ${reason}`);
    this.line = line;
  }
}

/** Cuts a body into lines: a line end inside quotes belongs to a field. */
export function linesOf(body: string): readonly string[] {
  const lines: string[] = [];
  let start = 0;
  let isQuoted = false;
  let spaces = 0;
  for (let i = 0; i < body.length; i++) {
    const c = body.charAt(i);
    if (isQuoted && c === '\\') i++;
    else if (!isQuoted && c === '\\' && i + 1 < body.length && body.charAt(i + 1) !== '\n') i++;
    else if (c === ' ' && !isQuoted) spaces++;
    else if (c === '"' && spaces > 0) isQuoted = !isQuoted;
    else if (c === '\n' && !isQuoted) {
      if (i > start) lines.push(body.slice(start, i));
      start = i + 1;
      spaces = 0;
    }
  }
  if (start < body.length) lines.push(body.slice(start));
  return lines;
}

/** @throws UnparsableLine */
export function parseLine(line: string, options: ParserOptions = { strictBackslash: false }): ParsedPoint {
  return new LineParser(line, options).parse();
}

/** Reads left to right; shares no code with the encoder. */
class LineParser {
  readonly #line: string;
  readonly #options: ParserOptions;
  #at = 0;

  constructor(line: string, options: ParserOptions) {
    this.#line = line;
    this.#options = options;
  }

  parse(): ParsedPoint {
    if (this.#line.startsWith('#')) this.#fail('comment');
    const measurement = this.#word(', ');
    if (measurement === '') this.#fail('missing measurement');
    const tags = new Map<string, string>();
    while (this.#peek() === ',') {
      this.#at++;
      const name = this.#word('=, ');
      this.#expect('=');
      const value = this.#word(',= ');
      if (name === '') this.#fail('missing tag key');
      if (value === '') this.#fail('missing tag value');
      if (tags.has(name)) this.#fail('duplicate tags');
      tags.set(name, value);
    }
    this.#expect(' ');
    const fields = new Map<string, ParsedField>();
    for (;;) {
      const name = this.#word('=, ');
      if (name === '') this.#fail('missing field key');
      this.#expect('=');
      if (fields.has(name)) this.#fail(`field ${name} twice`);
      fields.set(name, this.#value());
      if (this.#peek() !== ',') break;
      this.#at++;
    }
    this.#expect(' ');
    const time = this.#line.slice(this.#at);
    if (!/^-?\d{1,19}$/.test(time)) this.#fail('bad timestamp');
    if (BigInt(time) > 9223372036854775806n || BigInt(time) < -9223372036854775806n) this.#fail('time outside range');
    if (new Set([...tags.keys(), ...fields.keys()]).size < tags.size + fields.size)
      this.#fail('tag and field share a name');
    return { measurement, tags, fields, time: BigInt(time), line: this.#line };
  }

  #word(ends: string): string {
    let word = '';
    while (this.#at < this.#line.length) {
      const c = this.#peek();
      const next = this.#line.charAt(this.#at + 1);
      if (c === '\\' && next !== '' && ',= '.includes(next)) {
        word += next;
        this.#at += 2;
        continue;
      }
      if (c === '\\' && this.#options.strictBackslash && next === '\\') this.#fail('ambiguous backslash');
      if (ends.includes(c)) break;
      if (c === '\n' || (c === '\t' && this.#options.strictBackslash)) this.#fail('white space in a name or tag');
      word += c;
      this.#at++;
    }
    return word;
  }

  #value(): ParsedField {
    if (this.#peek() === '"') return { type: 'string', value: this.#string() };
    const text = this.#word(', ');
    if (/^-?\d+i$/.test(text)) {
      const value = BigInt(text.slice(0, -1));
      if (BigInt.asIntN(64, value) !== value) this.#fail('integer outside range');
      return { type: 'integer', value };
    }
    if (/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return { type: 'float', value: Number(text) };
    if (['t', 'T', 'true', 'True', 'TRUE'].includes(text)) return { type: 'boolean', value: true };
    if (['f', 'F', 'false', 'False', 'FALSE'].includes(text)) return { type: 'boolean', value: false };
    return this.#fail('invalid field format');
  }

  #string(): string {
    let text = '';
    for (this.#at++; this.#at < this.#line.length; this.#at++) {
      const c = this.#peek();
      if (c === '"') {
        this.#at++;
        return text;
      }
      const next = this.#line.charAt(this.#at + 1);
      if (c === '\\' && (next === '"' || next === '\\')) {
        text += next;
        this.#at++;
      } else text += c;
    }
    return this.#fail('unbalanced quotes');
  }

  #peek(): string {
    return this.#line.charAt(this.#at);
  }

  #expect(c: string): void {
    if (this.#peek() !== c) this.#fail(`expected ${JSON.stringify(c)} at ${this.#at}`);
    this.#at++;
  }

  #fail(reason: string): never {
    throw new UnparsableLine(this.#line, reason);
  }
}
