import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { envelope, postEvent } from '../support/audit-client.ts';
import {
  createHome,
  eventually,
  type RunningServer,
  runCommand,
  type ServerHome,
  startServer,
} from '../support/running-server.ts';
import { Visitor } from './trail-world.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/butler-sos-audit.js', import.meta.url));
const PASSWORD = 'correct horse battery';

describe('a running server: who may look, from the command line', () => {
  let home: ServerHome;
  let server: RunningServer;
  before(async () => {
    home = createHome();
    server = await startServer(home);
  });
  after(async () => {
    await server.stop();
    home.remove();
  });

  async function withPassword(password: string, ...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [LAUNCHER, ...args, '--config', home.configFile, '--root', home.root]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.stdin.end(`${password}\n`);
    const [code] = await once(child, 'close');
    return `${code} ${output}`;
  }

  it('open prints a link that opens the page once; events, looks and deliveries are there', async () => {
    const { stdout, code } = await runCommand(home, ['open']);
    assert.equal(code, 0);
    const link = /^(http:\/\/127\.0\.0\.1:\d+)\/login#link=([\w-]{43})\n$/.exec(stdout);
    assert.equal(link?.[1], server.viewerUrl);
    const visitor = new Visitor(server.viewerUrl);
    assert.equal((await visitor.post('session', { link: link?.[2] })).status, 200);
    assert.equal((await visitor.post('session', { link: link?.[2] })).status, 401);
    for (let i = 0; i < 3; i++) assert.equal((await postEvent(server.url, envelope())).status, 202);
    const items = await eventually(async () => {
      const found = (await visitor.read('events?eventType=audit.event&eventType=*')).items;
      const own = found.filter((event: { origin: string }) => event.origin === 'client');
      return own.length === 3 ? own : undefined;
    });
    const delivered = await eventually(async () => {
      const detail = await visitor.read(`events/${items[0].eventId}`);
      return detail.deliveries[0]?.state === 'delivered' ? detail : undefined;
    });
    assert.equal(delivered.deliveries[0].destination, 'parquet');
    const looks = await eventually(async () => {
      const found = (await visitor.read('events?eventType=server.viewer.*')).items;
      return found.length >= 2 ? found : undefined;
    });
    assert.ok(looks.some(({ eventType }: { eventType: string }) => eventType === 'server.viewer.signed-in'));
    const { head } = (await visitor.read('system')).log;
    assert.ok(head >= 4);
  });

  it('user add, list and remove; the running server knows at once', async () => {
    assert.match(await withPassword('short', 'user', 'add', 'anna'), /^1 A password needs at least 12 characters/);
    assert.match(
      await withPassword(PASSWORD, 'user', 'add', 'anna', '--apps', 'x', '--no-pictures'),
      /^0 Added anna \(reader; apps x; no pictures\)/,
    );
    const file = join(home.log, 'viewer-access.json');
    assert.ok(!readFileSync(file, 'utf8').includes(PASSWORD));
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    const visitor = new Visitor(server.viewerUrl);
    const { body } = await visitor.post('session', { user: 'anna', password: PASSWORD });
    assert.deepEqual([body.apps, body.maySeePictures, body.maySeeObjectData], [['x'], false, true]);
    assert.match((await runCommand(home, ['user', 'list'])).stdout, /anna\s+reader; apps x; no pictures/);
    assert.equal((await runCommand(home, ['user', 'remove', 'anna'])).code, 0);
    assert.equal((await visitor.get('events')).status, 401);
    assert.equal((await runCommand(home, ['user', 'remove', 'anna'])).code, 1);
    assert.match(
      await withPassword(PASSWORD, 'user', 'add', 'boss', '--role', 'admin', '--no-pictures'),
      /^1 An administrator sees everything/,
    );
  });

  it('user add --print makes an entry that the configuration takes', async () => {
    const printed = await withPassword(PASSWORD, 'user', 'add', 'carl', '--print', '--no-object-data');
    assert.match(printed, /^0 - name: carl\n {2}passwordHash: scrypt:32768:8:1:[\w-]+:[\w-]+\n {2}role: reader/);
    const other = createHome();
    const text = readFileSync(other.configFile, 'utf8').replace(
      'viewer:\n      port: 0\n',
      `viewer:\n      port: 0\n      users:\n${printed.slice(2).trimEnd().replace(/^/gm, '        ')}\n`,
    );
    writeFileSync(other.configFile, text);
    const checked = await runCommand(other, ['check-config']);
    assert.equal(checked.code, 0, checked.stderr);
    assert.ok(!checked.stdout.includes('scrypt:'), 'the hash is a secret');
    const started = await startServer(other);
    const { status } = await new Visitor(started.viewerUrl).post('session', { user: 'carl', password: PASSWORD });
    await started.stop();
    other.remove();
    assert.equal(status, 200);
  });

  it('token add prints a token once; remove takes it away', async () => {
    const { stdout } = await runCommand(home, ['token', 'add', 'report', '--no-pictures']);
    const script = new Visitor(server.viewerUrl);
    script.headers = { authorization: `Bearer ${stdout.trim()}` };
    assert.equal((await script.read('session')).name, 'report');
    assert.ok(!readFileSync(join(home.log, 'viewer-access.json'), 'utf8').includes(stdout.trim()));
    assert.match((await runCommand(home, ['token', 'list'])).stdout, /report\s+reader; all apps; no pictures/);
    assert.equal((await runCommand(home, ['token', 'add', 'report'])).code, 1);
    assert.equal((await runCommand(home, ['token', 'remove', 'report'])).code, 0);
    assert.equal((await script.get('session')).status, 401);
  });

  it('status and metrics are as they were', async () => {
    for (const path of ['/api/v1/status', '/metrics', '/health/live', '/health/ready']) {
      assert.equal((await fetch(server.viewerUrl + path)).status, 200, path);
    }
  });
});
