import {
  flag,
  milliseconds,
  namedValues,
  type Properties,
  path,
  port,
  secret,
  section,
  text,
  texts,
  whole,
} from './section.ts';

const MIB = 1024 * 1024;

/** The ingest port: keys that stand directly under `auditEvents`. */
export const HTTP_PROPERTIES: Properties = {
  enable: flag('Receive events. False: the port stays closed, and what the log holds is delivered and shown.', true),
  host: text('Name or address to listen on; `0.0.0.0` for all interfaces.', { default: '127.0.0.1' }),
  port: port('Port to listen on; 0 takes any free one.', 8181),
  apiToken: {
    description:
      'The bearer token that the browser extension sends. A list accepts each of its tokens, so that a token can be replaced without a gap. Without any, everybody may post: a warning at start says so.',
    type: ['string', 'array'],
    items: { type: 'string', minLength: 1, 'x-secret': true },
    'x-secret': true,
    examples: [`\${AUDIT_TOKEN}`],
  },
  cors: section('Which web pages may post.', {
    allowedOrigins: texts(
      'Origins (`https://qliksense.yourcompany.com`) of the Qlik Sense pages. `*` allows every page and is for first tests only. Empty: no CORS headers, so browsers cannot post.',
      { default: [], examples: [['https://qliksense.yourcompany.com']] },
    ),
  }),
  tls: section('HTTPS on the ingest port. Certificate and key are read again when the files change.', {
    enable: flag('Serve HTTPS; then `cert` and `key` are needed.', false),
    cert: path('PEM file with the certificate and its chain.', { examples: ['/path/to/server.crt'] }),
    key: path('PEM file with the private key.', { examples: ['/path/to/server.key'] }),
    ca: path('PEM file with further certificates of the chain.', { examples: ['/path/to/ca.crt'] }),
    passphrase: secret('Passphrase of the private key.', { examples: [`\${AUDIT_TLS_PASSPHRASE}`] }),
    minVersion: {
      description: 'Oldest TLS version that is accepted.',
      enum: ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
      default: 'TLSv1.2',
    },
    hsts: flag('Send `Strict-Transport-Security`. It covers every port of that host name.', false),
  }),
  trustProxy: {
    description:
      'Take the address of the client from `X-Forwarded-For`: true for every proxy, a number of hops, or the addresses and networks of the proxies.',
    type: ['boolean', 'integer', 'string', 'array'],
    minimum: 0,
    minLength: 1,
    items: { type: 'string', minLength: 1 },
    default: false,
  },
  maxBodyBytes: {
    ...whole('Largest request body; a larger one gets 413.', 1024, 1024 * MIB, 32 * MIB),
    'x-unit': 'bytes',
  },
  rateLimit: section(
    'Limit per client address. A guard against floods, not a quota: all browsers may sit behind one proxy.',
    {
      enable: flag('Apply the limit; above it clients get 429.', true),
      maxPerMinute: whole('Events a minute and client.', 1, 1_000_000_000, 600_000),
    },
  ),
  queue: section('How much may wait inside the server.', {
    messageQueue: section('Waiting and processing.', {
      maxConcurrent: whole('Events in processing at a time, after they are in the log.', 1, 100_000, 10),
      maxSize: whole(
        'Events that may wait for the log. While the disk answers, requests wait when it is full; when the disk is stuck they get 503.',
        1,
        10_000_000,
        200,
      ),
      backpressureThreshold: {
        description: 'Warn when this much of `maxSize` is in use.',
        type: 'number',
        minimum: 1,
        maximum: 100,
        default: 80,
        'x-unit': '%',
      },
    }),
    rateLimit: section('Limit over all clients.', {
      enable: flag('Apply the limit; above it clients get 429.', false),
      maxMessagesPerMinute: whole('Events a minute.', 1, 1_000_000_000, 600),
    }),
    queueMetrics: section('Figures about the queue for a database.', {
      influxdb: section('Written to `Butler-SOS.influxdbConfig`, else to the connection of `destination.influxdb`.', {
        enable: flag('Write the figures.', false),
        writeFrequency: milliseconds('How often.', 1, 20_000),
        measurementName: text('Name of the measurement.', { default: 'audit_events_queue' }),
        tags: namedValues('Constant tags of every point.'),
      }),
    }),
  }),
  compatibility: section('Which versions of the browser extension are accepted.', {
    auditQsVersionRange: text(
      'Semver range of Audit.qs versions, instead of the built-in matrix (Butler SOS `>=15.0.0 <16.0.0` with Audit.qs `>=0.3.0 <0.4.0`).',
      { examples: ['>=0.3.0 <0.5.0'] },
    ),
    onIncompatible: {
      description: '`reject`: events of other versions get 422. `accept`: they are stored, with a warning in the log.',
      enum: ['reject', 'accept'],
      default: 'reject',
    },
  }),
};
