import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { IMAGE_FACTS } from '../../src/domain/screenshot-annotation.ts';
import { postEvent } from '../support/audit-client.ts';
import { parquetRows } from '../support/parquet-rows.ts';
import { startQlikStandIn } from '../support/qlik-stand-in.ts';
import { createHome, eventually, startServer } from '../support/running-server.ts';
import { chartPicture, screenshotEvent } from './screenshot-home.ts';

const PASSPHRASE = 'open sesame';

/** As Butler SOS 15 writes them, and beside them those that are ours alone. */
function sections(qlik: { httpsPort: number; qpsPort: number; clientCertPath: string }, lockedKey: string) {
  const destination = `    destination:
      enable: true
      type: parquet
      parquet: {metadata: {exportDirectory: parquet, writeFrequency: 0}}
      screenshots:
        enable: true
        downloadTimeoutMs: 700
        storageTargets:
          - {enable: true, type: flat, directory: pictures}
          - {enable: false, type: flat, directory: unused}
          - {enable: true, type: dated, directory: dated}
          - {enable: true, type: flat, directory: pictures}
        addInImageMetadata: {enable: true, fields: {user: true, eventId: false}}
        allowedImageDownloadHosts: ["localhost:${qlik.httpsPort}", "*.lab"]
        auth:
          mode: userTicket
          qps: {host: localhost, port: ${qlik.qpsPort}, virtualProxy: "", ticketTimeoutMs: 5000}
          sessionCache: {enable: false, ttlSeconds: 120, maxEntries: 100}
`;
  const extra = `    screenshots:
      maxWaitMs: 0
      maxImageBytes: 20000
      auth: {deniedUsers: ['LAB\\boss'], allowedPaths: [/content/Pictures]}
  cert: {clientCert: ${qlik.clientCertPath}, clientCertKey: ${lockedKey}, clientCertPassphrase: ${PASSPHRASE}}
  serversToMonitor: {rejectUnauthorized: false}
`;
  return { destination, extra };
}

test('each setting of screenshots has its effect, in the shape of Butler SOS 15 and beside it', async (t) => {
  const qlik = await startQlikStandIn();
  t.after(() => qlik.close());
  const lockedKey = join(dirname(qlik.caPath), 'locked.pem');
  const format = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
  writeFileSync(lockedKey, createPrivateKey(readFileSync(qlik.clientKeyPath)).export(format));
  const home = createHome(sections(qlik, lockedKey));
  t.after(() => home.remove());
  for (const path of ['tempcontent/a.png', 'content/Pictures/c.png']) qlik.setImage(path, await chartPicture(1));
  qlik.setImage('tempcontent/large.png', Buffer.concat([await chartPicture(2), Buffer.alloc(20_000)]));
  qlik.setBehaviour('tempcontent/hanging.png', 'hang');
  const server = await startServer(home);
  t.after(() => server.kill());
  const wanted: readonly (readonly [string, string, string])[] = [
    ['LAB\\anna', qlik.imageUrl('tempcontent/a.png'), 'saved'],
    ['LAB\\bo', qlik.imageUrl('content/Pictures/c.png'), 'saved'],
    ['LAB\\cy', qlik.imageUrl('tempcontent/large.png'), 'too-large'],
    ['LAB\\di', qlik.imageUrl('tempcontent/hanging.png'), 'expired: timed-out'],
    ['LAB\\ed', qlik.imageUrl('tempcontent/a.png', { http: true }), 'host-not-allowed'],
    ['LAB\\boss', qlik.imageUrl('tempcontent/a.png'), 'user-denied'],
  ];
  const ids: unknown[] = [];
  for (const [user, url] of wanted) {
    const event = screenshotEvent(url, user);
    ids.push(event.eventId);
    assert.equal((await postEvent(server.url, event)).status, 202);
  }
  const rows = await eventually(async () => {
    const found = await parquetRows(home.parquet);
    return found.length === wanted.length ? found : undefined;
  });
  const came = ids.map((id) => {
    const tags = JSON.parse(String(rows.find(({ eventId }) => eventId === id)?.tags));
    return tags.screenshotReason ?? tags.screenshotStatus;
  });
  assert.deepEqual(
    came,
    wanted.map(([, , outcome]) => outcome),
    server.output(),
  );
  const first = rows.find(({ eventId }) => eventId === ids[0]);
  const paths = (JSON.parse(String(first?.screenshotSavedPaths)) as string[]).map((path) => relative(home.root, path));
  const day = new Date(Number(first?.timestamp)).toISOString().slice(0, 10).split('-');
  assert.deepEqual(
    paths.map((path) => [dirname(path), path.endsWith('_metadata.png')]),
    [
      ...[
        ['pictures', false],
        ['pictures', true],
      ],
      ...[
        [join('dated', ...day), false],
        [join('dated', ...day), true],
      ],
    ],
  );
  assert.equal(existsSync(join(home.root, 'unused')), false);
  // one fact, one line
  const { height = 0 } = await sharp(join(home.root, paths[1] ?? '')).metadata();
  assert.ok(height > 200 && height < 260, String(height));
  assert.equal(qlik.requests().filter(({ method, path }) => method === 'POST' && path.includes('/ticket')).length, 4);
  // no cache, so none is kept; whoever hangs has not said which one it is
  await eventually(() => qlik.sessions().every(({ user }) => user === 'LAB\\di') || undefined);
  assert.ok(!server.output().includes(PASSPHRASE));
  assert.match(server.output(), /\*\.lab.{0,4} is neither host nor host:port/);
});

test('each fact of addInImageMetadata by its name, in both shapes', () => {
  const on = (text: string) => {
    const settings = `auditEvents:\n  screenshots: {addInImageMetadata: ${text}}\n`;
    const { config } = loadConfig({ text: settings, root: process.cwd(), env: {}, destinations: [] });
    return IMAGE_FACTS.filter((fact) => config.screenshots.addInImageMetadata[fact]);
  };
  for (const fact of IMAGE_FACTS) {
    const formerly = fact === 'userId' ? 'user' : fact;
    for (const name of [fact, formerly]) assert.deepEqual(on(`{${name}: true}`), [fact]);
    assert.deepEqual(on(`{enable: true, fields: {${formerly}: true}}`), [fact]);
    assert.deepEqual(on(`{enable: false, fields: {${formerly}: true}}`), []);
  }
});
