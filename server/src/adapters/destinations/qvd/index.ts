import type { Sequence } from '../../../domain/sequence.ts';
import { type TableColumn, tableColumns } from '../../../domain/table-row.ts';
import type {
  Batch,
  DeliveryOutcome,
  Destination,
  DestinationContext,
  DestinationFactory,
} from '../../../pipeline/ports/destination.ts';
import { type Disk, DurableFolder } from '../../shared/durable-file.ts';
import { absoluteDirectory, type BatchFileOptions, batchFilePolicy, dayMergerOf } from '../../shared/file-options.ts';
import { PartFileDelivery } from '../../shared/part-file-delivery.ts';
import { encodeQvd } from './encode.ts';
import { qvdParts } from './merge.ts';
import { qvdOptions } from './options.ts';
import { writtenFrom } from './written-from.ts';

/** One QVD file per batch. */
export class QvdDestination implements Destination {
  readonly #columns: readonly TableColumn[];
  readonly #product: DestinationContext['product'];
  readonly #logId: string | undefined;
  readonly #clock: DestinationContext['clock'];
  readonly #folder: DurableFolder;
  readonly #files: PartFileDelivery;

  constructor(options: BatchFileOptions, context: DestinationContext, disk?: Disk) {
    this.#columns = tableColumns(options.fieldSet, options.staticTags);
    this.#product = context.product;
    this.#logId = context.logId;
    this.#clock = context.clock;
    this.#folder = new DurableFolder({
      directory: absoluteDirectory(options, context.root),
      owner: `${context.logId ?? ''}/${context.name}`,
      clock: context.clock,
      ...(disk === undefined ? {} : { disk }),
    });
    this.#files = new PartFileDelivery(this.#folder, 'qvd', context.logger);
  }

  async check(): Promise<void> {
    await this.#folder.probe();
  }

  deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    const encode = (): Uint8Array => {
      const records = batch.rows.map((row) => row.record);
      return encodeQvd(this.#columns, records, {
        product: this.#product,
        from: [{ ...(this.#logId === undefined ? {} : { logId: this.#logId }), range: batch.range }],
        createdAt: this.#clock.now(),
      });
    };
    return this.#files.deliver(batch, encode, signal);
  }

  /** Rule 11: of the newest file of this log that is still there. */
  holdsUpTo(): Promise<Sequence | undefined> {
    return this.#files.newest((bytes) => {
      const from = writtenFrom(bytes);
      return from !== undefined && from.logId === this.#logId ? from.range.last : undefined;
    });
  }

  async close(): Promise<void> {}
}

export const qvdDestination: DestinationFactory<BatchFileOptions> = {
  type: 'qvd',
  options: qvdOptions,
  policy: batchFilePolicy,
  repeats: 'visible',
  create: (options, context) => new QvdDestination(options, context),
  dayMerger: (options, context) => dayMergerOf(options, context, qvdParts(context.product)),
};
