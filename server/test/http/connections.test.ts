import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { envelope } from '../support/audit-client.ts';
import { send } from './http-client.ts';
import { IngestServer, type IngestServerOptions, ORIGIN, TOKEN } from './ingest-server.ts';

const EVENT = '/api/v1/audit-event';
const valid = () => JSON.stringify(envelope());
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function withServer(options: IngestServerOptions, use: (own: IngestServer) => Promise<void>): Promise<void> {
  const own = await new IngestServer(options).start();
  try {
    await use(own);
  } finally {
    await own.stop();
  }
}

async function open(own: IngestServer): Promise<Socket> {
  const socket = connect(own.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes until the other side closes. */
async function answerOn(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.closed) await once(socket, 'close');
  return text;
}

function head(length: number | string, more: readonly string[] = []): string {
  const lines = [
    `POST ${EVENT} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${TOKEN}`,
    'Content-Type: application/json',
    `Origin: ${ORIGIN}`,
    length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

test('connections beyond what the process has files for are closed at once, with one warning; others go on', async () => {
  const told: unknown[] = [];
  await withServer({ http: { maxConnections: 3 } }, async (own) => {
    own.logger.warn = (fields, message) => {
      if (message.startsWith('connections were closed at once')) told.push(fields);
    };
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await send(own.url, { path: EVENT, body: valid(), agent })).status, 202);
    const idle = [await open(own), await open(own)];
    for (let i = 0; i < 5; i++) await answerOn(await open(own));
    assert.equal((await send(own.url, { path: EVENT, body: valid(), agent })).status, 202);
    assert.deepEqual(told, [{ count: 1, most: 3 }]);
    const freed = idle.map((socket) => once(socket, 'close'));
    for (const socket of idle) socket.destroy();
    await Promise.all(freed);
    agent.destroy();
  });
  assert.deepEqual(told.at(-1), { count: 4, most: 3 }, 'the others when it ends');
});

test('256 busy keep-alive connections see no 503 while a commit takes 5 ms', async () => {
  await withServer({ write: () => pause(5) }, async (own) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 256 });
    const seen = new Map<number, number>();
    const client = async () => {
      for (let i = 0; i < 8; i++) {
        const { status } = await send(own.url, { path: EVENT, body: valid(), agent });
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 256 }, client));
    agent.destroy();
    assert.deepEqual([...seen], [[202, 256 * 8]]);
    assert.equal(own.log.stored.length, 256 * 8);
  });
});

test('a stuck disk gives 503 within about a second to those who find the queue full, and the rest are stored later', async () => {
  await withServer({ queue: { maxSize: 20 } }, async (own) => {
    own.log.hold();
    const agent = new Agent({ keepAlive: true });
    const started = performance.now();
    const replies = Array.from({ length: 50 }, () => send(own.url, { path: EVENT, body: valid(), agent }));
    const refused = await Promise.any(
      replies.map(async (reply) => ((await reply).status === 503 ? reply : Promise.reject(new Error('not that one')))),
    );
    assert.ok(performance.now() - started < 3000);
    assert.equal(JSON.parse(refused.body).reason, 'Event queue is full');
    assert.ok(Number(refused.headers['retry-after']) > 0);
    own.log.release();
    const statuses = (await Promise.all(replies)).map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 202).length, own.log.stored.length);
    assert.equal(statuses.filter((status) => status === 503).length, 50 - own.log.stored.length);
    agent.destroy();
  });
});

test('2,000 idle connections cost little and delay nobody', async () => {
  await withServer({}, async (own) => {
    const before = process.memoryUsage.rss();
    const idle: Socket[] = [];
    for (let i = 0; i < 20; i++) idle.push(...(await Promise.all(Array.from({ length: 100 }, () => open(own)))));
    const agent = new Agent({ keepAlive: true });
    const durations: number[] = [];
    for (let i = 0; i < 50; i++) {
      const started = performance.now();
      assert.equal((await send(own.url, { path: EVENT, body: valid(), agent })).status, 202);
      durations.push(performance.now() - started);
    }
    const median = durations.sort((a, b) => a - b)[25] ?? 0;
    assert.ok(median < 50, `${median} ms`);
    // both ends of every connection live in this process
    assert.ok(process.memoryUsage.rss() - before < 200 * 1024 * 1024);
    agent.destroy();
    for (const socket of idle) socket.destroy();
  });
});

const QUICK = { timeouts: { headersMs: 300, requestMs: 500, keepAliveMs: 300, checkMs: 50 } };

test('slow-loris: headers that do not end are answered with 408 and closed', async () => {
  await withServer({ http: QUICK }, async (own) => {
    const socket = await open(own);
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 50);
    socket.write(`POST ${EVENT} HTTP/1.1\r\n`);
    const answer = await answerOn(socket);
    clearInterval(drip);
    assert.match(answer, /^HTTP\/1.1 408 /);
    assert.match(answer, /"reason":"Request timeout"/);
    assert.match(answer, /\r\nX-Content-Type-Options: nosniff\r\n/);
  });
});

test('slow-loris: a body that does not end is answered with 408, and scripts can read it', async () => {
  await withServer({ http: QUICK }, async (own) => {
    const socket = await open(own);
    socket.write(head(1000));
    const drip = setInterval(() => socket.write(' '), 50);
    const answer = await answerOn(socket);
    clearInterval(drip);
    assert.match(answer, /^HTTP\/1.1 408 /);
    assert.match(answer, new RegExp(`\r\nAccess-Control-Allow-Origin: ${ORIGIN}\r\n`));
    assert.equal(own.log.stored.length, 0);
    assert.equal((await send(own.url, { path: EVENT, body: valid() })).status, 202);
  });
});

test('a connection that never says anything is closed', async () => {
  await withServer({ http: QUICK }, async (own) => {
    await answerOn(await open(own));
  });
});

test('a body in pieces, even of a byte each, is read', async () => {
  await withServer({}, async (own) => {
    const body = valid();
    for (const length of [Buffer.byteLength(body), 'chunked'] as const) {
      const socket = await open(own);
      socket.setNoDelay(true);
      socket.write(head(length, ['Connection: close']));
      for (const byte of Buffer.from(body)) {
        const piece = Buffer.from([byte]);
        socket.write(length === 'chunked' ? Buffer.concat([Buffer.from('1\r\n'), piece, Buffer.from('\r\n')]) : piece);
        if (byte % 16 === 0) await pause(0);
      }
      if (length === 'chunked') socket.write('0\r\n\r\n');
      assert.match(await answerOn(socket), /^HTTP\/1.1 202 /);
    }
    assert.deepEqual(
      own.log.stored.map(({ envelope }) => envelope.toString()),
      [body, body],
    );
  });
});

test('clients that go away in the middle leave nothing behind', async () => {
  await withServer({}, async (own) => {
    for (let i = 0; i < 50; i++) {
      const socket = await open(own);
      socket.write(head(1000) + '{"a":'.repeat(i));
      socket.destroy();
    }
    for (let i = 0; i < 5; i++) {
      const socket = await open(own);
      socket.write(`${head(1000)}{`);
      socket.end();
      await answerOn(socket);
    }
    assert.equal((await send(own.url, { path: EVENT, body: valid() })).status, 202);
    assert.equal(own.log.stored.length, 1);
    assert.equal(own.logger.at('error').length, 0);
  });
});

test('a client that closes its side behind a complete request is answered', async () => {
  await withServer({}, async (own) => {
    own.log.hold();
    const bodies = [valid(), valid()];
    const socket = await open(own);
    socket.end(bodies.map((body) => head(Buffer.byteLength(body)) + body).join(''));
    while (own.log.pressure().writeUnderWayMs === 0) await pause(5);
    await pause(20); // for its FIN
    own.log.release();
    assert.deepEqual((await answerOn(socket)).match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 202', 'HTTP/1.1 202']);
    assert.equal(own.log.stored.length, 2);
  });
});

test('a client that closes its side before its request is complete is not left open', async () => {
  await withServer({}, async (own) => {
    const beginnings: readonly (readonly [string, RegExp])[] = [
      ['', /^$/],
      ['POST /api', /^HTTP\/1.1 400 /],
      [`${head(1000)}{`, /^HTTP\/1.1 400 /],
      [`${head('chunked')}5\r\n{`, /^HTTP\/1.1 400 /],
    ];
    for (const [text, expected] of beginnings) {
      const socket = await open(own);
      socket.end(text);
      assert.match(await answerOn(socket), expected, text);
    }
    assert.equal(own.log.stored.length, 0);
  });
});

test('a client that goes away while its event is being stored does not disturb: the event is kept', async () => {
  await withServer({}, async (own) => {
    own.log.hold();
    const body = valid();
    const socket = await open(own);
    socket.write(head(Buffer.byteLength(body)) + body);
    while (own.log.pressure().writeUnderWayMs === 0) await pause(5);
    socket.destroy();
    await pause(20);
    own.log.release();
    assert.equal((await send(own.url, { path: EVENT, body: valid() })).status, 202);
    assert.equal(own.log.stored.length, 2);
    assert.equal(own.logger.at('error').length, 0);
  });
});

test('a body beyond the limit: 413 while it is still coming, and the connection goes on', async () => {
  await withServer({}, async (own) => {
    for (const length of [100_000, 'chunked'] as const) {
      const socket = await open(own);
      const large = 'x'.repeat(100_000);
      socket.write(head(length));
      socket.write(length === 'chunked' ? `${(100_000).toString(16)}\r\n${large}\r\n0\r\n\r\n` : large);
      const body = valid();
      socket.write(head(Buffer.byteLength(body), ['Connection: close']) + body);
      const answer = await answerOn(socket);
      assert.match(answer, /^HTTP\/1.1 413 [\s\S]*HTTP\/1.1 202 /);
    }
    assert.equal(own.queue.snapshot().messagesDroppedSize, 2);
  });
});

test('what is no HTTP is answered in the same shape', async () => {
  await withServer({}, async (own) => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['HELLO\r\n\r\n', 400, 'Malformed request'],
      ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 404, 'Not found'],
      [
        `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
        431,
        'Request header fields are too large',
      ],
    ];
    for (const [text, status, reason] of cases) {
      const socket = await open(own);
      socket.write(text);
      const answer = await answerOn(socket);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(answer, new RegExp(`"reason":"${reason}"`));
      assert.match(answer, /\r\nVary: Origin\r\n/);
    }
  });
});

test('an absolute request target is answered like its path', async () => {
  await withServer({}, async (own) => {
    const body = valid();
    const text = head(Buffer.byteLength(body), ['Connection: close']) + body;
    for (const [target, status] of [
      [`http://127.0.0.1:${own.port}${EVENT}`, 202],
      [`HTTPS://audit.example${EVENT}?a=http://b/c`, 202],
      ['http://audit.example', 404],
      [`ftp://audit.example${EVENT}`, 404],
    ] as const) {
      const socket = await open(own);
      socket.write(text.replace(EVENT, target));
      assert.match(await answerOn(socket), new RegExp(`^HTTP/1.1 ${status} `), target);
    }
  });
});

test('garbage behind a request that awaits its answer is not answered in its place', async () => {
  await withServer({}, async (own) => {
    own.log.hold();
    const body = valid();
    const socket = await open(own);
    socket.write(`${head(Buffer.byteLength(body)) + body}HELLO\r\n\r\n`);
    assert.equal(await answerOn(socket), '');
    own.log.release();
    await pause(10);
    assert.equal(own.log.stored.length, 1);
  });
});

test('close answers what is under way, refuses new connections, and ends what is left at the deadline', async () => {
  const own = await new IngestServer().start();
  own.log.hold();
  const agent = new Agent({ keepAlive: true });
  await open(own);
  const underWay = send(own.url, { path: EVENT, body: valid(), agent });
  while (own.log.pressure().writeUnderWayMs === 0) await pause(5);
  const closed = own.api.close(60_000);
  assert.equal(own.api.close(60_000), closed, 'may be called twice');
  await assert.rejects(send(own.url, { path: EVENT, body: valid() }));
  own.log.release();
  const reply = await underWay;
  assert.equal(reply.status, 202);
  assert.equal(reply.headers.connection, 'close');
  await closed;
  agent.destroy();

  const stuck = await new IngestServer().start();
  stuck.log.hold();
  const never = send(stuck.url, { path: EVENT, body: valid() }).catch((error: Error) => error);
  while (stuck.log.pressure().writeUnderWayMs === 0) await pause(5);
  await stuck.api.close(50);
  assert.ok((await never) instanceof Error);
});

test('a port that is taken is said so', async () => {
  await withServer({}, async (own) => {
    const second = new IngestServer({ http: { port: own.port } });
    await assert.rejects(second.start(), { code: 'EADDRINUSE' });
    await second.api.close(10);
  });
});

test('a host name with addresses of both kinds means the older one, which every client can reach', async (t) => {
  const asked: unknown[] = [];
  t.mock.method(dns, 'lookup', async (...question: readonly unknown[]) => {
    asked.push(question);
    return { address: '127.0.0.1', family: 4 };
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  await withServer({ http: { host: 'audit.example' } }, async (own) => {
    assert.deepEqual(asked, [['audit.example', { order: 'ipv4first' }]]);
    assert.equal(own.url, `http://audit.example:${own.port}`);
    assert.equal((await send(`http://127.0.0.1:${own.port}`, { path: EVENT, body: valid() })).status, 202);
  });
});

test('Expect: 100-continue: the body is asked for when it will be read, not before a refusal', async () => {
  await withServer({}, async (own) => {
    const body = valid();
    const expecting = (length: number, more: readonly string[] = []) => head(length, ['Expect: 100-continue', ...more]);
    const refusals: readonly (readonly [string, number])[] = [
      [expecting(body.length).replace(TOKEN, 'wrong'), 401],
      [expecting(65_537), 413],
      [expecting(body.length).replace('application/json', 'text/plain'), 415],
      [expecting(body.length).replace(EVENT, '/nothing'), 404],
    ];
    for (const [request, status] of refusals) {
      const socket = await open(own);
      socket.write(request);
      const answer = await answerOn(socket);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\nConnection: close\\r\\n`));
    }

    const socket = await open(own);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    for (const more of [[], ['Connection: close']]) {
      text = '';
      socket.write(expecting(Buffer.byteLength(body), more));
      while (!text.endsWith('\r\n\r\n')) await once(socket, 'data');
      assert.equal(text, 'HTTP/1.1 100 Continue\r\n\r\n');
      text = '';
      socket.write(body);
      while (!text.endsWith('"processed"}')) await once(socket, 'data');
      assert.match(text, /^HTTP\/1\.1 202 /);
    }
    if (!socket.closed) await once(socket, 'close');
    assert.equal(own.log.stored.length, 2);
  });
});

test('a request that was refused before its body was found to be unreadable has one answer', async () => {
  await withServer({}, async (own) => {
    for (const framing of ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked']) {
      const socket = await open(own);
      socket.write(`POST ${EVENT} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\nzz\r\n`);
      const answer = await answerOn(socket);
      assert.deepEqual(answer.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 401']);
    }
  });
});
