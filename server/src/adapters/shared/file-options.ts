import { resolve } from 'node:path';
import type { FieldSet, StaticTag } from '../../domain/table-row.ts';
import type { DeliveryPolicy, JsonSchema } from '../../pipeline/ports/destination.ts';

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
export function batchFileSchema(defaultDirectory: string, what: string): JsonSchema {
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
        default: 20_000,
      },
      staticTags: STATIC_TAGS_SCHEMA,
      fieldSet: FIELD_SET_SCHEMA,
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

export function batchFileOptions(section: BatchFileSection): BatchFileOptions {
  return {
    ...fileOptions(section),
    maxBatchSize: section.maxBatchSize,
    writeFrequencyMs: section.writeFrequency,
  };
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

export function absoluteDirectory(options: FileOptions, root: string): string {
  return resolve(root, options.exportDirectory);
}
