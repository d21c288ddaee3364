import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimulatedEnvelope } from './envelope.ts';
import { eventStream, generateEnvelopes } from './event-stream.ts';

const START = Date.UTC(2026, 10, 23, 7);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function take(count: number, options = {}): SimulatedEnvelope[] {
  const stream = eventStream({ users: 5, seed: 42, startAt: START, ...options });
  return Array.from({ length: count }, () => stream.next().value.envelope);
}

test('the same seed gives the same events, ids included; another seed gives others', () => {
  assert.deepEqual(take(500), take(500));
  const ids = new Set(take(500).map((e) => e.eventId));
  assert.equal(ids.size, 500);
  assert.ok(take(500, { seed: 43 }).every((e) => !ids.has(e.eventId)));
});

test('rate × duration events happen within the duration, in the order of time', () => {
  const stream = eventStream({ users: 3, seed: 1, startAt: START, rate: 20 });
  let at = 0;
  for (let i = 0; i < 600; i++) {
    const { envelope, delayMs } = stream.next().value;
    assert.ok(delayMs >= 0);
    at += delayMs;
    assert.ok(Math.abs(Date.parse(envelope.timestamp) - START - at) <= 1);
  }
  assert.ok(at < 30_000 && at > 29_900, String(at));
});

test('every type of event occurs and keeps to its contract', () => {
  const seen = new Map<string, number>();
  for (const envelope of take(5000)) {
    seen.set(envelope.type, (seen.get(envelope.type) ?? 0) + 1);
    assert.match(envelope.eventId, UUID);
    assert.ok(envelope.correlationId.length > 0 && envelope.correlationId.length <= 64);
    assert.match(envelope.payload.context.appId, UUID);
    assert.match(envelope.payload.context.user, /^UserDirectory=\w+; UserId=.+/);
    checkMembers(envelope);
  }
  assert.deepEqual(
    [...seen.keys()].sort(),
    [
      'app.model.validated',
      'event.bookmark',
      'event.unsupported.visualization',
      'navigation.sheet.loaded',
      'object.view.duration',
      'object.visibility.changed',
      'screenshot.url.received',
      'selection.state.changed',
    ].sort(),
  );
});

function checkMembers({ type, payload: { event } }: SimulatedEnvelope): void {
  assert.ok(Number.isSafeInteger(event.dataStateId));
  if (/^(selection|app|screenshot|event\.unsupported)\./.test(type)) assert.match(String(event.selectionTxnId), UUID);
  if (type === 'selection.state.changed') assert.ok(Array.isArray(event.details) && event.details.length > 0);
  if (type === 'event.unsupported.visualization') assert.equal(typeof event.vizType, 'string');
  if (type === 'object.view.duration') {
    const { enteredAt, leftAt, duration } = event;
    assert.equal(Date.parse(String(leftAt)) - Date.parse(String(enteredAt)), duration);
    assert.ok(Number(duration) >= 0);
  }
  if (type !== 'screenshot.url.received') return;
  const url = new URL(String(event.screenshotUrl));
  assert.ok(url.hostname.endsWith('.invalid') && url.href.length <= 2048);
  const { x, y, width, height } = event.crop as Record<string, number>;
  assert.ok([x, y, width, height].every((n) => typeof n === 'number' && n >= 0 && n <= 32767));
  assert.ok(Number(width) > 0 && Number(height) > 0);
}

test('a selection transaction ties selection, model, pictures and durations together', () => {
  const byTransaction = Map.groupBy(take(5000), (e) => String(e.payload.event.selectionTxnId));
  const complete = [...byTransaction.values()].filter((events) => {
    const types = events.map((e) => e.type);
    return (
      types[0] === 'selection.state.changed' &&
      types[1] === 'app.model.validated' &&
      types.includes('screenshot.url.received') &&
      types.includes('object.view.duration') &&
      events.every((e) => e.correlationId === e.payload.event.selectionTxnId)
    );
  });
  assert.ok(complete.length > 50, String(complete.length));
});

test('users have the scripts of the world in their names, and no two the same name', () => {
  const users = new Set(take(20_000, { users: 45 }).map((e) => e.payload.context.user));
  assert.equal(users.size, 45);
  const names = JSON.stringify(take(3000, { users: 20 }));
  for (const part of ['Å', 'ö', 'Ł', 'Ж', '商品', '📦', '👩🏽‍💻']) assert.ok(names.includes(part), part);
  assert.match(names, /\p{Script=Arabic}/u);
});

test('generated bodies are about 1.2 KB and the same for the same seed', () => {
  const bodies = generateEnvelopes(2000, 5);
  assert.deepEqual(bodies, generateEnvelopes(2000, 5));
  const mean = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0) / bodies.length;
  assert.ok(mean > 1000 && mean < 1400, String(mean));
});

test('no users or no rate is a mistake', () => {
  assert.throws(() => eventStream({ users: 0, seed: 1, startAt: START }).next(), RangeError);
  assert.throws(() => eventStream({ users: 1, seed: 1, startAt: START, rate: 0 }).next(), RangeError);
});
