import type { StaticTag } from '../../../domain/table-row.ts';
import type { JsonSchema, OptionsSchema } from '../../../pipeline/ports/destination.ts';
import { STATIC_TAGS_SCHEMA } from '../../shared/file-options.ts';
import { type ConnectionSection, type InfluxdbConnection, parseConnection } from '../../shared/influxdb/connection.ts';
import {
  areConstantTagsShort,
  CONSTANT_TAGS_RULE,
  isMeasurementName,
  isTagName,
  MEASUREMENT_RULE,
  TAG_NAMES_RULE,
} from '../../shared/influxdb/line-protocol.ts';
import { checkTagNames, invalidSetting } from '../../shared/invalid-setting.ts';
import { OWN_NAMES, type PointOptions, type TagProfile } from './encode.ts';

const SECTION = 'Butler-SOS.auditEvents.destination.influxdb';

export interface InfluxdbOptions extends InfluxdbConnection {
  readonly maxBatchSize: number;
  readonly writeFrequencyMs: number;
  readonly point: PointOptions;
}

interface InfluxdbSection extends ConnectionSection {
  readonly maxBatchSize: number;
  readonly writeFrequency: number;
  readonly measurementName: string;
  readonly auditEventSchemaVersion: string;
  readonly tagProfile: TagProfile;
  readonly staticTags: readonly { readonly name: string; readonly value: string | number | boolean }[] | null;
}

/** `destination.influxdb` */
export const influxdbOptions: OptionsSchema<InfluxdbOptions> = {
  jsonSchema: section('InfluxDB 1, 2 or 3: one point per event.', {
    host: { description: 'Host.', type: 'string', minLength: 1, default: 'localhost' },
    port: { description: 'Port.', type: 'integer', minimum: 1, maximum: 65_535, default: 8086 },
    https: flag('Use https; the same as `tls.enable`.', false),
    tls: section('How https is used.', {
      enable: flag('Use https.', false),
      ca: text('File with the certificate (PEM) of the authority that signed the server’s, beside the known ones.', {
        'x-path': true,
      }),
      rejectUnauthorized: flag('Refuse a server whose certificate cannot be verified.', true),
    }),
    version: { description: 'Version of InfluxDB.', enum: [1, 2, 3], default: 2 },
    maxBatchSize: {
      description: 'Events are written as soon as this many wait; no write has more.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 1000,
    },
    writeFrequency: milliseconds('They are written after this long, however few; 0 writes each at once.', 0, 20_000),
    measurementName: {
      description: 'One measurement for all events.',
      type: 'string',
      minLength: 1,
      default: 'audit_event',
    },
    auditEventSchemaVersion: {
      description: 'Written as a tag of that name.',
      type: 'string',
      minLength: 1,
      default: '1',
    },
    staticTags: { ...STATIC_TAGS_SCHEMA, description: 'Constant tags of every point.' },
    tagProfile: {
      description:
        '`documented`: the tags of the public documents, a series for every event, which InfluxDB 1 and 2 bear up to about a million events. `low-cardinality`: `eventId`, `correlationId` and `selectionTxnId` are fields instead.',
      enum: ['documented', 'low-cardinality'],
      default: 'documented',
    },
    v1Config: section('For version 1.', {
      auth: section('Log-in.', {
        enable: flag('Log in.', false),
        username: text('Name.', { examples: ['audit'] }),
        password: secret('Password.', `\${INFLUXDB_PASSWORD}`),
      }),
      dbName: text('Database, made when it is missing.', { examples: ['audit'] }),
      retentionPolicy: section('Retention policy, made when it is missing.', {
        name: text('Name.', { examples: ['audit'] }),
        duration: text('Duration, such as `10d`; `0s` for ever.', { examples: ['0s'] }),
      }),
    }),
    v2Config: section('For version 2.', {
      org: text('Organisation.', { examples: ['my-org'] }),
      bucket: text('Bucket, made when it is missing.', { examples: ['butler-audit'] }),
      description: text('Description of the bucket.', { examples: ['Audit events'] }),
      token: secret('Access token.', `\${INFLUXDB_TOKEN}`),
      retentionDuration: text('Retention of the bucket, such as `10d`; `0s` for ever.', { examples: ['0s'] }),
    }),
    v3Config: section('For version 3.', {
      database: text('Database. It is not made: the log shows the command that makes it.', { examples: ['audit'] }),
      description: text('Description.', { examples: ['Audit events'] }),
      token: secret('Access token.', `\${INFLUXDB_TOKEN}`),
      retentionDuration: text('Retention; `0s` for ever.', { examples: ['0s'] }),
      writeTimeout: milliseconds('Give up a write after this long.', 1000, 10_000),
    }),
  }),
  parse(raw) {
    const given = raw as InfluxdbSection;
    const staticTags = (given.staticTags ?? []).map(({ name, value }) => ({ name, value: String(value) }));
    checkStaticTags(staticTags);
    if (!isMeasurementName(given.measurementName)) {
      throw invalidSetting(`${SECTION}.measurementName`, MEASUREMENT_RULE);
    }
    return {
      ...parseConnection(given, SECTION),
      maxBatchSize: given.maxBatchSize,
      writeFrequencyMs: given.writeFrequency,
      point: {
        measurementName: given.measurementName,
        auditEventSchemaVersion: given.auditEventSchemaVersion,
        staticTags,
        tagProfile: given.tagProfile,
      },
    };
  },
};

function checkStaticTags(tags: readonly StaticTag[]): void {
  const setting = `${SECTION}.staticTags`;
  if (!areConstantTagsShort(tags.map(({ name, value }) => [name, value]))) {
    throw invalidSetting(setting, `${CONSTANT_TAGS_RULE}, found more`);
  }
  const names = tags.map(({ name }) => name);
  checkTagNames(setting, names, (name) => {
    if (OWN_NAMES.has(name) || name.endsWith('_exact')) return 'names that the points do not have already';
    return isTagName(name) ? undefined : TAG_NAMES_RULE;
  });
}

function section(description: string, properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { description, type: 'object', additionalProperties: false, default: {}, properties };
}

function flag(description: string, byDefault: boolean): JsonSchema {
  return { description, type: 'boolean', default: byDefault };
}

/** Left empty it is as left out. */
function text(description: string, more: JsonSchema): JsonSchema {
  return { description, type: 'string', ...more };
}

function secret(description: string, example: string): JsonSchema {
  return { description, type: 'string', 'x-secret': true, examples: [example] };
}

function milliseconds(description: string, minimum: number, byDefault: number): JsonSchema {
  return { description, type: 'number', minimum, maximum: 2_147_483_647, default: byDefault, 'x-unit': 'ms' };
}
