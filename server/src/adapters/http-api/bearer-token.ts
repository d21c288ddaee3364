import { timingSafeEqual } from 'node:crypto';

/** The tokens that let a client in. Comparing takes as long for a wrong token as for a right one of the same length. */
export class BearerTokens {
  /** Each as bytes: browsers send "é" as Latin-1 (and cannot send what is not in it), command lines as UTF-8. */
  readonly #tokens: readonly (readonly Buffer[])[];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens.map((token) => {
      const utf8 = Buffer.from(token, 'utf8');
      const latin1 = Buffer.from(token, 'latin1');
      return latin1.toString('latin1') === token && !latin1.equals(utf8) ? [utf8, latin1] : [utf8];
    });
  }

  /** No token is asked for. */
  get open(): boolean {
    return this.#tokens.length === 0;
  }

  /** Number of the token in the `Authorization` header; undefined when it is none of ours. */
  match(authorization: string | undefined): number | undefined {
    if (authorization === undefined || !/^bearer /i.test(authorization)) return undefined;
    // header values arrive as Latin-1, one character a byte; of "à" in UTF-8 the second is a blank to `trim`
    const bytes = Buffer.from(authorization.slice(7).replace(/^[ \t]+/, ''), 'latin1');
    let matching: number | undefined;
    for (const [number, spellings] of this.#tokens.entries()) {
      for (const token of spellings) {
        if (token.length === bytes.length && timingSafeEqual(token, bytes)) matching ??= number;
      }
    }
    return matching;
  }
}
