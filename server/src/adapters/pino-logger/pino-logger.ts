import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type DestinationStream, multistream, type Logger as Pino, pino } from 'pino';
import type { Fields, Logger } from '../../pipeline/ports/logger.ts';
import { makeFoldersSync } from '../shared/make-folders.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `text`: one readable line each, for a terminal. `json`: one JSON object each, for machines. */
  readonly format: 'text' | 'json';
  /** Default: standard output. */
  readonly to?: 'stdout' | 'stderr';
  /** Also a file a day here, `butler-sos-audit.YYYY-MM-DD.log`, as JSON. */
  readonly directory?: string;
}

/** Writes synchronously: a line that was logged is out, also when the process dies next. */
export function createPinoLogger(options: LoggerOptions): Logger {
  const descriptor = options.to === 'stderr' ? 2 : 1;
  const terminal: DestinationStream = {
    write: (line) => writeAll(descriptor, options.format === 'text' ? readable(line) : line),
  };
  const streams = [{ stream: terminal, level: options.level }];
  if (options.directory !== undefined) streams.push({ stream: dailyFile(options.directory), level: options.level });
  const base = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    multistream(streams),
  );
  return new PinoLogger(base);
}

class PinoLogger implements Logger {
  readonly #pino: Pino;
  constructor(base: Pino) {
    this.#pino = base;
  }
  debug(fields: Fields, message: string): void {
    this.#pino.debug(fields, message);
  }
  info(fields: Fields, message: string): void {
    this.#pino.info(fields, message);
  }
  warn(fields: Fields, message: string): void {
    this.#pino.warn(fields, message);
  }
  error(fields: Fields, message: string): void {
    this.#pino.error(fields, message);
  }
  with(fields: Fields): Logger {
    return new PinoLogger(this.#pino.child(fields));
  }
}

/** `2026-11-23T07:00:00.123Z warn  the sentence  key=value` */
export function readable(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields)
    .map(
      ([key, value]) =>
        `${key}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join(' ')
    .replace(/\p{Cc}/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`); // clients choose some values
  return `${time} ${String(level).padEnd(5)} ${msg}${rest === '' ? '' : `  ${rest}`}\n`;
}

function dailyFile(directory: string): DestinationStream {
  makeFoldersSync(directory, 0o777);
  let day = '';
  let file = -1;
  return {
    write(line) {
      const today = new Date().toISOString().slice(0, 10);
      if (today !== day) {
        const next = openDay(join(directory, `butler-sos-audit.${today}.log`), day === '');
        if (next !== undefined) {
          if (day !== '') closeSync(file);
          file = next;
          day = today;
        }
      }
      writeAll(file, line);
    },
  };
}

/** The first file must be there. A later one that the disk refuses stops nobody: the log goes on in the one before it. */
function openDay(path: string, isFirst: boolean): number | undefined {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    if (isFirst) throw error;
    return undefined;
  }
}

/** A full pipe or a closed terminal must never stop the server. */
function writeAll(file: number, text: string): void {
  try {
    writeSync(file, text);
  } catch {
    return; // nowhere left to say so
  }
}
