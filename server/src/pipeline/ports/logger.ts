export type Fields = Readonly<Record<string, unknown>>;

/** Fields first, then a fixed sentence. `info`: what an operator did; `warn`: recovered; `error`: needs a person. */
export interface Logger {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  with(fields: Fields): Logger;
}
