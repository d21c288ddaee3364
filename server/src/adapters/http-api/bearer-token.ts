import { timingSafeEqual } from 'node:crypto';

/** The tokens that let a client in. Comparing takes as long for a wrong token as for a right one of the same length. */
export class BearerTokens {
  readonly #tokens: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens.map((token) => Buffer.from(token, 'utf8'));
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
    for (const [number, token] of this.#tokens.entries()) {
      if (token.length === bytes.length && timingSafeEqual(token, bytes)) matching ??= number;
    }
    return matching;
  }
}
