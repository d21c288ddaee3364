import { IMAGE_FACTS, type ImageFact } from '../../../domain/screenshot-annotation.ts';
import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import { CERTIFICATE_PROPERTIES } from './other-sections-schema.ts';
import { flag, milliseconds, path, section, text, texts, whole } from './section.ts';

const FACT_DESCRIPTIONS: Readonly<Record<ImageFact, string>> = {
  date: 'Time of the event, UTC and local to the server.',
  eventId: 'Id of the event.',
  correlationId: 'Correlation id.',
  selectionTxnId: 'Id of the selection transaction.',
  userId: 'The user. Butler SOS 15 calls it `user`.',
  appId: 'Id of the app.',
  appName: 'Name of the app.',
  sheetName: 'Name of the sheet.',
  viewingDuration: 'How long the user has looked.',
};

const IMAGE_FACT_PROPERTIES = Object.fromEntries(
  IMAGE_FACTS.map((fact) => [fact, flag(FACT_DESCRIPTIONS[fact], false)]),
);

const AUTH_SCHEMA = section('How the server logs in to Qlik Sense to download pictures.', {
  mode: {
    description:
      '`none`: no log-in. `qpsTicket`: as the user of `qps`. `userTicket`: as the user whom the event is about.',
    enum: ['none', 'qpsTicket', 'userTicket'],
    default: 'none',
  },
  qps: section('The Qlik Proxy Service that gives tickets.', {
    host: text('Its host name, as in its certificate.', { examples: ['qliksense.yourcompany.com'] }),
    port: whole('Its port.', 1, 65_535, 4243),
    userDirectory: text('Directory of the user for `qpsTicket`.', { examples: ['YOURDOMAIN'] }),
    userId: text('Id of the user for `qpsTicket`.', { examples: ['service-user'] }),
    virtualProxy: {
      description:
        'Prefix of the virtual proxy; when it is empty, the one in the URL of the screenshot. `/`: the default virtual proxy.',
      type: 'string',
      examples: ['analytics'],
    },
    ticketTimeoutMs: milliseconds('Give up a request for a ticket after this long.', 1, 5000),
    cert: section('Client certificate for this service; by default that of `Butler-SOS.cert`.', CERTIFICATE_PROPERTIES),
  }),
  sessionCache: section('Use one session for several pictures of a user. Qlik Sense allows five sessions per user.', {
    enable: flag('Keep sessions.', false),
    ttlSeconds: whole('Keep a session this long.', 1, 2_147_483, 120),
    maxEntries: whole('Keep at most this many.', 1, 1_000_000, 100),
  }),
  sessionCookieName: text('Name of the session cookie of the virtual proxy, when it is not the usual one.', {
    examples: ['X-Qlik-Session-analytics'],
  }),
  allowedPaths: texts('Paths that may be called with a ticket or cookie, besides those with a segment `tempcontent`.', {
    default: [],
  }),
  deniedUsers: texts(
    'Users (`DIRECTORY\\user`) for whom no ticket is ever asked. Those of the directory `INTERNAL` are always denied.',
    { default: [], examples: [['LAB\\administrator']] },
  ),
});

export const SCREENSHOTS_SCHEMA: JsonSchema = section('Download of the pictures that events refer to.', {
  enable: flag('Download them.', false),
  storageTargets: {
    description: 'Folders to keep the pictures in.',
    type: ['array', 'null'],
    default: [],
    items: {
      type: 'object',
      required: ['type', 'directory'],
      additionalProperties: false,
      properties: {
        enable: flag('Use this folder.', true),
        type: {
          description: '`flat`: all in one folder. `dated`: folders `YYYY/MM/DD` below it.',
          enum: ['flat', 'dated'],
        },
        directory: path('The folder.'),
      },
    },
    examples: [[{ enable: true, type: 'flat', directory: 'screenshots/audit' }]],
  },
  addInImageMetadata: section(
    'What is written into a copy of each picture; without any, there is no such copy.',
    IMAGE_FACT_PROPERTIES,
  ),
  auth: AUTH_SCHEMA,
  allowedImageDownloadHosts: texts(
    '`host` or `host:port` from which pictures may be downloaded; an empty list allows none. Without a list: the hosts of `cors.allowedOrigins` and `auth.qps.host`.',
    { default: null, examples: [['qliksense.yourcompany.com']] },
  ),
  allowHttpCredentials: flag('Send tickets and cookies over plain http, too.', false),
  downloadTimeoutMs: milliseconds('Give up a download after this long.', 1, 15_000),
  maxImageBytes: {
    ...whole('Largest picture.', 1024, 1024 * 1024 * 1024, 50 * 1024 * 1024),
    'x-unit': 'bytes',
  },
  maxWaitMs: milliseconds(
    'An event is delivered without its picture when that has not come after this long.',
    0,
    3_600_000,
  ),
  maxConcurrent: whole('Downloads at a time.', 1, 1000, 4),
});
