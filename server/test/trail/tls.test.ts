import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
