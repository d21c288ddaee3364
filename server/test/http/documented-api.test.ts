import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { MAX_JSON_DEPTH } from '../../src/domain/json-text.ts';
import { MAX_BATCH_EVENTS } from '../../src/pipeline/ingest.ts';
import { DISK_FULL, INTERNAL_ERROR, LOG_FAILED, QUEUE_FULL, STOPPING } from '../../src/pipeline/refusal.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { send } from './http-client.ts';
import { IngestServer } from './ingest-server.ts';

const PAGE = readFileSync(new URL('../../../docs/http-api.md', import.meta.url), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => text);
const [EVENT = '', ACCEPTED = '', REFUSED = '', BATCH = '', CONNECTION = ''] = EXAMPLES;

let server: IngestServer;

before(async () => {
  server = await new IngestServer({ clock: new FakeClock(Date.parse('2025-12-27T05:46:07.012Z')) }).start();
});
after(() => server.stop());

/** The table of answers: `| status | reason | details | Retry-After | again? |`. */
const ROWS = PAGE.split('\n')
  .filter((line) => /^\| [45]\d\d \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the documented event gets the documented answer', async () => {
  const { status, body } = await send(server.url, { path: '/api/v1/audit-event', body: EVENT });
  assert.equal(status, 202);
  assert.deepEqual(JSON.parse(body), JSON.parse(ACCEPTED));
});

test('the documented refusal is what a wrong id gets', async () => {
  const event = JSON.stringify({ ...JSON.parse(EVENT), eventId: 'x' });
  const { status, body } = await send(server.url, { path: '/api/v1/audit-event', body: event });
  assert.equal(status, 422);
  assert.deepEqual(JSON.parse(body), JSON.parse(REFUSED));
});

test('the documented verdicts of a batch', async () => {
  const { status, body } = await send(server.url, { path: '/api/v1/audit-events', body: `[${EVENT},1]` });
  assert.equal(status, 200);
  const answer = JSON.parse(body);
  answer.results[1].details.errors = [];
  assert.deepEqual(answer, JSON.parse(BATCH));
});

test('the documented connection test', async () => {
  const { status, body } = await send(server.url, { method: 'GET', path: '/api/v1/test-connection' });
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), JSON.parse(CONNECTION));
});

test('every refusal behind the checks is documented with its status and its Retry-After', () => {
  for (const { status, reason, retryAfterSeconds } of [QUEUE_FULL, DISK_FULL, LOG_FAILED, STOPPING, INTERNAL_ERROR]) {
    const row = ROWS.find(([, , cell]) => cell === `\`${reason}\``);
    assert.equal(row?.[1], String(status), reason);
    assert.equal(row?.[4], String(retryAfterSeconds ?? ''), reason);
  }
});

test('the documented limits', () => {
  assert.match(PAGE, new RegExp(`nested\\s+${MAX_JSON_DEPTH} levels`));
  assert.match(PAGE, new RegExp(`${MAX_BATCH_EVENTS} events at most`));
});
