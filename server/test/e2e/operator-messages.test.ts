import assert from 'node:assert/strict';
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, eventually, runCommand, startServer } from '../support/running-server.ts';

test('a port that is taken is said in a sentence, exit code 1', async (t) => {
  const [home, other] = [createHome(), createHome()];
  t.after(() => home.remove());
  t.after(() => other.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const { port } = new URL(server.url);
  const { code, stderr } = await runCommand(other, ['serve', '--port', port]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use`));
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test('why a server could not start is in its log file, too, which may be all that is left of a service', async (t) => {
  const [home, other] = [createHome(), createHome()];
  t.after(() => home.remove());
  t.after(() => other.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  const { port } = new URL(server.url);
  const text = readFileSync(other.configFile, 'utf8');
  writeFileSync(
    other.configFile,
    text.replace('Butler-SOS:\n', 'Butler-SOS:\n  fileLogging: true\n  logDirectory: logs\n'),
  );
  assert.equal((await runCommand(other, ['serve', '--port', port])).code, 1);
  const [file = ''] = readdirSync(join(other.root, 'logs'));
  const last =
    readFileSync(join(other.root, 'logs', file), 'utf8')
      .trimEnd()
      .split('\n')
      .at(-1) ?? '';
  const { level, msg, cause } = JSON.parse(last) as Record<string, string>;
  assert.deepEqual([level, msg], ['error', 'The server could not start.']);
  assert.match(cause ?? '', new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use`));
});

test('a destination that has every event is current, also when a record of the server came after it', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  const status = async () => JSON.parse((await runCommand(home, ['status', '--json'])).stdout);
  // the head of the segment, the destination's record, the event, and a second later that it is on disk
  const lines = () => readFileSync(join(home.log, '0000000000000001.ndjson'), 'utf8').trimEnd().split('\n');
  const { destinations } = await eventually(async () => {
    const found = await status();
    const synced = lines().at(-1)?.includes('"server.synced"') && lines().at(-2)?.includes('"selection.');
    return synced && found.log.head === lines().length - 1 && found.destinations[0].delivered === 1 ? found : undefined;
  });
  assert.equal(destinations[0].lagEvents, 0);
  assert.match((await runCommand(home, ['status'])).stdout, /parquet +current/);
});

test('rule 11: a held destination cannot be skipped; the message names the command that decides', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const backup = `${home.log}.backup`;
  const before = await startServer(home);
  t.after(() => before.kill());
  await postEvent(before.url, envelope());
  await before.stop();
  cpSync(home.log, backup, { recursive: true });
  const after = await startServer(home);
  t.after(() => after.kill());
  await postEvent(after.url, envelope());
  await after.stop();
  copyFileSync(join(home.log, 'durable.sqlite'), join(backup, 'durable.sqlite'));
  rmSync(home.log, { recursive: true });
  cpSync(backup, home.log, { recursive: true });

  const restored = await startServer(home);
  t.after(() => restored.kill());
  assert.match((await runCommand(home, ['status'])).stdout, /parquet +held/);
  const shown = (await (await fetch(`${restored.viewerUrl}/api/v1/status`)).json()) as { destinations: object[] };
  assert.deepEqual(
    shown.destinations
      .map((d) => ({ ...d }) as { name?: string; state?: string })
      .map(({ name, state }) => ({ name, state })),
    [{ name: 'parquet', state: 'held' }],
  );
  assert.match(
    await (await fetch(`${restored.viewerUrl}/metrics`)).text(),
    /destination_state\{destination="parquet",state="held"\} 1/,
  );
  const skipped = await runCommand(home, ['destinations', 'skip', 'parquet', '--reason', 'lost']);
  assert.equal(skipped.code, 1);
  assert.match(skipped.stderr, /destinations restart parquet/);
  await restored.stop();
  assert.equal((await runCommand(home, ['destinations', 'restart', 'parquet', '--from', 'now'])).code, 0);
  const decided = await startServer(home);
  t.after(() => decided.kill());
  assert.match((await runCommand(home, ['status'])).stdout, /parquet +current/);
});

test('rule 11: a restart behind what a destination has been given needs --allow-repeats', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  await eventually(async () => ((await countsByEventId(home.parquet)).size === 1 ? true : undefined));
  await server.stop();
  const restart = (...args: readonly string[]) => runCommand(home, ['destinations', 'restart', 'parquet', ...args]);
  const refused = await restart('--from', '1');
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /^parquet has been given events up to (\d): with --from 1 it gets those from 1 to \1 again/,
  );

  // an older durable.sqlite knows nothing of it; the files do
  for (const end of ['', '-wal', '-shm']) rmSync(join(home.log, `durable.sqlite${end}`), { force: true });
  const held = await startServer(home);
  t.after(() => held.kill());
  await held.stop();
  assert.match((await restart('--from', '1')).stderr, /^parquet has been given events up to \d/);
  assert.match((await restart('--from', 'now')).stdout, /goes on after \d+ at the next start\.$/m);
  const allowed = await restart('--from', '1', '--allow-repeats');
  assert.equal(allowed.code, 0);
  assert.match(allowed.stdout, /^parquet goes on after 0 at the next start, and gets 1 to \d again\.$/m);
  const again = await startServer(home);
  t.after(() => again.kill());
  await eventually(async () => ([...(await countsByEventId(home.parquet)).values()][0] === 2 ? true : undefined));
});

test('rule 17: nothing is skipped where nothing waits, or beyond the end of the log', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  writeFileSync(home.parquet, 'a file in the place of the export folder');
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  const skip = (...args: readonly string[]) =>
    runCommand(home, ['destinations', 'skip', 'parquet', '--reason', 'lost', ...args]);
  const beyond = await skip('--through', '1000000');
  assert.equal(beyond.code, 1);
  assert.match(beyond.stderr, /^The log ends at \d+; nothing was skipped\.$/m);
  assert.equal((await skip()).code, 0);
  const nothing = await skip(); // but the record of the first, which no destination gets
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /^parquet has everything up to \d+ already\.$/m);
  const letters = (await runCommand(home, ['dead-letters', 'list', '--json'])).stdout.trimEnd().split('\n');
  assert.equal(letters.length, 1);
});

test('rule 11: a destination cannot be told to go on beyond the end of the log, where it would be held again', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  await server.stop();
  const { log } = JSON.parse((await runCommand(home, ['status', '--json'])).stdout);
  const restart = (from: number) =>
    runCommand(home, ['destinations', 'restart', 'parquet', '--from', String(from), '--allow-repeats']);
  const refused = await restart(log.head + 2);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`^The log ends at ${log.head}: say --from now, or a position up to `));
  assert.equal((await restart(log.head + 1)).code, 0);
});

test('status tells a destination that is no longer configured from one that is behind', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const before = await startServer(home);
  t.after(() => before.kill());
  await before.stop();
  const text = readFileSync(home.configFile, 'utf8');
  writeFileSync(home.configFile, text.replace('type: parquet', 'type: qvd'));
  const after = await startServer(home);
  t.after(() => after.kill());
  assert.equal((await postEvent(after.url, envelope())).status, 202);
  assert.match((await runCommand(home, ['status'])).stdout, /^parquet +not configured/m);
  const { destinations } = JSON.parse((await runCommand(home, ['status', '--json'])).stdout) as {
    destinations: { name: string; configured: boolean }[];
  };
  assert.deepEqual(
    destinations.map(({ name, configured }) => ({ name, configured })),
    [
      { name: 'parquet', configured: false },
      { name: 'qvd', configured: true },
    ],
  );
});

test('certificates that cannot be used: check-config and serve say all of it with its lines, exit code 78', async (t) => {
  const home = createHome({ extra: '    tls: {enable: true, cert: nope.pem, key: nope.key}\n' });
  t.after(() => home.remove());
  const text = readFileSync(home.configFile, 'utf8').replace(
    'port: 0\n    destination',
    'port: 0\n      tls: {enable: true, cert: production.yaml, key: other.key}\n    destination',
  );
  writeFileSync(home.configFile, text);
  const lines = text.split('\n').flatMap((line, i) => (line.includes(' tls: ') ? [i + 1] : []));
  const path = (name: string) => join(home.root, name);
  for (const command of ['check-config', 'serve']) {
    const { code, stderr, stdout } = await runCommand(home, [command]);
    assert.equal(code, 78, command);
    assert.deepEqual(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.trim().replace(/:\d+ /, ' ')),
      [
        'The configuration has 4 errors:',
        `${home.configFile}:${lines[0]} Butler-SOS.auditEvents.viewer.tls.cert: expected a certificate in PEM form in ${home.configFile}, found something else.`,
        `${home.configFile}:${lines[0]} Butler-SOS.auditEvents.viewer.tls.key: expected a readable file ${path('other.key')}, found no such file.`,
        `${home.configFile}:${lines[1]} Butler-SOS.auditEvents.tls.cert: expected a readable file ${path('nope.pem')}, found no such file.`,
        `${home.configFile}:${lines[1]} Butler-SOS.auditEvents.tls.key: expected a readable file ${path('nope.key')}, found no such file.`,
      ],
    );
    if (command === 'check-config') assert.match(stdout, /^ {6}parquet:[\s\S]*cert: .*nope\.pem/m);
    assert.doesNotMatch(stdout, /no mistakes|listening/);
  }
});

test('a configuration file without --config is told how it is named, exit code 2', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  for (const command of ['serve', 'check-config']) {
    const { code, stderr } = await runCommand(home, [command, 'production.yaml']);
    assert.equal(code, 2);
    assert.match(stderr, /^error: too many arguments.*\nA configuration file is named with --config FILE\.\n/);
  }
});

test('a note about the whole file names the file and no setting', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  writeFileSync(home.configFile, 'Butler-SOS: {}\n');
  const { stdout } = await runCommand(home, ['check-config']);
  assert.match(stdout, /^warning {2}.+production\.yaml:1 {2}The file has no Butler-SOS\.auditEvents/m);
});

test('a server without destinations, stopped and started again, finds its log as it was', async (t) => {
  const home = createHome({ destination: '' });
  t.after(() => home.remove());
  for (let start = 0; start < 3; start++) {
    const server = await startServer(home);
    t.after(() => server.kill());
    assert.equal(await server.stop(), 0);
    assert.doesNotMatch(server.output(), /LOG_REPLACED|"level":"error"/);
  }
});
