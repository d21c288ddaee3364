import type { SummaryBy, SummaryOrder } from '../../domain/trail.ts';

/** The answers of `domain/trail.ts` as JSON Schema (2020-12, as OpenAPI 3.1 has it). A test holds every answer against it. */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };
const flag: Schema = { type: 'boolean' };
const time: Schema = { type: 'string', format: 'date-time' };
const textOrNull: Schema = { type: ['string', 'null'] };
const wholeOrNull: Schema = { type: ['integer', 'null'] };
const flagOrNull: Schema = { type: ['boolean', 'null'] };
const anything: Schema = {};

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const listOf = (items: Schema): Schema => ({ type: 'array', items });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });

/** All members are there unless they are named as optional; no others are. */
export function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

export const pageOf = (name: string): Schema => object({ items: listOf(ref(name)), nextCursor: textOrNull });

export const ORDERS: readonly SummaryOrder[] = ['events', 'views', 'users', 'time'];

export const SUMMARIES: readonly SummaryBy[] = [
  ...(['app', 'sheet', 'object', 'user', 'hour', 'weekday', 'day', 'eventType', 'first-open'] as const),
];

const place = { appId: textOrNull, appName: textOrNull, sheetId: textOrNull, sheetName: textOrNull };
const user = { id: text, directory: textOrNull, name: text };

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  TrailError: object({ error: object({ code: text, message: text }) }),
  TrailSession: object({
    name: text,
    role: oneOf('reader', 'admin'),
    apps: orNull(listOf(text)),
    maySeePictures: flag,
    maySeeObjectData: flag,
    csrfToken: text,
  }),
  TrailLogInOptions: object({ provider: orNull(object({ label: text })) }),
  TrailRedirect: object({ url: text }),
  TrailUser: object(user),
  TrailScreenshotSummary: object({
    status: oneOf('waiting', 'saved', 'failed'),
    reason: textOrNull,
    originalUrl: textOrNull,
    annotatedUrl: textOrNull,
  }),
  TrailEvent: object({
    sequence: whole,
    eventId: text,
    eventType: text,
    origin: oneOf('client', 'server'),
    time,
    receivedAt: time,
    user: orNull(ref('TrailUser')),
    ...place,
    objectId: textOrNull,
    objectType: textOrNull,
    selectionTxnId: textOrNull,
    correlationId: textOrNull,
    durationMs: wholeOrNull,
    visible: flagOrNull,
    selections: textOrNull,
    screenshot: orNull(ref('TrailScreenshotSummary')),
    isConflict: flag,
  }),
  TrailEventDetail: object({
    event: ref('TrailEvent'),
    sentence: text,
    envelope: anything,
    record: {
      type: 'object',
      description: 'As destinations get it, without objectData and rawEnvelope, which stand in the envelope.',
      properties: { objectData: false, rawEnvelope: false },
    },
    receipt: object({
      receivedAt: time,
      ip: textOrNull,
      auditQsVersion: textOrNull,
      digest: text,
      logId: text,
    }),
    selections: listOf(object({ field: text, values: listOf(text), count: whole })),
    objectData: orNull(
      object({
        title: textOrNull,
        columns: listOf(text),
        rows: listOf(listOf({ type: ['string', 'number', 'null'] })),
        totalRows: whole,
      }),
    ),
    deliveries: listOf(
      object({
        destination: text,
        state: oneOf('delivered', 'waiting', 'dead-letter', 'not-delivered'),
        reason: textOrNull,
      }),
    ),
    screenshots: listOf(
      object({
        role: oneOf('seen', 'annotated', 'downloaded'),
        path: text,
        sha256: text,
        bytes: whole,
        width: whole,
        height: whole,
        url: textOrNull,
      }),
    ),
    neighbours: listOf(ref('TrailEvent')),
  }),
  TrailTransaction: object({
    selectionTxnId: text,
    sentence: text,
    steps: listOf(object({ event: ref('TrailEvent'), gapMs: wholeOrNull })),
  }),
  TrailTimeline: object({
    user: ref('TrailUser'),
    from: time,
    to: time,
    lanes: listOf(
      object({
        ...place,
        spans: listOf(object({ from: time, to: time, durationMs: whole, objectId: textOrNull, eventId: text })),
        events: listOf(ref('TrailEvent')),
      }),
    ),
    isCut: flag,
  }),
  TrailUsers: object({ items: listOf(object({ ...user, events: whole, firstSeen: time, lastSeen: time })) }),
  TrailApps: object({
    items: listOf(
      object({ appId: text, appName: textOrNull, events: whole, users: whole, firstSeen: time, lastSeen: time }),
    ),
    isPartial: flag,
    isApproximate: flag,
  }),
  TrailSummary: object(
    {
      by: oneOf(...SUMMARIES),
      rows: listOf(
        object({
          key: text,
          label: text,
          user: orNull(ref('TrailUser')),
          firstAt: orNull(time),
          events: whole,
          views: whole,
          users: whole,
          totalMs: { type: 'number' },
          medianMs: { type: ['number', 'null'] },
        }),
      ),
      isPartial: flag,
      isApproximate: flag,
    },
    ['isPartial', 'isApproximate'],
  ),
  TrailHistogram: object({
    from: time,
    to: time,
    bucketMs: whole,
    buckets: listOf(object({ at: time, events: whole })),
    total: whole,
  }),
  TrailSuggestions: object({
    items: listOf(
      object({
        kind: oneOf('user', 'app', 'sheet', 'eventType', 'event', 'transaction'),
        value: text,
        label: text,
        events: wholeOrNull,
      }),
    ),
  }),
  TrailSystem: { type: 'object' },
  TrailDeadLetter: object({
    id: whole,
    destination: text,
    range: object({ first: whole, last: whole }),
    eventId: textOrNull,
    eventType: textOrNull,
    code: text,
    message: text,
    at: time,
  }),
  RetryRequested: object({ request: whole }),
};
