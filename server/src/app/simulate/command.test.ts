import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { CommandFailure } from '../cli/exit-codes.ts';
import { type SimulateOptions, simulateCommand } from './command.ts';
import { showProgress } from './progress.ts';

/** Takes everything with `status`; test-connection with `connection`. */
async function listen(t: TestContext, status: number, connection = 200) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') bodies.push(body);
    response.writeHead(request.method === 'POST' ? status : connection).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function run(url: string, options: Partial<SimulateOptions> = {}): Promise<{ code: number; text: string }> {
  let text = '';
  const stdout = { write: (part: string) => (text += part) };
  const code = await simulateCommand(
    { url, users: 3, rate: 400, duration: 0.1, ...options },
    { stdout, clock: systemClock, signal: new AbortController().signal },
  );
  return { code, text };
}

test('says what it does and how it went', async (t) => {
  const server = await listen(t, 202);
  const { code, text } = await run(server.url);
  assert.equal(code, 0);
  assert.match(text, /3 users, 400 events\/s for 0\.1 s against http:\/\/127.*--seed \d+/);
  assert.match(text, /40 of 40 events acknowledged in \d+\.\d s/);
  assert.equal(server.bodies.length, 40);
});

test('with a seed, a second run sends the same bytes; without, other events of now', async (t) => {
  const server = await listen(t, 202);
  await run(server.url, { seed: 9 });
  await run(server.url, { seed: 9 });
  const [first, second] = [server.bodies.slice(0, 40).sort(), server.bodies.slice(40).sort()];
  assert.deepEqual(first, second);
  await run(server.url);
  const { eventId, timestamp } = JSON.parse(server.bodies[80] ?? '');
  assert.ok(!server.bodies.slice(0, 80).some((body) => body.includes(eventId)));
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
});

test('exit code 1 and the reason when events are refused', async (t) => {
  const server = await listen(t, 422);
  const { code, text } = await run(server.url);
  assert.equal(code, 1);
  assert.match(text, /40 refused with 422/);
  assert.match(text, /last problem: HTTP 422/);
});

test('no server, a wrong token and a wrong address end with a sentence that says what to do', async (t) => {
  const failure = (message: RegExp) => (error: unknown) =>
    error instanceof CommandFailure && message.test(error.message);
  await assert.rejects(run('http://127.0.0.1:1'), failure(/No server answers.*npm start/s));
  await assert.rejects(run((await listen(t, 202, 401)).url), failure(/--token/));
  await assert.rejects(run((await listen(t, 202, 404)).url), failure(/HTTP 404/));
  await assert.rejects(run('nonsense'), failure(/not the address/));
});

test('a certificate that is not trusted is not taken for a server that is not there', async (t) => {
  const file = (name: string) => readFileSync(new URL(`../../../test/http/certificates/${name}`, import.meta.url));
  const server = createTlsServer({ cert: file('first.cert.pem'), key: file('first.key.pem') });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  await assert.rejects(
    run(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    (error) => error instanceof CommandFailure && /not trusted here.*NODE_EXTRA_CA_CERTS/s.test(error.message),
  );
});

test('progress is one line written over again on a terminal, and a line every five seconds elsewhere', () => {
  const counts = { sent: 50, acknowledged: 49, repeats: 2, refused: {}, unanswered: 0 };
  const shown = (isTTY: boolean, stepMs: number) => {
    let text = '';
    let now = 0;
    const progress = showProgress({ isTTY, write: (part) => (text += part) }, 100, () => now);
    for (let i = 0; i < 3; i++) {
      now += stepMs;
      progress.update(counts);
    }
    progress.end();
    return text;
  };
  const line = ' 50 %  49 acknowledged, 2 sent again';
  assert.equal(shown(false, 2500), `${line}\n`);
  assert.equal(shown(true, 60), `\r\x1b[K${line}\r\x1b[K`);
});
