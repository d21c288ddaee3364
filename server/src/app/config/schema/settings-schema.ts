import type { JsonSchema, RegisteredDestination } from '../../../pipeline/ports/destination.ts';
import { EVENT_LOG_SCHEMA } from './event-log-schema.ts';
import { HTTP_PROPERTIES } from './http-schema.ts';
import { OTHER_SECTIONS } from './other-sections-schema.ts';
import { SCREENSHOTS_SCHEMA } from './screenshots-schema.ts';
import { flag, namedValues, type Properties, path, propertiesOf, section, whole } from './section.ts';
import { UNAVAILABLE_DESTINATIONS } from './unavailable-destinations.ts';
import { VIEWER_SCHEMA } from './viewer-schema.ts';

/** Destinations whose settings Butler SOS 15 puts under `metadata`, with an `objectdata` beside. */
export const METADATA_DESTINATIONS = ['influxdb', 'parquet', 'qvd'] as const;

const NOT_AVAILABLE =
  'Not available in this version: its events are kept in the log and delivered once it is; start-up says so.';

const OBJECT_DATA_SCHEMA: JsonSchema = {
  ...section('Object data in a place of its own.', {
    enable: flag('Write it.', false),
    exportDirectory: path('Folder.'),
    maxBatchSize: whole('Batch.', 1, 10_000),
    writeFrequency: { description: 'How often.', type: 'number', minimum: 0 },
    staticTags: namedValues('Constants.'),
  }),
  'x-ignored': 'object data is in the rows (fieldSet: extended) and in destination.json.objectdata only',
};

/**
 * The one schema that files are checked against, after both documented shapes were brought into one (`unify-shapes.ts`).
 * Each destination brings its own section.
 */
export function settingsSchema(registered: readonly RegisteredDestination[]): JsonSchema {
  return {
    type: 'object',
    properties: {
      'Butler-SOS': {
        description: 'The settings of Butler SOS.',
        type: 'object',
        default: {},
        properties: { ...OTHER_SECTIONS, auditEvents: auditEventsSchema(registered) },
      },
    },
  };
}

/** Settings that have a place below `auditEvents` and none beside it. */
export function auditEventsKeys(registered: readonly RegisteredDestination[]): readonly string[] {
  return Object.keys(propertiesOf(auditEventsSchema(registered))).filter((key) => !(key in OTHER_SECTIONS));
}

function auditEventsSchema(registered: readonly RegisteredDestination[]): JsonSchema {
  const unavailable = UNAVAILABLE_DESTINATIONS.filter((one) => !registered.some(({ type }) => type === one.type));
  const types = [...registered, ...unavailable];
  const destinations: Record<string, JsonSchema> = {};
  for (const { type, jsonSchema } of registered) destinations[type] = destinationSchema(type, jsonSchema);
  for (const { type, jsonSchema } of unavailable) {
    const description = `${String(jsonSchema.description)} ${NOT_AVAILABLE}`;
    destinations[type] = destinationSchema(type, { ...jsonSchema, description });
  }
  return section('The audit server.', {
    ...HTTP_PROPERTIES,
    eventLog: EVENT_LOG_SCHEMA,
    destination: section('Where events are delivered to, besides the log.', {
      enable: flag('Deliver events.', false),
      type: {
        description: `Which destinations are in use: names separated by commas, or a list. Known: ${types.map((t) => `\`${t.type}\``).join(', ')}.`,
        type: ['string', 'array'],
        items: { type: 'string' },
        default: 'influxdb',
      },
      startFrom: {
        description:
          'Where a destination begins that is new to this log: with the oldest event that the log holds, or with the next one that comes. One that has begun goes on where it was.',
        enum: ['earliest', 'now'],
        default: 'earliest',
      },
      ...destinations,
    }),
    screenshots: SCREENSHOTS_SCHEMA,
    viewer: VIEWER_SCHEMA,
  });
}

function destinationSchema(type: string, own: JsonSchema): JsonSchema {
  const described = { description: `Settings of the destination \`${type}\`.`, default: {}, ...own };
  const hasObjectData = METADATA_DESTINATIONS.some((name) => name === type);
  if (!hasObjectData || 'objectdata' in propertiesOf(own)) return described;
  const properties: Properties = { ...propertiesOf(own), objectdata: withoutDefault(OBJECT_DATA_SCHEMA) };
  return { ...described, properties };
}

function withoutDefault({ default: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}
