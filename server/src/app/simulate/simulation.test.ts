import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { Answer } from './audit-client.ts';
import { type EventSender, runSimulation, type SimulationOptions, type SimulationSummary } from './simulation.ts';

/** Answers by `script`, in order, then with 202; keeps what was posted. */
class ScriptedServer implements EventSender {
  readonly posted: string[] = [];
  readonly batches: number[] = [];
  readonly #script: (Answer | Error | 'silence')[];

  constructor(...script: (Answer | Error | 'silence')[]) {
    this.#script = script;
  }

  async postEvent(body: string, signal: AbortSignal): Promise<Answer> {
    this.posted.push(body);
    const next = this.#script.shift() ?? { status: 202, body: '{"status":"accepted"}' };
    if (next === 'silence') {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    }
    if (next instanceof Error) throw next;
    return next;
  }

  async postEvents(bodies: readonly string[]): Promise<Answer> {
    this.posted.push(...bodies);
    this.batches.push(bodies.length);
    const next = this.#script.shift();
    if (next !== undefined && next !== 'silence' && !(next instanceof Error)) return next;
    return { status: 200, body: JSON.stringify({ results: bodies.map(() => ({ statusCode: 202 })) }) };
  }

  ids(): string[] {
    return this.posted.map((body) => JSON.parse(body).eventId);
  }
}

async function run(sender: EventSender, overrides: Partial<SimulationOptions> = {}): Promise<SimulationSummary> {
  const clock = new FakeClock();
  const done = runSimulation({
    ...{ users: 2, rate: 10, durationSeconds: 3, seed: 1, startAt: clock.now(), clock, sender },
    signal: new AbortController().signal,
    ...overrides,
  });
  for (let second = 0; second < 20; second++) await clock.advance(1000);
  return done;
}

test('sends rate × duration events, each once', async () => {
  const server = new ScriptedServer();
  const summary = await run(server);
  assert.equal(summary.sent, 30);
  assert.equal(summary.acknowledged, 30);
  assert.equal(new Set(server.ids()).size, 30);
  assert.equal(summary.repeats, 0);
  assert.ok(summary.elapsedSeconds >= 2.9 && summary.elapsedSeconds < 4, String(summary.elapsedSeconds));
});

test('repeats with the same event id after 503, 429 and a broken connection, no earlier than Retry-After says', async () => {
  const server = new ScriptedServer(
    { status: 503, body: '', retryAfterMs: 2000 },
    { status: 429, body: '' },
    new Error('ECONNRESET'),
  );
  const summary = await run(server);
  assert.equal(summary.acknowledged, 30);
  assert.equal(summary.repeats, 3);
  const ids = server.ids();
  assert.equal(new Set(ids).size, 30);
  assert.equal(ids.length, 33);
  const resent = ids.lastIndexOf(ids[0] ?? '');
  assert.ok(resent >= 15, `2 s later 20 more have been sent, this came after ${resent}`);
});

test('does not repeat what the server refuses for good', async () => {
  const summary = await run(new ScriptedServer({ status: 422, body: 'no' }, { status: 400, body: 'no' }));
  assert.deepEqual(summary.refused, { 400: 1, 422: 1 });
  assert.equal(summary.acknowledged, 28);
  assert.match(summary.lastProblem ?? '', /HTTP 4/);
});

test('a silent server ends the run ten seconds after the last event', async () => {
  const summary = await run(new ScriptedServer('silence'));
  assert.equal(summary.unanswered, 1);
  assert.equal(summary.acknowledged, 29);
  assert.ok(summary.elapsedSeconds >= 12.5 && summary.elapsedSeconds < 14, String(summary.elapsedSeconds));
});

test('the signal ends the run at once', async () => {
  const ended = new AbortController();
  const onProgress = ({ acknowledged }: { acknowledged: number }) => {
    if (acknowledged === 5) ended.abort();
  };
  const summary = await run(new ScriptedServer(), { signal: ended.signal, onProgress });
  assert.ok(summary.sent >= 5 && summary.sent <= 6, String(summary.sent));
});

test('a batch keeps what was accepted and repeats only the rest', async () => {
  const verdicts = [202, 503, 422].map((statusCode) => ({ statusCode }));
  const server = new ScriptedServer({ status: 200, body: JSON.stringify({ results: verdicts }) });
  const summary = await run(server, { batch: 3 });
  assert.deepEqual([summary.sent, summary.acknowledged, summary.repeats], [30, 29, 1]);
  assert.deepEqual(summary.refused, { 422: 1 });
  assert.equal(server.batches.length, 10);
});
