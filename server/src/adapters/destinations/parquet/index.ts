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
import { encodeParquet } from './encode.ts';
import { parquetParts } from './merge.ts';
import { parquetOptions } from './options.ts';
import { writtenFrom } from './written-from.ts';

/** One Parquet file per batch. */
export class ParquetDestination implements Destination {
  readonly #columns: readonly TableColumn[];
  readonly #product: DestinationContext['product'];
  readonly #logId: string | undefined;
  readonly #folder: DurableFolder;
  readonly #files: PartFileDelivery;

  constructor(options: BatchFileOptions, context: DestinationContext, disk?: Disk) {
    this.#columns = tableColumns(options.fieldSet, options.staticTags);
    this.#product = context.product;
    this.#logId = context.logId;
    this.#folder = new DurableFolder({
      directory: absoluteDirectory(options, context.root),
      owner: `${context.logId ?? ''}/${context.name}`,
      clock: context.clock,
      ...(disk === undefined ? {} : { disk }),
    });
    this.#files = new PartFileDelivery(this.#folder, 'parquet', context.logger);
  }

  async check(): Promise<void> {
    await this.#folder.probe();
  }

  deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    const encode = (): Uint8Array => {
      const records = batch.rows.map((row) => row.record);
      const from = { ...(this.#logId === undefined ? {} : { logId: this.#logId }), range: batch.range };
      return encodeParquet(this.#columns, records, { product: this.#product, from });
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

export const parquetDestination: DestinationFactory<BatchFileOptions> = {
  type: 'parquet',
  options: parquetOptions,
  policy: batchFilePolicy,
  repeats: 'visible',
  create: (options, context) => new ParquetDestination(options, context),
  dayMerger: (options, context) => dayMergerOf(options, context, parquetParts(context.product)),
};
