import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arePicturesFetched } from '../../src/app/config/are-pictures-fetched.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { createHome, eventually, startServer } from '../support/running-server.ts';

function load(screenshots: string) {
  const text = `auditEvents:\n  apiToken: a\n  screenshots: ${screenshots}\n`;
  const { config, warnings } = loadConfig({ text, root: process.cwd(), env: {}, destinations: [] });
  return [arePicturesFetched(config.screenshots), warnings.map(({ message }) => message.split(':')[0])];
}

test('rule 2: pictures are fetched when they are switched on and there is a folder; else a warning says what is missing', () => {
  const missing = 'pictures are not downloaded';
  assert.deepEqual(load('{}'), [false, []]);
  assert.deepEqual(load('{enable: true, storageTargets: [{type: flat, directory: a}]}'), [true, []]);
  assert.deepEqual(load('{enable: false, storageTargets: [{type: flat, directory: a}]}'), [false, []]);
  assert.deepEqual(load('{enable: true}'), [false, [missing]]);
  assert.deepEqual(load('{enable: true, storageTargets: [{enable: false, type: dated, directory: a}]}'), [
    false,
    [missing],
  ]);
});

test('a certificate file that cannot be used is told of at the start, and keeps no server from starting', async (t) => {
  const extra = `    screenshots:
      enable: true
      storageTargets: [{type: flat, directory: pictures}]
      auth: {mode: userTicket, qps: {host: localhost, cert: {clientCert: none.pem, clientCertKey: none.key}}}
`;
  const home = createHome({ extra });
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  await eventually(
    () => /none\.pem\. Correct the path.*No log-in at Qlik Sense works/.test(server.output()) || undefined,
  );
  assert.match(server.output(), /none\.key\. Correct the path/);
});
