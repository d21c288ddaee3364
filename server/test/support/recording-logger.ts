import type { Fields, Logger } from '../../src/pipeline/ports/logger.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Fields;
  readonly message: string;
}

/** Keeps every line for assertions. */
export class RecordingLogger implements Logger {
  readonly lines: LoggedLine[];
  readonly #bound: Fields;
  constructor(bound: Fields = {}, lines: LoggedLine[] = []) {
    this.#bound = bound;
    this.lines = lines;
  }
  debug(fields: Fields, message: string): void {
    this.#add('debug', fields, message);
  }
  info(fields: Fields, message: string): void {
    this.#add('info', fields, message);
  }
  warn(fields: Fields, message: string): void {
    this.#add('warn', fields, message);
  }
  error(fields: Fields, message: string): void {
    this.#add('error', fields, message);
  }
  with(fields: Fields): Logger {
    return new RecordingLogger({ ...this.#bound, ...fields }, this.lines);
  }
  at(level: LoggedLine['level']): readonly LoggedLine[] {
    return this.lines.filter((l) => l.level === level);
  }
  #add(level: LoggedLine['level'], fields: Fields, message: string): void {
    this.lines.push({ level, fields: { ...this.#bound, ...fields }, message });
  }
}
