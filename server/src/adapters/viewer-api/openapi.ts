import type { FastifyInstance } from 'fastify';
import { TRAIL_ROOT } from '../../domain/trail.ts';
import { PICTURE_VARIANTS } from '../../pipeline/trail/trail-event.ts';
import { ORDERS, object, pageOf, ref, SCHEMAS, SUMMARIES } from './openapi-schemas.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly description: string;
  readonly schema: Schema;
}

const text: Schema = { type: 'string' };

function query(name: string, description: string, schema: Schema = text): Parameter {
  return { name, in: 'query', description, schema };
}

const must = (parameter: Parameter): Parameter => ({ ...parameter, required: true });

const path = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: text,
});

/** Repeatable: any of the values. */
const several = (name: string, description: string, items: Schema = text): Parameter =>
  query(name, `${description} May be given several times: any of them.`, { type: 'array', items });

const FROM = query('from', 'Not before this time: ISO 8601 with an offset, or a date (its start, UTC).');
const TO = query('to', 'Before this time; a date is its start.');
const FILTER: readonly Parameter[] = [
  FROM,
  TO,
  several('user', 'Identity as stored, or name, in any letter case.'),
  several('appId', 'App.'),
  several('sheetId', 'Sheet.'),
  several('objectId', 'Object.'),
  several('eventType', 'Type of event; `server.viewer.*`: all that begin so.'),
  several('selectionTxnId', 'Selection transaction.'),
  several('correlationId', 'Correlation.'),
  several('hour', 'Hour of the day, UTC.', { type: 'integer', minimum: 0, maximum: 23 }),
  several('weekday', 'Day of the week, Monday 1, UTC.', { type: 'integer', minimum: 1, maximum: 7 }),
  query('q', 'Words, or beginnings of words, of names, users and selections, or ids; at most 32. All must occur.'),
];
const limit = (byDefault: number, max: number) =>
  query('limit', 'At most so many; more are answered as the maximum.', {
    type: 'integer',
    minimum: 1,
    maximum: max,
    default: byDefault,
  });
const CURSOR = query('cursor', '`nextCursor` of the page before.');
const CSRF: Parameter = {
  name: 'X-CSRF-Token',
  in: 'header',
  description: '`csrfToken` of the session; API tokens need none.',
  schema: text,
};

const json = (schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});
const file = (description: string, ...types: readonly string[]) => ({
  description,
  content: Object.fromEntries(types.map((type) => [type, { schema: { type: 'string', format: 'binary' } }])),
});
const FAILURES = {
  '400': json(ref('TrailError'), 'What was asked means nothing.'),
  '401': json(ref('TrailError'), 'Not logged in.'),
  '403': json(ref('TrailError'), 'This account may not do that.'),
  '404': json(ref('TrailError'), 'There is none, or none that this account may see.'),
  '421': json(ref('TrailError'), 'The server is not known under this name.'),
  '422': json(ref('TrailError'), 'Too much was asked for.'),
  '429': json(ref('TrailError'), 'Too many tries.'),
  '503': json(ref('TrailError'), 'Not now; `Retry-After` says when.'),
};

/** Of bodies. */
const UNREADABLE = {
  '413': json(ref('TrailError'), 'The body is too long.'),
  '415': json(ref('TrailError'), 'The body is not `application/json`.'),
};

/** For whoever is not logged in. */
const NO_LOG_IN = { security: [] };

function get(
  summary: string,
  parameters: readonly Parameter[],
  answer: object,
  others: object = {},
  more: object = {},
) {
  return { get: { ...more, summary, parameters, responses: { '200': answer, ...others, ...FAILURES } } };
}

function post(
  summary: string,
  parameters: readonly Parameter[],
  body: Schema | undefined,
  status: string,
  answer: object,
  more: object = {},
) {
  const requestBody = { required: true, content: { 'application/json': { schema: body } } };
  const sent = body === undefined ? {} : { requestBody };
  const unread = body === undefined ? {} : UNREADABLE;
  return { post: { ...more, summary, parameters, ...sent, responses: { [status]: answer, ...FAILURES, ...unread } } };
}

const SIGN_IN: Schema = {
  oneOf: [object({ link: text }), object({ user: text, password: text }), object({ callback: text })],
};

const BY: Schema = { type: 'string', enum: SUMMARIES };
const ORDER: Schema = { type: 'string', enum: ORDERS, default: 'events' };
const RANKED_BY =
  'What comes first: most events, views, users, or viewing time. Hours, weekdays and days come in their order, first opens the latest first.';

/** docs/audit-trail.md, "What a search finds". */
const SUMMARY_ANSWER =
  'The counts. Exact up to 50,000 events in the table. Above, with `isApproximate`: `medianMs` is that of the newest 2,000 views; `users` of a sheet, object, type or hour within `from` and `to`, or of an app or day with some types only, are those who were ever there and did anything in that time. A filter that the sums per day do not know counts the newest 200,000 events; `isPartial` is true when there are more.';

const PATHS = {
  '/session': {
    ...get('Who is logged in', [], json(ref('TrailSession'), 'The session.')),
    ...post(
      'Log in by a one-time link, a password, or the query with which an identity provider answered',
      [],
      SIGN_IN,
      '200',
      json(ref('TrailSession'), 'Logged in.'),
      NO_LOG_IN,
    ),
    delete: {
      summary: 'Log out',
      parameters: [CSRF],
      responses: { '204': { description: 'Logged out.' }, ...FAILURES },
    },
  },
  '/session/provider': post(
    'Begin a log-in through the identity provider: where the browser has to go',
    [],
    undefined,
    '200',
    json(ref('TrailRedirect'), 'It comes back to `/login`, with a query for `POST /session`.'),
    NO_LOG_IN,
  ),
  '/log-in-options': get(
    'Which ways lead in, besides link and password (needs no log-in)',
    [],
    json(ref('TrailLogInOptions'), 'The ways.'),
    {},
    NO_LOG_IN,
  ),
  '/events': get(
    'Events, newest first',
    [...FILTER, limit(50, 1000), CURSOR],
    json(pageOf('TrailEvent'), 'A page; the next one is stable while events arrive.'),
  ),
  '/events/{eventId}': get(
    'One event, with all that belongs to it',
    [path('eventId', 'Its id.'), query('sequence', 'Which of several lines with this id.', { type: 'integer' })],
    json(ref('TrailEventDetail'), 'The event.'),
    { '410': json(ref('TrailError'), 'It was received, but its line in the log was changed or damaged since.') },
  ),
  '/transactions/{selectionTxnId}': get(
    'What one selection caused, in order of time',
    [path('selectionTxnId', 'The transaction.')],
    json(ref('TrailTransaction'), 'Its steps.'),
  ),
  '/users/{user}/timeline': get(
    'One user’s time as lanes by app and sheet',
    [path('user', 'Identity or name.'), FROM, TO],
    json(ref('TrailTimeline'), 'Without times, the last day on which the user did something.'),
  ),
  '/users': get(
    'Users',
    [query('q', 'Beginnings of words of their names.'), limit(20, 200)],
    json(ref('TrailUsers'), 'Most events first.'),
  ),
  '/apps': get('Apps', [...FILTER, limit(200, 1000)], json(ref('TrailApps'), 'Most events first.')),
  '/summary': get(
    'Counts by what events share',
    [must(query('by', 'What to count by.', BY)), query('order', RANKED_BY, ORDER), ...FILTER, limit(20, 1000)],
    json(ref('TrailSummary'), SUMMARY_ANSWER),
  ),
  '/histogram': get(
    'Events per stretch of time',
    [...FILTER, query('buckets', 'At most so many.', { type: 'integer', minimum: 1, maximum: 500, default: 60 })],
    json(ref('TrailHistogram'), 'Empty stretches are left out.'),
  ),
  '/suggest': get(
    'What a search may mean',
    [query('q', 'What was typed.'), limit(10, 50)],
    json(ref('TrailSuggestions'), 'Names and ids.'),
  ),
  '/screenshots/{eventId}': get(
    'The picture of an event',
    [path('eventId', 'The event.'), query('variant', 'Which.', { type: 'string', enum: [...PICTURE_VARIANTS] })],
    file('The picture.', 'image/png', 'image/jpeg', 'image/webp', 'image/gif'),
    {
      '304': { description: 'The picture that `If-None-Match` names.' },
      '410': json(ref('TrailError'), 'It was saved, but its file is gone or was changed.'),
    },
  ),
  '/live': get(
    'Events as they come (server-sent events; `id` is the sequence, `data` a TrailEvent)',
    [
      ...FILTER,
      query('lastEventId', 'Go on after this sequence.', { type: 'integer' }),
      { name: 'Last-Event-ID', in: 'header', description: 'The same, as browsers send it.', schema: text },
    ],
    file('A stream that does not end by itself.', 'text/event-stream'),
  ),
  '/export': get(
    'All that matches, as a file',
    [must(query('format', 'Which.', { type: 'string', enum: ['ndjson', 'csv', 'parquet', 'qvd'] })), ...FILTER],
    file(
      'Newest first, with the columns of docs/audit-record.md, extended.',
      'application/x-ndjson',
      'text/csv',
      'application/vnd.apache.parquet',
      'application/octet-stream',
    ),
  ),
  '/system': get('How the server does (administrators)', [], json(ref('TrailSystem'), 'As /api/v1/status.')),
  '/dead-letters': get(
    'What could not be delivered (administrators)',
    [query('destination', 'Of this one only.'), limit(50, 500), CURSOR],
    json(pageOf('TrailDeadLetter'), 'Oldest first.'),
  ),
  '/dead-letters/retry': post(
    'Send dead letters again (administrators)',
    [CSRF],
    object({ destination: text, ids: { type: 'array', items: { type: 'integer' } } }, ['ids']),
    '202',
    json(ref('RetryRequested'), 'Asked for; the server does it in its turn.'),
  ),
  '/openapi.json': get('This document', [], json({ type: 'object' }, 'OpenAPI 3.1.'), {}, NO_LOG_IN),
};

/** What the trail API is, for programs. */
export function openApiDocument(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Butler SOS Audit: the audit trail',
      version,
      description:
        'Who looked at what, when, for how long, after which selections. Every look is recorded in the same trail. A GET with the header `X-Background: 1` does not keep an idle session alive.',
    },
    servers: [{ url: TRAIL_ROOT }],
    security: [{ session: [] }, { token: [] }],
    paths: PATHS,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'audit-trail-PORT', description: 'From `POST /session`.' },
        token: { type: 'http', scheme: 'bearer', description: 'From `butler-sos-audit token add`.' },
      },
    },
  };
}

/** Needs no log-in: it says nothing of what is in the trail. */
export function addOpenApiRoute(app: FastifyInstance, version: string): void {
  const document = openApiDocument(version);
  app.get(`${TRAIL_ROOT}/openapi.json`, async () => document);
}
