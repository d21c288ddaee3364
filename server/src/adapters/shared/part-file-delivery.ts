import { join } from 'node:path';
import { CodedError } from '../../domain/errors.ts';
import type { Attempt, FilePart, PreparedFile } from '../../pipeline/ports/cursor-store.ts';
import type { Batch, DeliveryOutcome } from '../../pipeline/ports/destination.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { DurableFolder } from './durable-file.ts';
import { publishPrepared, verifyPrepared } from './publish-prepared.ts';

const NEWEST_FILES = 20;

/** Delivers each batch as one file `YYYYMMDD_partN.<extension>`, exactly once across crashes (rule 19). */
export class PartFileDelivery {
  readonly #folder: DurableFolder;
  readonly #extension: string;
  readonly #logger: Logger;
  #straysRemoved = false;
  #highestParts: Promise<ReadonlyMap<string, number>> | undefined;

  constructor(folder: DurableFolder, extension: string, logger: Logger) {
    this.#folder = folder;
    this.#extension = extension;
    this.#logger = logger;
  }

  /** @param encode the bytes of the file; what it throws says that the rows cannot be held (`refused`) */
  async deliver(batch: Batch, encode: () => Uint8Array, signal: AbortSignal): Promise<DeliveryOutcome> {
    try {
      const { prepared } = batch.attempt;
      if (!this.#straysRemoved) await this.#folder.removeStrays(prepared?.temporaryPath);
      this.#straysRemoved = true;
      if (prepared !== undefined) {
        await verifyPrepared(this.#folder, prepared);
        await this.#publish(batch, prepared);
      } else if (batch.rows.length > 0) await this.#publish(batch, await this.#prepare(batch, encode, signal));
      return { kind: 'delivered', rejected: [] };
    } catch (error) {
      this.#straysRemoved = false;
      if (error instanceof CodedError) return outcomeOf(error);
      throw error;
    }
  }

  /**
   * What `factOf` finds in the newest file for which it finds something. Others may export to the same folder: so many of
   * their files are passed over, no more. @throws CodedError EXPORT_WRITE_FAILED
   */
  async newest<T>(factOf: (bytes: Uint8Array) => T | undefined): Promise<T | undefined> {
    const parts = (await this.#parts()).sort((a, b) => b.day.localeCompare(a.day) || b.part - a.part);
    for (const part of parts.slice(0, NEWEST_FILES)) {
      const bytes = await this.#folder.read(join(this.#folder.directory, this.#nameOf(part)));
      const fact = bytes === undefined ? undefined : factOf(bytes);
      if (fact !== undefined) return fact;
    }
    return undefined;
  }

  /** A crash before `prepare` leaves a stray; the folder is synced first, because afterwards "gone" means "published". */
  async #prepare(batch: Batch, encode: () => Uint8Array, signal: AbortSignal): Promise<PreparedFile> {
    refuseWhenAborted(signal);
    const bytes = encoded(encode);
    refuseWhenAborted(signal);
    await this.#folder.create();
    const temporary = await this.#folder.writeTemporary(bytes);
    await this.#folder.sync();
    const file = this.#fileOf(partOf(batch.attempt), temporary.path, temporary.sha256);
    batch.prepare(file);
    return file;
  }

  async #publish(batch: Batch, prepared: PreparedFile): Promise<void> {
    let file = prepared;
    while ((await publishPrepared(this.#folder, file)) === 'occupied') {
      this.#logger.warn(
        { file: file.path },
        'A file of somebody else has the name of the next part; taking a later one.',
      );
      file = this.#fileOf(await this.#freePart(batch), file.temporaryPath, file.sha256);
      batch.prepare(file);
    }
  }

  /** Jumps over every part of that day that was there when the folder was first looked at. */
  async #freePart(batch: Batch): Promise<FilePart> {
    this.#highestParts ??= this.#scan();
    const highest = await this.#highestParts;
    for (;;) {
      const part = partOf(batch.reserveNext((highest.get(partOf(batch.attempt).day) ?? 0) + 1));
      if (part.part > (highest.get(part.day) ?? 0)) return part;
    }
  }

  async #scan(): Promise<ReadonlyMap<string, number>> {
    const highest = new Map<string, number>();
    for (const { day, part } of await this.#parts()) highest.set(day, Math.max(highest.get(day) ?? 0, part));
    return highest;
  }

  async #parts(): Promise<FilePart[]> {
    return (await this.#folder.list()).flatMap((name) => {
      const [, day = '', part, extension] = /^(\d{8})_part(\d{1,9})\.(\w+)$/.exec(name) ?? [];
      return extension === this.#extension ? [{ day, part: Number(part) }] : [];
    });
  }

  #fileOf(part: FilePart, temporaryPath: string, sha256: string): PreparedFile {
    return { temporaryPath, path: join(this.#folder.directory, this.#nameOf(part)), sha256 };
  }

  #nameOf({ day, part }: FilePart): string {
    return `${day}_part${part}.${this.#extension}`;
  }
}

function partOf(attempt: Attempt): FilePart {
  if (attempt.part !== undefined) return attempt.part;
  throw new CodedError('DEFECT', 'A file destination was given an attempt without a reserved part.', {
    destination: attempt.destination,
  });
}

function encoded(encode: () => Uint8Array): Uint8Array {
  try {
    return encode();
  } catch (error) {
    throw new CodedError('ROW_NOT_ENCODABLE', `The rows cannot be encoded: ${String(error)}`, {}, error);
  }
}

function refuseWhenAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new CodedError('DELIVERY_ABORTED', 'The delivery was interrupted; it will be repeated.');
}

/** A defect is thrown on; everything else is for the worker to decide. */
export function outcomeOf(error: CodedError): DeliveryOutcome {
  switch (error.code) {
    case 'EXPORT_WRITE_FAILED':
    case 'DELIVERY_ABORTED':
      return { kind: 'retry', error };
    case 'ROW_NOT_ENCODABLE':
      return { kind: 'refused', error };
    case 'EXPORT_FILE_ALTERED':
      return { kind: 'stopped', error };
    default:
      throw error;
  }
}
