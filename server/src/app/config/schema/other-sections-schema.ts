import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import type { Properties } from './section.ts';

/** Sections of Butler SOS that this server reads too. Keys it does not know are Butler SOS' own, and values may be left empty. */
function foreign(description: string, properties: Properties): JsonSchema {
  return { description, type: 'object', default: {}, properties };
}

function optional(type: string, description: string, more: JsonSchema = {}): JsonSchema {
  return { description, type: [type, 'null'], ...more };
}

export const CERTIFICATE_PROPERTIES: Properties = {
  clientCert: optional('string', 'PEM file with the client certificate (`client.pem` of the QMC export).', {
    'x-path': true,
    examples: ['/path/to/client.pem'],
  }),
  clientCertKey: optional('string', 'PEM file with its private key (`client_key.pem`).', {
    'x-path': true,
    examples: ['/path/to/client_key.pem'],
  }),
  clientCertCA: optional('string', 'PEM file with the certificate authority (`root.pem`).', {
    'x-path': true,
    examples: ['/path/to/root.pem'],
  }),
  clientCertPassphrase: optional('string', 'Passphrase of the private key.', {
    'x-secret': true,
    examples: [`\${QLIK_CERT_PASSPHRASE}`],
  }),
};

const LOG_LEVELS = ['silly', 'debug', 'verbose', 'info', 'warn', 'error'];

const token = optional('string', 'Access token.', { 'x-secret': true });

/** What stands directly under `Butler-SOS`, beside `auditEvents`. */
export const OTHER_SECTIONS: Properties = {
  logLevel: {
    description: 'How much is logged; `verbose` and `silly` are the same as `debug` here.',
    enum: LOG_LEVELS,
    default: 'info',
  },
  fileLogging: { description: 'Also log into files.', type: 'boolean', default: false },
  logDirectory: { description: 'Folder of those files.', type: 'string', 'x-path': true, minLength: 1, default: 'log' },
  cert: foreign('Certificates for calls to Qlik Sense.', CERTIFICATE_PROPERTIES),
  serversToMonitor: foreign('Of this section only one key is read.', {
    rejectUnauthorized: optional('boolean', 'Check the certificates of Qlik Sense servers.', { default: true }),
  }),
  influxdbConfig: foreign('Connection for `queue.queueMetrics.influxdb`.', {
    enable: optional('boolean', 'Use this connection.', { default: false }),
    host: optional('string', 'Host of InfluxDB.', { default: 'localhost' }),
    port: optional('integer', 'Port of InfluxDB.', { minimum: 0, maximum: 65_535, default: 8086 }),
    version: { description: 'Version of InfluxDB.', enum: [1, 2, 3, null], default: 2 },
    v1Config: foreign('For version 1.', {
      auth: foreign('Log-in.', {
        enable: optional('boolean', 'Log in.', { default: false }),
        username: optional('string', 'Name.'),
        password: optional('string', 'Password.', { 'x-secret': true }),
      }),
      dbName: optional('string', 'Database.'),
      retentionPolicy: foreign('Retention policy.', {
        name: optional('string', 'Name.'),
        duration: optional('string', 'Duration, such as `10d`.'),
      }),
    }),
    v2Config: foreign('For version 2.', {
      org: optional('string', 'Organisation.'),
      bucket: optional('string', 'Bucket.'),
      token,
    }),
    v3Config: foreign('For version 3.', { database: optional('string', 'Database.'), token }),
  }),
};
