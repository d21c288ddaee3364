import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { messageOf } from '../../domain/errors.ts';
import { CountedWarnings } from '../../pipeline/counted-warnings.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { RefusedEvent, RefusedStore } from '../../pipeline/ports/refused-store.ts';
import { whileInUse } from '../shared/file-in-use.ts';
import { makeFoldersSync } from '../shared/make-folders.ts';
import { restrictToOwner } from '../shared/private-folder.ts';
import { refusedPaths } from './refused-records.ts';

export interface RefusedFileOptions {
  /** Absolute: that of the event log. */
  readonly directory: string;
  /** Of each of the two generations. */
  readonly maxBytes?: number;
  /** Longer bodies are cut; the line says so. */
  readonly maxBodyBytes?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Touches the disk only when something is refused. */
export function openRefusedFile(options: RefusedFileOptions): RefusedStore {
  return new RefusedFile(options);
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_BODY_BYTES = 256 * 1024;
const NEWLINE = Buffer.from('\n');
/** Lines that wait for the disk; beyond that they are counted and lost. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/**
 * Refused events in a file of one line each, newest last, and the file before it: what is kept is bounded by twice
 * `maxBytes`. Lines are written behind ingest, without a sync: they were never acknowledged, and a crash may cost the
 * last of them or leave one torn, which readers pass over.
 */
class RefusedFile implements RefusedStore {
  readonly #directory: string;
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxBodyBytes: number;
  readonly #logger: Logger;
  readonly #warnings: CountedWarnings;
  #pending: string[] = [];
  #pendingBytes = 0;
  /** Of the file; undefined: not looked at yet. */
  #bytes: number | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: RefusedFileOptions) {
    this.#directory = options.directory;
    this.#path = refusedPaths(options.directory).current;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    this.#logger = options.logger;
    this.#warnings = new CountedWarnings(options.clock);
  }

  add(event: RefusedEvent): void {
    const line = lineOf(event, this.#maxBodyBytes);
    if (this.#pendingBytes + line.length > MAX_PENDING_BYTES) {
      this.#lose(1, 'they come faster than the disk takes them');
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    this.#writing ??= this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
    this.#warnings.flush();
  }

  async #write(): Promise<void> {
    // what comes in the same turn of the loop goes into the same write
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const lines = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      await this.#append(Buffer.from(lines.join(''))).catch((error: unknown) =>
        this.#lose(lines.length, messageOf(error)),
      );
    }
    this.#writing = undefined;
  }

  async #append(bytes: Buffer): Promise<void> {
    const found = this.#bytes ?? sizeOf(this.#path);
    // what was there before may end in a torn line: that one is given its end
    const lines = this.#bytes === undefined && found > 0 ? Buffer.concat([NEWLINE, bytes]) : bytes;
    this.#bytes = found;
    if (this.#bytes > 0 && this.#bytes + lines.length > this.#maxBytes) {
      await whileInUse(() => rename(this.#path, refusedPaths(this.#directory).previous));
      this.#bytes = 0;
    }
    const isNew = this.#bytes === 0;
    if (isNew) makeFoldersSync(this.#directory, 0o700);
    const file = await whileInUse(() => open(this.#path, 'a', 0o600));
    try {
      if (isNew) restrictToOwner(this.#path, 'file');
      await file.appendFile(lines);
      this.#bytes += lines.length;
    } catch (error) {
      // a part of it may have been written
      this.#bytes = undefined;
      throw error;
    } finally {
      await file.close();
    }
  }

  #lose(events: number, cause: string): void {
    for (let i = 0; i < events; i++) {
      this.#warnings.add(cause, (count) =>
        this.#logger.warn({ path: this.#path, cause, count }, 'refused events could not be kept'),
      );
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function lineOf({ at, ip, status, reason, details, body }: RefusedEvent, maxBodyBytes: number): string {
  const whole = typeof body === 'string' ? Buffer.from(body) : body;
  const kept = whole.subarray(0, maxBodyBytes);
  const truncated = kept.length < whole.length;
  const readable = isUtf8(whole);
  return `${JSON.stringify({
    at: new Date(at).toISOString(),
    ip,
    status,
    reason,
    details,
    bytes: whole.length,
    ...(truncated ? { truncated } : {}),
    // a cut may go through a character: that one becomes U+FFFD
    ...(readable ? { body: kept.toString('utf8') } : { bodyBase64: kept.toString('base64') }),
  })}\n`;
}
