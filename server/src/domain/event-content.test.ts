import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Envelope } from './envelope.ts';
import { contentFault } from './event-content.ts';

const UUID = 'c0000000-0000-4000-8000-000000000001';

function envelope(type: string, event: unknown, overrides: Partial<Envelope> = {}): Envelope {
  return {
    schemaVersion: 1,
    eventId: 'a0000000-0000-4000-8000-000000000001',
    timestamp: '2025-12-27T05:46:40.337Z',
    type,
    payload: { event },
    ...overrides,
  };
}

/** `path message` of each error, or undefined. */
function faultsOf(type: string, event: unknown, overrides?: Partial<Envelope>): readonly string[] | undefined {
  return contentFault(envelope(type, event, overrides))?.errors.map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  );
}

const crop = (part: object) => ({ screenshotUrl: 'https://q/x.png', selectionTxnId: UUID, crop: part });
const CROP = { x: 0, y: 0.5, width: 32767, height: 0.1 };

const ACCEPTED: readonly (readonly [string, unknown])[] = [
  ['selection.state.changed', { selectionTxnId: UUID.toUpperCase(), details: [] }],
  ['selection.state.changed', { selectionTxnId: UUID, details: Array.from({ length: 500 }) }],
  ['app.model.validated', { selectionTxnId: UUID }],
  ['app.model.validated', { selectionTxnId: UUID, dataStateId: null }],
  ['app.model.validated', { selectionTxnId: 'txn-abc-123' }],
  ['screenshot.url.received', { screenshotUrl: 'https://q/x.png', selectionTxnId: 'txn-abc-123' }],
  ['event.unsupported.visualization', { vizType: 'map', selectionTxnId: 'txn-abc-123' }],
  ['app.model.validated', { selectionTxnId: UUID, dataStateId: 1e19 }],
  ['screenshot.url.received', { screenshotUrl: 'https://q.example/tempcontent/ö b.png?a=1', selectionTxnId: UUID }],
  ['screenshot.url.received', { ...crop(CROP), objectId: null }],
  ['screenshot.url.received', crop({ left: 3, top: 4, width: 10, height: 10, scrollTop: 5 })],
  ['screenshot.url.received', { screenshotUrl: 'https://q/x.png', selectionTxnId: UUID, crop: null }],
  ['event.unsupported.visualization', { vizType: 'v'.repeat(1000), selectionTxnId: UUID }],
  ['object.view.duration', { objectId: 'o', duration: 0, leftAt: '2025-12-27T05:46:40Z' }],
  ['object.view.duration', { objectId: 'o', duration: 1e300, leftAt: '2016-12-31T23:59:60Z', enteredAt: null }],
  ['object.view.duration', { objectId: 'o', durationMs: 1500, leftAt: '2025-12-27T05:46:40Z' }],
  ['selection.state.changed', { selectionTxnId: UUID, selectionDetails: [{}] }],
  ['navigation.sheet.loaded', 'anything'],
  ['object.visibility.changed', { visible: 'maybe' }],
  ['event.bookmark', {}],
  ['audit.event', null],
  ['a type of tomorrow', { selectionTxnId: 'none' }],
  ['selection.transaction.finalized', {}],
];

for (const [type, event] of ACCEPTED) {
  test(`accepted: ${type} ${JSON.stringify(event).slice(0, 60)}`, () => assert.equal(faultsOf(type, event), undefined));
}

const REFUSED: readonly (readonly [string, unknown, ...string[]])[] = [
  [
    'selection.state.changed',
    {},
    "/payload/event must have required property 'selectionTxnId'",
    "/payload/event must have required property 'details'",
  ],
  [
    'selection.state.changed',
    { selectionTxnId: 'x', details: Array.from({ length: 501 }) },
    '/payload/event/selectionTxnId must match format "uuid"',
    '/payload/event/details must NOT have more than 500 items',
  ],
  ['selection.state.changed', { selectionTxnId: UUID, details: {} }, '/payload/event/details must be array'],
  ['app.model.validated', { selectionTxnId: 1 }, '/payload/event/selectionTxnId must be string'],
  [
    'app.model.validated',
    { selectionTxnId: UUID, dataStateId: '1' },
    '/payload/event/dataStateId must be integer or null',
  ],
  [
    'app.model.validated',
    { selectionTxnId: UUID, dataStateId: 1.5 },
    '/payload/event/dataStateId must be integer or null',
  ],
  [
    'screenshot.url.received',
    { screenshotUrl: '/relative.png', selectionTxnId: UUID, objectId: 1 },
    '/payload/event/screenshotUrl must match format "uri"',
    '/payload/event/objectId must be string or null',
  ],
  [
    'screenshot.url.received',
    { screenshotUrl: `https://q/${'x'.repeat(2048)}`, selectionTxnId: UUID },
    '/payload/event/screenshotUrl must NOT have more than 2048 characters',
  ],
  ['screenshot.url.received', crop({ ...CROP, x: -1 }), '/payload/event/crop/x must be >= 0'],
  ['screenshot.url.received', crop({ ...CROP, y: 32768 }), '/payload/event/crop/y must be <= 32767'],
  ['screenshot.url.received', crop({ ...CROP, top: -1 }), '/payload/event/crop/top must be >= 0'],
  ['screenshot.url.received', crop({ ...CROP, width: 0 }), '/payload/event/crop/width must be > 0'],
  ['screenshot.url.received', crop({ ...CROP, height: '1' }), '/payload/event/crop/height must be number'],
  [
    'screenshot.url.received',
    crop({ x: 0, y: 0, width: 1 }),
    "/payload/event/crop must have required property 'height'",
  ],
  ['screenshot.url.received', crop([]), '/payload/event/crop must be object or null'],
  [
    'event.unsupported.visualization',
    { vizType: '' },
    '/payload/event/vizType must NOT have fewer than 1 characters',
    "/payload/event must have required property 'selectionTxnId'",
  ],
  [
    'object.view.duration',
    { objectId: 1, duration: -1, leftAt: 'yesterday', enteredAt: 5 },
    '/payload/event/objectId must be string',
    '/payload/event/duration must be >= 0',
    '/payload/event/leftAt must match format "date-time"',
    '/payload/event/enteredAt must be string or null',
  ],
  [
    'object.view.duration',
    { objectId: 'o', duration: '1', leftAt: null },
    '/payload/event/duration must be number',
    "/payload/event must have required property 'leftAt'",
  ],
  [
    'object.view.duration',
    { objectId: 'o', duration: null, durationMs: -1, leftAt: '2025-12-27T05:46:40Z' },
    '/payload/event/durationMs must be >= 0',
  ],
];

for (const [type, event, ...errors] of REFUSED) {
  test(`refused: ${type} ${JSON.stringify(event).slice(0, 60)}`, () => {
    assert.deepEqual(faultsOf(type, event), errors);
    assert.equal(contentFault(envelope(type, event))?.reason, 'Payload validation failed');
  });
}

test('every reason is collected, those of the payload too', () => {
  const fault = contentFault(
    envelope('selection.state.changed', undefined, {
      eventId: 'none',
      correlationId: 'c'.repeat(65),
      payload: { context: { appId: 'app' }, details: 1, selectionTxnId: UUID },
    }),
  );
  assert.equal(fault?.reason, 'One or more constraint violations');
  assert.deepEqual(
    fault?.errors.map(({ instancePath }) => instancePath),
    ['/eventId', '/correlationId', '/payload/context/appId', '/payload/details'],
  );
});

test('rule 3: clients may not post server.*', () => {
  assert.equal(faultsOf('server.screenshot.saved', {})?.length, 1);
  assert.equal(faultsOf('server', {}), undefined);
});

test('correlationId is counted in characters', () => {
  assert.equal(faultsOf('x', {}, { correlationId: '😀'.repeat(64) }), undefined);
  assert.equal(faultsOf('x', {}, { correlationId: '😀'.repeat(65) })?.length, 1);
});

test('whatever the payload holds, nothing throws', () => {
  const types = fc.constantFrom(...ACCEPTED.map(([type]) => type), 'server.x');
  fc.assert(
    fc.property(types, fc.jsonValue(), fc.jsonValue(), (type, event, rest) => {
      const places = typeof rest === 'object' && rest !== null && !Array.isArray(rest) ? rest : {};
      contentFault(envelope(type, event, { payload: { ...places, event } }));
    }),
  );
});
