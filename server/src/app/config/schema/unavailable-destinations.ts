import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import { flag, milliseconds, namedValues, port, secret, section, text, whole } from './section.ts';

/**
 * Destinations that files may name already and that this version does not have. When one is built, its folder brings the
 * schema, and it goes away here.
 */
export interface UnavailableDestination {
  readonly type: string;
  readonly jsonSchema: JsonSchema;
}

const batching = {
  maxBatchSize: whole('Events are written as soon as this many wait.', 1, 10_000, 1000),
  writeFrequency: milliseconds('They are written after this long, however few; 0 writes each at once.', 0, 20_000),
};

const INFLUXDB_SCHEMA: JsonSchema = section('InfluxDB 1, 2 or 3.', {
  host: text('Host.', { default: 'localhost' }),
  port: port('Port.', 8086),
  version: { description: 'Version of InfluxDB.', enum: [1, 2, 3], default: 2 },
  ...batching,
  measurementName: text('One measurement for all events.', { default: 'audit_event' }),
  auditEventSchemaVersion: text('Written as a tag of that name.', { default: '1' }),
  staticTags: namedValues('Constant tags of every point.'),
  v1Config: section('For version 1.', {
    auth: section('Log-in.', {
      enable: flag('Log in.', false),
      username: text('Name.', { examples: ['audit'] }),
      password: secret('Password.', { examples: [`\${INFLUXDB_PASSWORD}`] }),
    }),
    dbName: text('Database.', { examples: ['audit'] }),
    retentionPolicy: section('Retention policy, made when it is missing.', {
      name: text('Name.', { examples: ['audit'] }),
      duration: text('Duration, such as `10d`; `0s` for ever.', { examples: ['0s'] }),
    }),
  }),
  v2Config: section('For version 2.', {
    org: text('Organisation.', { examples: ['my-org'] }),
    bucket: text('Bucket, made when it is missing.', { examples: ['butler-audit'] }),
    description: text('Description of the bucket.', { examples: ['Audit events'] }),
    token: secret('Access token.', { examples: [`\${INFLUXDB_TOKEN}`] }),
    retentionDuration: text('Retention of the bucket; `0s` for ever.', { examples: ['0s'] }),
  }),
  v3Config: section('For version 3.', {
    database: text('Database.', { examples: ['audit'] }),
    description: text('Description.', { examples: ['Audit events'] }),
    token: secret('Access token.', { examples: [`\${INFLUXDB_TOKEN}`] }),
    retentionDuration: text('Retention; `0s` for ever.', { examples: ['0s'] }),
    writeTimeout: milliseconds('Give up a write after this long.', 1000, 10_000),
  }),
});

export const UNAVAILABLE_DESTINATIONS: readonly UnavailableDestination[] = [
  { type: 'influxdb', jsonSchema: INFLUXDB_SCHEMA },
  { type: 'postgresql', jsonSchema: { description: 'PostgreSQL.', type: 'object', default: {} } },
  { type: 'mongodb', jsonSchema: { description: 'MongoDB.', type: 'object', default: {} } },
  { type: 'mqtt', jsonSchema: { description: 'MQTT.', type: 'object', default: {} } },
  { type: 'webhook', jsonSchema: { description: 'HTTP webhooks.', type: 'object', default: {} } },
];
