import { dirname, join, resolve } from 'node:path';
import { type FieldSet, SERVER_TAGS, type StaticTag } from '../../domain/table-row.ts';
import type { DayMerger } from '../../pipeline/ports/day-merger.ts';
import type { DeliveryPolicy, DestinationContext, JsonSchema } from '../../pipeline/ports/destination.ts';
import { type Disk, DurableFolder } from './durable-file.ts';
import { checkTagNames, invalidSetting } from './invalid-setting.ts';
import { type PartFormat, PartMerger } from './part-merger.ts';

/** What the sections of all destinations that write files have in common. */
export interface FileOptions {
  /** As configured; may be relative to the root. */
  readonly exportDirectory: string;
  readonly staticTags: readonly StaticTag[];
  readonly fieldSet: FieldSet;
}

/** Those that gather events into a file at a time. */
export interface BatchFileOptions extends FileOptions {
  readonly maxBatchSize: number;
  readonly writeFrequencyMs: number;
  /** Where the file of a whole day appears; absent: no such files are wanted. May be relative to the root. */
  readonly dailyDirectory?: string;
}

/** A section as it comes from the configuration, once its schema has passed it and filled in its defaults. */
export interface FileSection {
  readonly exportDirectory: string;
  readonly staticTags: readonly { readonly name: string; readonly value: string | number | boolean }[] | null;
  readonly fieldSet: FieldSet;
}

export interface BatchFileSection extends FileSection {
  readonly maxBatchSize: number;
  readonly writeFrequency: number;
  /** Absent in a section that was written for an earlier version. */
  readonly dailyMerge?: boolean;
  readonly dailyDirectory?: string | null;
}

export const FIELD_SET_SCHEMA: JsonSchema = {
  description:
    'Which fields are written: "documented" are those of the public documents, in their order; "extended" adds parsed user names, object data, real timestamps, the log sequence and the envelope as it came.',
  enum: ['documented', 'extended'],
  default: 'documented',
};

export const STATIC_TAGS_SCHEMA: JsonSchema = {
  description: 'Constants added to the "tags" field of every event, such as the name of the environment.',
  type: ['array', 'null'],
  default: null,
  items: {
    type: 'object',
    required: ['name', 'value'],
    additionalProperties: false,
    properties: {
      name: { description: 'Name of the tag.', type: 'string', minLength: 1 },
      value: { description: 'Its value.', type: ['string', 'number', 'boolean'] },
    },
  },
};

export function exportDirectorySchema(defaultDirectory: string, what: string): JsonSchema {
  return {
    description: `Folder for the ${what}, created when it is missing. A relative path starts at the folder the server was launched in.`,
    type: 'string',
    minLength: 1,
    default: defaultDirectory,
    'x-path': true,
  };
}

/** `destination.parquet`, `destination.qvd` */
export function batchFileSchema(defaultDirectory: string, what: string, extension: string): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      exportDirectory: exportDirectorySchema(defaultDirectory, what),
      maxBatchSize: {
        description: 'A file is written as soon as this many events wait; no file has more.',
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
        default: 1000,
      },
      writeFrequency: {
        description:
          'A file is written after this many milliseconds with what waits by then, however few; 0 writes each event at once.',
        type: 'number',
        minimum: 0,
        maximum: 2_147_483_647, // a timer of more would end at once
        default: 20_000,
        'x-unit': 'ms',
      },
      staticTags: STATIC_TAGS_SCHEMA,
      fieldSet: FIELD_SET_SCHEMA,
      dailyMerge: {
        description: `Make one file, YYYYMMDD.${extension}, of all parts of a UTC day when it is over. The parts stay as they are.`,
        type: 'boolean',
        default: false,
      },
      dailyDirectory: {
        description:
          'Folder for those files, created when it is missing: another one than exportDirectory. The default is a folder "daily" beside exportDirectory.',
        type: ['string', 'null'],
        minLength: 1,
        default: null,
        'x-path': true,
      },
    },
  };
}

export function fileOptions(section: FileSection): FileOptions {
  return {
    exportDirectory: section.exportDirectory,
    staticTags: (section.staticTags ?? []).map(({ name, value }) => ({ name, value: String(value) })),
    fieldSet: section.fieldSet,
  };
}

/** @throws CodedError CONFIG_INVALID */
export function batchFileOptions(section: BatchFileSection, name: string): BatchFileOptions {
  const { exportDirectory, maxBatchSize, writeFrequency } = section;
  const options = { ...fileOptions(section), maxBatchSize, writeFrequencyMs: writeFrequency };
  const setting = `Butler-SOS.auditEvents.destination.${name}`;
  checkStaticTags(options.staticTags, `${setting}.staticTags`);
  if (section.dailyMerge !== true) return options;
  const dailyDirectory = section.dailyDirectory ?? join(dirname(exportDirectory), 'daily');
  if (resolve(dailyDirectory) !== resolve(exportDirectory)) return { ...options, dailyDirectory };
  throw invalidSetting(
    `${setting}.dailyDirectory`,
    'another folder than exportDirectory, where a load over all files would find every event twice',
  );
}

/** One that is there already would give way. */
function checkStaticTags(tags: readonly StaticTag[], setting: string): void {
  const names = tags.map(({ name }) => name);
  checkTagNames(setting, names, (name) => (SERVER_TAGS.has(name) ? 'names that tags do not have already' : undefined));
}

export function batchFilePolicy(options: BatchFileOptions): DeliveryPolicy {
  return {
    maxBatchSize: options.maxBatchSize,
    maxBatchBytes: 32 * 1024 * 1024,
    writeFrequencyMs: options.writeFrequencyMs,
    attemptTimeoutMs: 60_000,
    reservesPart: true,
    flushOnStop: true,
  };
}

/** Merges the parts that `exports` gets, as the options say. Undefined: not wanted. */
export function dayMergerOf(
  options: BatchFileOptions,
  { name, logId, root, clock }: DestinationContext,
  format: PartFormat,
  disk?: Disk,
): DayMerger | undefined {
  const { dailyDirectory } = options;
  if (dailyDirectory === undefined) return undefined;
  const owner = `${logId ?? ''}/${name}/daily`;
  const common = { owner, clock, ...(disk === undefined ? {} : { disk }) };
  const daily = new DurableFolder({ ...common, directory: resolve(root, dailyDirectory) });
  const exports = new DurableFolder({ ...common, directory: absoluteDirectory(options, root) });
  return new PartMerger({ exports, daily, format });
}

export function absoluteDirectory(options: FileOptions, root: string): string {
  return resolve(root, options.exportDirectory);
}
