import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { TlsOptions } from '../../src/adapters/http-api/options.ts';
import { tlsFaults } from '../../src/adapters/http-api/tls-files.ts';
import { envelope } from '../support/audit-client.ts';
import { createCertificateAuthority } from '../support/test-certificates.ts';
import { IngestServer, TOKEN } from './ingest-server.ts';

const FIXTURES = fileURLToPath(new URL('certificates/', import.meta.url));
const fixture = (name: string) => join(FIXTURES, name);

let folder: string;
let cert: string;
let key: string;
let server: IngestServer | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-tls-'));
  cert = join(folder, 'server.crt');
  key = join(folder, 'server.key');
  use('first');
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function use(pair: 'first' | 'second'): void {
  copyFileSync(fixture(`${pair}.cert.pem`), cert);
  copyFileSync(fixture(`${pair}.key.pem`), key);
}

async function start(tls: Partial<TlsOptions> = {}): Promise<IngestServer> {
  const options = { enable: true, cert, key, minVersion: 'TLSv1.2', hsts: false, ...tls } as const;
  server = new IngestServer({ http: { tls: options, timeouts: { certificateCheckMs: 20 } } });
  return server.start();
}

async function handshake(own: IngestServer, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<TLSSocket> {
  const socket = connect({ port: own.port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion });
  await once(socket, 'secureConnect');
  return socket;
}

async function certificateOf(own: IngestServer): Promise<unknown> {
  const socket = await handshake(own);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'nothing within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Status and `Strict-Transport-Security`. */
async function post(own: IngestServer): Promise<readonly [number | undefined, string | undefined]> {
  const outgoing = request(`${own.url}/api/v1/audit-event`, {
    method: 'POST',
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  outgoing.end(JSON.stringify(envelope()));
  const [response] = await once(outgoing, 'response');
  response.resume();
  return [response.statusCode, response.headers['strict-transport-security']];
}

test('https, with and without Strict-Transport-Security', async () => {
  const plain = await start();
  assert.match(plain.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(await post(plain), [202, undefined]);
  await plain.stop();
  assert.deepEqual(await post(await start({ hsts: true })), [202, 'max-age=31536000']);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a client that closes its side behind a complete request is answered, ${version}`, async () => {
    const own = await start();
    own.log.hold();
    const socket = await handshake(own, version);
    const body = JSON.stringify(envelope());
    const head = `Authorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.end(`POST /api/v1/audit-event HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    await eventually(() => own.log.pressure().writeUnderWayMs > 0);
    await new Promise((resolve) => setTimeout(resolve, 20)); // for its FIN
    own.log.release();
    await once(socket, 'close');
    assert.match(answer, /^HTTP\/1\.1 202 /);
  });
}

test('a client that closes its side before its request is complete, or its handshake, is not left open', async () => {
  const own = await start();
  for (const text of ['', 'POST /api', 'POST /api HTTP/1.1\r\nContent-Length: 9\r\n\r\n{']) {
    const socket = await handshake(own);
    socket.resume().end(text);
    await once(socket, 'close');
  }
  const early = connectTcp(own.port, '127.0.0.1').resume().end();
  await once(early, 'close');
});

test('close ends connections in mid-handshake at the deadline', async () => {
  const own = await start();
  const silent = connectTcp(own.port, '127.0.0.1').on('error', () => {});
  await once(silent, 'connect');
  const started = performance.now();
  await own.api.close(50);
  assert.ok(performance.now() - started < 5000);
  silent.destroy();
});

test('an encrypted key', async () => {
  copyFileSync(fixture('first.encrypted-key.pem'), key);
  assert.deepEqual(await post(await start({ passphrase: 'audit' })), [202, undefined]);
});

test('the oldest version that is accepted', async () => {
  const own = await start({ minVersion: 'TLSv1.3' });
  await assert.rejects(handshake(own, 'TLSv1.2'));
  (await handshake(own)).destroy();
});

test('new files are taken into use; open connections go on', async () => {
  const own = await start();
  const open = await handshake(own);
  assert.equal(await certificateOf(own), 'first.test');
  use('second');
  await eventually(async () => (await certificateOf(own)) === 'second.test');
  assert.equal(open.closed, false);
  open.destroy();
  assert.deepEqual(await post(own), [202, undefined]);
  assert.equal(own.logger.at('info').length, 1);
});

test('a pair that does not fit: the old one stays, with one warning, until the pair fits', async () => {
  const own = await start();
  copyFileSync(fixture('second.cert.pem'), cert);
  await eventually(() => own.logger.at('warn').length === 1);
  assert.equal(await certificateOf(own), 'first.test');
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(own.logger.at('warn').length, 1);
  rmSync(key);
  await eventually(() => own.logger.at('warn').length === 2);
  assert.equal(await certificateOf(own), 'first.test');
  use('second');
  await eventually(async () => (await certificateOf(own)) === 'second.test');
});

test('what is wrong with the files at start is said', () => {
  const starting = (tls: Partial<TlsOptions>) => () =>
    new IngestServer({ http: { tls: { enable: true, cert, key, minVersion: 'TLSv1.2', hsts: false, ...tls } } });
  const fault = (message: RegExp) => ({ code: 'TLS_FILES_UNUSABLE', message });
  assert.throws(starting({ cert: join(folder, 'none.crt') }), fault(/tls\.cert.*none\.crt.*no such file/));
  assert.throws(starting({ key: fixture('second.key.pem') }), fault(/cannot be used together/));
  writeFileSync(cert, 'no certificate');
  assert.throws(starting({}), fault(/server\.crt/));
  copyFileSync(fixture('first.cert.pem'), cert);
  copyFileSync(fixture('first.encrypted-key.pem'), key);
  assert.throws(starting({ passphrase: 'wrong' }), fault(/passphrase is not that of the key in .*server\.key/));
  assert.throws(starting({}), fault(/server\.key is locked with a passphrase\. Set passphrase beside it/));
});

test('a key of another kind than that of the certificate is refused at start, as nobody could connect', () => {
  // OpenSSL keeps keys of different kinds side by side and finds no fault
  writeFileSync(key, createCertificateAuthority('Root').issue('other').key);
  const tls = { enable: true, cert, key, minVersion: 'TLSv1.2', hsts: false } as const;
  assert.deepEqual(
    tlsFaults(tls).map(({ setting }) => setting),
    [undefined],
  );
  assert.match(
    tlsFaults(tls)[0]?.problem ?? '',
    /server\.crt and key .*server\.key cannot be used together: the key is/,
  );
});

test('each file that is not what its name says is told in plain words', () => {
  const first = readFileSync(fixture('first.cert.pem'), 'utf8');
  const faults = (files: Partial<TlsOptions>) =>
    tlsFaults({ enable: true, cert, key, minVersion: 'TLSv1.2', hsts: false, ...files }).map(
      ({ setting, problem }) => `${setting}: ${problem}`,
    );
  const file = (contents: string | Buffer) => {
    const path = join(folder, 'odd.pem');
    writeFileSync(path, contents);
    return path;
  };
  assert.match(
    faults({ cert: key, key: cert }).join('\n'),
    /^cert: .*found a private key\nkey: .*found a certificate$/,
  );
  assert.match(
    faults({ cert: file(new X509Certificate(first).raw) }).join(),
    /^cert: .*a binary file, such as PFX or DER$/,
  );
  assert.match(faults({ ca: file('127.0.0.1 localhost') }).join(), /^ca: expected a certificate .*something else$/);
  assert.match(faults({ key: folder }).join(), /^key: expected a readable file .*, found a folder$/);
  assert.match(faults({ cert: file(first.slice(0, 300)) }).join(), /^cert: .*odd\.pem/);
  assert.deepEqual(
    faults({ cert: file(`\uFEFF${first.replaceAll('\n', '\r\n')}`), ca: fixture('second.cert.pem') }),
    [],
  );
});

test('plain http on the https port harms nobody', async () => {
  const own = await start();
  const socket = connectTcp(own.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(await post(own), [202, undefined]);
});
