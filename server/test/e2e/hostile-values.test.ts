import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { envelope, post, postEvent } from '../support/audit-client.ts';
import { countsByEventId, parquetRows } from '../support/parquet-rows.ts';
import { createHome, runCommand, startServer } from '../support/running-server.ts';

const PATH = '/api/v1/audit-event';

function viewDuration(event: Readonly<Record<string, unknown>>, context: Readonly<Record<string, unknown>> = {}) {
  return envelope({
    type: 'object.view.duration',
    payload: { context, event: { objectId: 'o', duration: 1, leftAt: '2026-11-23T07:00:00Z', ...event } },
  });
}

function modelValidated(dataStateId: unknown) {
  return envelope({
    type: 'app.model.validated',
    payload: { context: {}, event: { selectionTxnId: randomUUID(), dataStateId } },
  });
}

test('what a column cannot hold is null in the file, with the value as sent in tags; nothing is lost', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const huge = modelValidated(0);
  const hugeText = JSON.stringify(huge).replace('"dataStateId":0', '"dataStateId":1e19');
  const beyond = modelValidated(0);
  const beyondText = JSON.stringify(beyond).replace('"dataStateId":0', '"dataStateId":12345678901234567890');
  const endless = viewDuration({ duration: 1e300 });
  const leap: Record<string, unknown> = {
    ...viewDuration({ leftAt: '2016-12-31T23:59:60Z' }),
    timestamp: '2016-12-31T23:59:60Z',
  };
  const halves = viewDuration({}, { appName: 'a\ud800b', user: '\udfff\u0000' });
  for (const text of [hugeText, beyondText, ...[endless, leap, halves].map((event) => JSON.stringify(event))]) {
    assert.equal((await post(server.url, PATH, text)).status, 202, text);
  }
  assert.equal(await server.stop(), 0, server.output());

  const rows = await parquetRows(home.parquet, 'eventId, timestamp, appName, userId, durationMs, dataStateId, tags');
  assert.equal(rows.length, 5);
  const rowOf = (event: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    rows.find(({ eventId }) => eventId === event.eventId) ?? assert.fail(`no row ${event.eventId}`);
  assert.equal(rowOf(huge).dataStateId, null);
  assert.match(String(rowOf(huge).tags), /1e19/);
  assert.equal(rowOf(beyond).dataStateId, null);
  assert.match(String(rowOf(beyond).tags), /12345678901234567890/);
  assert.equal(rowOf(endless).durationMs, null);
  assert.match(String(rowOf(endless).tags), /1e\+?300/);
  assert.equal(rowOf(leap).timestamp, BigInt(Date.parse('2017-01-01T00:00:00Z')), 'the start of the next minute');
  assert.equal(rowOf(halves).appName, 'a\ufffdb');
});

test('a body that is not UTF-8 is refused and kept for a person to see; the server goes on', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const text = JSON.stringify(envelope()).replace('jörgen', 'j\xffrgen');
  const reply = await fetch(`${server.url}${PATH}`, {
    method: 'POST',
    headers: { authorization: 'Bearer test-token-0123456789', 'content-type': 'application/json' },
    body: Buffer.from(text, 'latin1'),
  });
  assert.equal(reply.status, 400);
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  assert.equal(await server.stop(), 0);
  assert.equal((await countsByEventId(home.parquet)).size, 1);
  assert.match((await runCommand(home, ['refused', 'list'])).stdout, /400/);
});

test('rule 13: the same bytes again are a repeat; the same id with other bytes is a conflict that a person finds', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const event = envelope();
  const text = JSON.stringify(event);
  for (const _ of [1, 2]) assert.equal((await post(server.url, PATH, text)).status, 202);
  const other = { ...event, payload: { context: {}, event: { selectionTxnId: randomUUID(), details: [] } } };
  assert.equal((await postEvent(server.url, other)).status, 202);
  assert.equal(await server.stop(), 0, server.output());
  assert.deepEqual([...(await countsByEventId(home.parquet))], [[event.eventId, 1]]);

  const { stdout } = await runCommand(home, ['dead-letters', 'list', '--json']);
  const letters = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(letters.length, 1);
  assert.match(letters[0].code, /CONFLICT/);
  assert.match(JSON.stringify(letters[0]), new RegExp(String(event.eventId)));
  assert.match(server.output(), /CONFLICT|other (contents|bytes)/i);
});

test('rule 13: ids that differ in case alone are one id: delivered once, the other spelling is shown', async (t) => {
  const home = createHome({ writeFrequency: 0 });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const event = envelope({ eventId: 'abcdef01-2345-4789-8abc-def012345678' });
  assert.equal((await postEvent(server.url, event)).status, 202);
  assert.equal((await postEvent(server.url, { ...event, eventId: String(event.eventId).toUpperCase() })).status, 202);
  assert.equal(await server.stop(), 0, server.output());
  assert.deepEqual([...(await countsByEventId(home.parquet))], [[event.eventId, 1]]); // its bytes are not the same, and an audit trail says so
  assert.match((await runCommand(home, ['dead-letters', 'list'])).stdout, /EVENT_ID_CONFLICT/);
});
