import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createHome, eventually, LAUNCHER, runCommand, type ServerHome } from '../support/running-server.ts';
import { PICTURE, QlikWorld } from './qlik-world.ts';

let world: QlikWorld;
let home: ServerHome;
let folder: string;
beforeEach(async () => {
  world = await QlikWorld.start();
  home = createHome();
  folder = mkdtempSync(join(tmpdir(), 'audit-check-'));
});
afterEach(async () => {
  await world.stop();
  home.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function check(
  auth: string,
  args: readonly string[] = [],
  certs: Partial<Record<'cert' | 'key' | 'ca', string>> = {},
) {
  const configFile = writeConfig(auth, certs);
  const { code, stdout, stderr } = await runCommand({ ...home, configFile }, ['check-qlik', ...args]);
  const steps = stdout.trimEnd().split('\n');
  return { code, stdout, stderr, results: steps.map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')) };
}

function writeConfig(auth: string, certs: Partial<Record<'cert' | 'key' | 'ca', string>> = {}): string {
  const { qlik } = world;
  const configFile = join(folder, 'check.yaml');
  writeFileSync(
    configFile,
    `Butler-SOS:
  cert:
    clientCert: ${certs.cert ?? qlik.clientCertPath}
    clientCertKey: ${certs.key ?? qlik.clientKeyPath}
    clientCertCA: ${certs.ca ?? qlik.caPath}
  auditEvents:
    screenshots:
      enable: true
      allowedImageDownloadHosts: [localhost]
      auth: ${auth}
`,
  );
  return configFile;
}

const asService = (port: number) =>
  `{ mode: qpsTicket, qps: { host: localhost, port: ${port}, userDirectory: LAB, userId: service } }`;
const asUser = (port: number) => `{ mode: userTicket, qps: { host: localhost, port: ${port} } }`;

test('every step works, and nothing is left open', async () => {
  const url = world.qlik.imageUrl('analytics/tempcontent/x.png');
  const { code, stdout, results } = await check(asService(world.qlik.qpsPort), ['--url', url]);
  assert.deepEqual(results, ['certificates ok', 'ticket ok', 'download ok', 'session end ok']);
  assert.equal(code, 0);
  assert.match(stdout, /CN=QlikClient\) is valid until \d{4}-\d\d-\d\d/);
  assert.match(stdout, /gave a ticket for LAB\\service on the virtual proxy analytics/);
  assert.match(stdout, /bytes of png, with a session/);
  assert.deepEqual(world.qlik.sessions(), []);
});

test('without a URL it ends after the ticket; userTicket wants a user', async () => {
  const named = await check(asUser(world.qlik.qpsPort), ['--user', 'LAB\\john']);
  assert.deepEqual([named.code, named.results], [0, ['certificates ok', 'ticket ok', 'download skipped']]);
  const nobody = await check(asUser(world.qlik.qpsPort));
  assert.deepEqual([nobody.code, nobody.results[1]], [1, 'ticket FAILED']);
  assert.match(nobody.stdout, /name a user: --user/);
  const internal = await check(asUser(world.qlik.qpsPort), ['--user', 'INTERNAL\\sa_api']);
  assert.match(internal.stdout, /No ticket is ever asked for INTERNAL\\sa_api/);
});

test('what is the same for two steps is said once, and with what to do about it', async () => {
  const url = world.qlik.imageUrl('tempcontent/x.png');
  const notQps = await check(asService(world.qlik.httpsPort), ['--url', url]);
  assert.match(notQps.stdout, /ticket +FAILED .* answered 302\. Look whether auth\.qps\.port is/);
  assert.match(notQps.stdout, /download +FAILED +For the same reason\.\n/);
  assert.equal(notQps.code, 1);
  world.qlik.setQpsBehaviour('hang');
  const slow = asService(world.qlik.qpsPort).replace('qps: {', 'qps: { ticketTimeoutMs: 300,');
  assert.match((await check(slow)).stdout, /no answer within 300 ms\. Look at firewalls/);
  const unsaid = await check(asUser(world.qlik.qpsPort), ['--user', 'john@cloud.example']);
  assert.match(unsaid.stdout, /--user "LAB\\john", not "john@cloud\.example"/);
  const open = await check('{ mode: none }', ['--url', url]);
  assert.match(open.stdout, /log-in page instead of a picture\. Set screenshots\.auth\.mode/);
});

test('a configuration by which the server fetches nothing is told of', async () => {
  const { code, stderr } = await check('{ mode: none }');
  assert.equal(code, 0);
  assert.match(stderr, /fetches no pictures yet: set screenshots\.enable: true and enable a folder/);
});

test('what fails is explained, and the exit code says so', async () => {
  const url = world.qlik.imageUrl('tempcontent/x.png');
  const stranger = await world.startOther();
  const wrongCa = await check(asService(world.qlik.qpsPort), ['--url', url], { ca: stranger.caPath });
  assert.deepEqual(wrongCa.results, ['certificates ok', 'ticket FAILED', 'download FAILED', 'session end skipped']);
  assert.match(wrongCa.stdout, /authority that is not trusted/);
  assert.match(wrongCa.stderr, /2 of 4 steps failed/);
  assert.equal(wrongCa.code, 1);
  const missing = await check(asService(world.qlik.qpsPort), [], { cert: join(folder, 'none.pem') });
  assert.equal(missing.results[0], 'certificates FAILED');
  assert.match(missing.stdout, /none\.pem/);
  const mixed = await check(asService(world.qlik.qpsPort), [], { key: stranger.clientKeyPath });
  assert.equal(mixed.results[0], 'certificates FAILED');
  assert.match(mixed.stdout, /client_key\.pem is not the key of .*client\.pem/);
  assert.deepEqual(mixed.results.slice(1), ['ticket skipped', 'download skipped', 'session end skipped']);

  for (let other = 0; other < 5; other++) world.qlik.openSession('LAB\\service');
  const full = await check(asService(world.qlik.qpsPort), ['--url', url]);
  assert.deepEqual(full.results.slice(1, 3), ['ticket ok', 'download FAILED']);
  assert.match(full.stdout, /five are the most/);
  world.qlik.endAllSessions();
  const gone = await check(asService(world.qlik.qpsPort), ['--url', world.qlik.imageUrl('tempcontent/gone.png')]);
  assert.match(gone.stdout, /answers 404\. Take the URL of a screenshot that was just made/);
  world.qlik.setBehaviour('tempcontent/x.png', 'login');
  const page = await check(asService(world.qlik.qpsPort), ['--url', url]);
  assert.match(page.stdout, /log-in page .* set auth\.qps\.virtualProxy .* or auth\.sessionCookieName/);
  world.qlik.setBehaviour('tempcontent/x.png', undefined);
  const strangers = await check(asService(world.qlik.qpsPort), ['--url', stranger.imageUrl('tempcontent/x.png')]);
  assert.match(strangers.stdout, /download +FAILED .* Add that authority to the file of clientCertCA/);
  const unknown = await check(asService(world.qlik.qpsPort), [
    '--url',
    world.qlik.imageUrl('nowhere/tempcontent/x.png'),
  ]);
  assert.match(unknown.stdout, /does not know the virtual proxy "nowhere"/);
  for (const status of [500, 403, 405]) {
    world.qlik.setQpsBehaviour(`status:${status}`, 'DELETE');
    const left = await check(asService(world.qlik.qpsPort), ['--url', url]);
    assert.deepEqual(left.results.slice(2), ['download ok', 'session end FAILED']);
    assert.match(left.stdout, new RegExp(`session end.*\\(${status}\\)`));
  }
  const foreign = await check(asService(world.qlik.qpsPort), ['--url', 'https://evil.test/x.png']);
  assert.match(foreign.stdout, /not allowed to come from evil\.test/);
});

test('a session whose cookie is not known is told of, with the names of the cookies', async () => {
  const own = await world.startOther({ virtualProxies: { '': { cookieName: 'Own-Session', idPrefix: 'x' } } });
  own.setImage('tempcontent/x.png', PICTURE);
  const certs = `{ clientCert: ${own.clientCertPath}, clientCertKey: ${own.clientKeyPath}, clientCertCA: ${own.caPath} }`;
  const auth = asService(own.qpsPort).replace('userId: service', `userId: service, cert: ${certs}`);
  const lost = await check(auth, ['--url', own.imageUrl('tempcontent/x.png')]);
  assert.deepEqual([lost.code, lost.results.slice(2)], [1, ['download ok', 'session end FAILED']]);
  assert.match(lost.stdout, /cookies other, Own-Session;.* Set auth\.sessionCookieName/);
  const named = auth.replace('mode: qpsTicket', 'mode: qpsTicket, sessionCookieName: Own-Session');
  assert.equal((await check(named, ['--url', own.imageUrl('tempcontent/x.png')])).code, 0);
});

test('without a log-in only the download is tried', async () => {
  const open = await world.startOther({ requireLogin: false });
  open.setImage('x.png', Buffer.from('GIF89a and so on ;'));
  const found = await check('{ mode: none }', ['--url', open.imageUrl('x.png', { http: true })]);
  assert.deepEqual(
    [found.code, found.results],
    [0, ['certificates skipped', 'ticket skipped', 'download ok', 'session end skipped']],
  );
});

const SIGNALS = { skip: process.platform === 'win32' && 'a signal ends a process by force there' };

test('Ctrl+C in mid-download ends the session, too', SIGNALS, async () => {
  world.qlik.setBehaviour('tempcontent/x.png', 'slow');
  const url = world.qlik.imageUrl('tempcontent/x.png');
  const configFile = writeConfig(asService(world.qlik.qpsPort));
  const args = [LAUNCHER, 'check-qlik', '--config', configFile, '--root', home.root, '--url', url];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  await eventually(() => world.qlik.sessions().length === 1 || undefined);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 1, stdout);
  assert.match(stdout, /session end +ok/);
  assert.deepEqual(world.qlik.sessions(), []);
});
