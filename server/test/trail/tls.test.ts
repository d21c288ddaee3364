import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { readTlsFiles } from '../../src/adapters/http-api/tls-files.ts';
import { createViewerApi } from '../../src/adapters/viewer-api/viewer-api.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { createHome, runCommand, startServer } from '../support/running-server.ts';

const [cert, key] = ['first.cert.pem', 'first.key.pem'].map((name) =>
  fileURLToPath(new URL(`../http/certificates/${name}`, import.meta.url)),
);

test('over TLS the page is open to other machines, and its cookie goes over TLS only', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const text = readFileSync(home.configFile, 'utf8');
  const tls = `viewer:\n      host: 0.0.0.0\n      port: 0\n      allowedHosts: [audit.test]\n      tls: {enable: true, cert: ${cert}, key: ${key}}\n`;
  writeFileSync(home.configFile, text.replace('viewer:\n      port: 0\n', tls));
  const server = await startServer(home);
  t.after(() => server.kill());
  const { stdout } = await runCommand(home, ['open']);
  const [, port, link] = /^https:\/\/audit\.test:(\d+)\/login#link=([\w-]{43})\n$/.exec(stdout) ?? [];
  assert.ok(port !== undefined, stdout);
  const { status, cookie } = await new Promise<{ status: number | undefined; cookie: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = {
      port,
      host: '127.0.0.1',
      path: '/api/v1/trail/session',
      method: 'POST',
      headers,
      rejectUnauthorized: false,
    };
    request(options, (response) => {
      response.resume();
      resolve({ status: response.statusCode, cookie: String(response.headers['set-cookie']) });
    })
      .on('error', reject)
      .end(JSON.stringify({ link }));
  });
  assert.equal(status, 200);
  assert.match(cookie, /HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/);
});

test('a certificate that is renewed is taken into use, and never one that does not fit its key', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-viewer-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = { cert: join(folder, 'viewer.crt'), key: join(folder, 'viewer.key') };
  const use = (pair: string, ...kinds: readonly ('cert' | 'key')[]) => {
    for (const kind of kinds) {
      copyFileSync(fileURLToPath(new URL(`../http/certificates/${pair}.${kind}.pem`, import.meta.url)), files[kind]);
    }
  };
  use('first', 'cert', 'key');
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const read = () => readTlsFiles({ ...files, enable: true, minVersion: 'TLSv1.2', hsts: false });
  const tls = { read, name: files.cert, checkMs: 10_000, clock, logger };
  const nothing = async () => ({});
  const api = createViewerApi(
    { host: '127.0.0.1', port: 0, allowedHosts: [], tls, isOpenToOthers: false, version: '1' },
    {
      notReadyBecause: async () => undefined,
      status: nothing,
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      failed: () => {},
    },
  );
  t.after(() => api.close());
  const { url } = await api.listen();
  const subject = async () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  assert.equal(await subject(), 'first.test');
  use('second', 'cert');
  await clock.advance(20_000);
  assert.equal(await subject(), 'first.test');
  assert.equal(logger.at('warn').length, 1);
  use('second', 'key');
  await clock.advance(10_000);
  assert.equal(await subject(), 'second.test');
  assert.equal(logger.at('info').length, 1);
});
