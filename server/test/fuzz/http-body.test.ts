import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { send } from '../http/http-client.ts';
import { IngestServer } from '../http/ingest-server.ts';
import { envelope } from '../support/audit-client.ts';

const EVENT = '/api/v1/audit-event';
const EVENTS = '/api/v1/audit-events';
const agent = new Agent({ keepAlive: true });
let server: IngestServer;

before(async () => {
  server = await new IngestServer({ http: { maxBodyBytes: 4 * 1024 * 1024 } }).start();
});
after(async () => {
  agent.destroy();
  await server.stop();
});

const TYPES = [
  'selection.state.changed',
  'app.model.validated',
  'screenshot.url.received',
  'event.unsupported.visualization',
  'object.view.duration',
  'server.synced',
  'of tomorrow',
];
const NAMES = [
  'selectionTxnId',
  'details',
  'dataStateId',
  'screenshotUrl',
  'crop',
  'duration',
  'leftAt',
  'appId',
  '__proto__',
];

/** JSON values, with the names that the server looks at, and keys that are dangerous elsewhere. */
const anyJson = fc.jsonValue({ maxDepth: 4 });
const members = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), anyJson, { noNullPrototype: true });
const payload = fc.record({ context: members, event: fc.oneof(members, anyJson) }, { requiredKeys: [] });

const almostEvent = fc
  .tuple(fc.constantFrom(...TYPES), payload, fc.dictionary(fc.constantFrom(...Object.keys(envelope())), anyJson))
  .map(([type, payload, wrong]) => JSON.stringify({ ...envelope({ type, payload }), ...wrong }));

const bodies = fc.oneof(
  almostEvent.map((text) => Buffer.from(text)),
  fc.json({ stringUnit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  // an event that was cut or has a byte changed on its way
  fc.tuple(almostEvent, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.tuple(almostEvent, fc.nat()).map(([text, at]) => Buffer.from(text).subarray(0, at % text.length)),
);

test('whatever the body: 202, 400 or 422, and what was accepted is stored on one line as it came', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const before = server.log.stored.length;
      const { status, body: answer } = await send(server.url, { path: EVENT, body, agent });
      assert.ok([202, 400, 422].includes(status), `${status} ${answer}`);
      JSON.parse(answer);
      const stored = server.log.stored.slice(before);
      assert.equal(stored.length, status === 202 ? 1 : 0);
      for (const entry of stored) {
        const envelope = entry.envelope.toString();
        assert.ok(!/[\r\n]/.test(envelope));
        assert.deepEqual(JSON.parse(envelope), JSON.parse(body.toString()));
      }
    }),
    { numRuns: 1500 },
  );
  assert.equal(server.logger.at('error').length, 0);
  assert.equal(({} as Record<string, unknown>).selectionTxnId, undefined);
});

test('a batch gives each event the verdict that it gets alone', async () => {
  const elements = fc.array(
    fc.oneof(
      almostEvent,
      anyJson.map((value) => JSON.stringify(value)),
    ),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(elements, fc.constantFrom('\n', ''), async (texts, space) => {
      const body = `${space}[${texts.join(`${space},${space}`)}${space}]`;
      const reply = await send(server.url, { path: EVENTS, body, agent });
      assert.equal(reply.status, 200, reply.body);
      const { results } = JSON.parse(reply.body) as { readonly results: readonly { readonly statusCode: number }[] };
      const alone: number[] = [];
      for (const text of texts) alone.push((await send(server.url, { path: EVENT, body: text, agent })).status);
      assert.deepEqual(
        results.map(({ statusCode }) => statusCode),
        alone,
      );
    }),
    { numRuns: 200 },
  );
  assert.equal(server.logger.at('error').length, 0);
});

test('100,000 brackets are refused, nothing crashes', async () => {
  for (const bracket of ['[', '{"a":', '[{"a":']) {
    for (const path of [EVENT, EVENTS]) {
      const { status } = await send(server.url, { path, body: bracket.repeat(100_000), agent });
      assert.equal(status, 400);
    }
  }
  const closed = `{"payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  assert.equal((await send(server.url, { path: EVENT, body: closed, agent })).status, 400);
  assert.equal((await send(server.url, { path: EVENTS, body: `[${closed}]`, agent })).status, 400);
});
