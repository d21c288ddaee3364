import { join } from 'node:path';
import type { AuditRecord } from '../../../domain/audit-record.ts';
import { CodedError } from '../../../domain/errors.ts';
import { membersOf } from '../../../domain/payload-member.ts';
import { tagsColumn } from '../../../domain/table-row.ts';
import type {
  Batch,
  DeliveryOutcome,
  DeliveryPolicy,
  Destination,
  DestinationContext,
  DestinationFactory,
} from '../../../pipeline/ports/destination.ts';
import { type Disk, DurableFolder, sha256Of } from '../../shared/durable-file.ts';
import { eventFileName } from '../../shared/event-file-name.ts';
import { absoluteDirectory } from '../../shared/file-options.ts';
import { outcomeOf } from '../../shared/part-file-delivery.ts';
import { encodeObjectData, isoTime } from './encode.ts';
import { type JsonOptions, jsonOptions } from './options.ts';

const POLICY: DeliveryPolicy = {
  maxBatchSize: 500,
  maxBatchBytes: 32 * 1024 * 1024,
  writeFrequencyMs: 1000,
  attemptTimeoutMs: 60_000,
  reservesPart: false,
  flushOnStop: true,
};

/** Syncs that are under way at once: disks order several of them better than one after the other. */
const FILES_AT_ONCE = 4;

/**
 * One file per event that has object data. The name follows from the event, so that a batch that comes twice finds its
 * files there; no attempt has to remember them.
 */
export class JsonDestination implements Destination {
  readonly #options: JsonOptions;
  readonly #tags: (record: AuditRecord) => string;
  readonly #folder: DurableFolder;
  #straysRemoved = false;

  constructor(options: JsonOptions, context: DestinationContext, disk?: Disk) {
    this.#options = options;
    this.#tags = tagsColumn(options.staticTags);
    this.#folder = new DurableFolder({
      directory: absoluteDirectory(options, context.root),
      owner: `${context.logId ?? ''}/${context.name}`,
      clock: context.clock,
      ...(disk === undefined ? {} : { disk }),
    });
  }

  async check(): Promise<void> {
    if (this.#options.enable) await this.#folder.probe();
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    const records = this.#options.enable ? batch.rows.map((row) => row.record).filter(hasObjectData) : [];
    try {
      if (records.length > 0) await this.#writeAll(records, signal);
      return { kind: 'delivered', rejected: [] };
    } catch (error) {
      this.#straysRemoved = false;
      if (error instanceof CodedError) return outcomeOf(error);
      throw error;
    }
  }

  async close(): Promise<void> {}

  async #writeAll(records: readonly AuditRecord[], signal: AbortSignal): Promise<void> {
    await this.#folder.create();
    if (!this.#straysRemoved) await this.#folder.removeStrays(undefined);
    this.#straysRemoved = true;
    for (let i = 0; i < records.length; i += FILES_AT_ONCE) {
      if (signal.aborted) {
        throw new CodedError('DELIVERY_ABORTED', 'The delivery was interrupted; it will be repeated.');
      }
      const written = await Promise.allSettled(
        records.slice(i, i + FILES_AT_ONCE).map((record) => this.#write(record)),
      );
      for (const result of written) if (result.status === 'rejected') throw result.reason;
    }
    await this.#folder.sync();
  }

  /** A crash in here leaves a stray, or the file under its name, which the repeated batch recognizes. */
  async #write(record: AuditRecord): Promise<void> {
    const bytes = Buffer.from(encodeObjectData(record, this.#tags(record), this.#options.fieldSet));
    const temporary = await this.#folder.writeTemporary(bytes);
    const name = eventFileName(record);
    for (let n = 1; ; n++) {
      const path = join(this.#folder.directory, n === 1 ? `${name}.json` : `${name}_${n}.json`);
      if ((await this.#folder.linkNew(temporary.path, path)) === 'linked') break;
      const present = await this.#folder.read(path);
      if (present !== undefined && (sha256Of(present) === temporary.sha256 || isAbout(record, present))) break;
    }
    await this.#folder.removeTemporary(temporary.path);
  }
}

function hasObjectData(record: AuditRecord): boolean {
  return record.objectData !== null;
}

/**
 * The same line of the log written earlier, perhaps with other static tags; not another event that came under the same id,
 * nor somebody else's file of the same name.
 */
function isAbout(record: AuditRecord, present: Uint8Array): boolean {
  try {
    const file = membersOf(JSON.parse(Buffer.from(present).toString('utf8')));
    const { sequence } = membersOf(file.tags);
    return (
      file.eventId === record.eventId &&
      file.correlationId === record.correlationId &&
      file.timestamp === isoTime(record.timestamp) &&
      sequence === record.sequence
    );
  } catch {
    return false;
  }
}

export const jsonDestination: DestinationFactory<JsonOptions> = {
  type: 'json',
  options: jsonOptions,
  policy: () => POLICY,
  repeats: 'absorbed',
  create: (options, context) => new JsonDestination(options, context),
};
