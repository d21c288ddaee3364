import assert from 'node:assert/strict';
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { simulateCommandLine } from '../src/app/cli/welcome.ts';
import { createHome, eventually, LAUNCHER, startServer } from './support/running-server.ts';

test('on an older Node the launcher says what is needed and exits 78, without a stack trace', () => {
  const pretendOld = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})';
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', pretendOld, LAUNCHER, 'version'], {
    encoding: 'utf8',
  });
  assert.equal(status, 78);
  assert.equal(stdout, '');
  assert.match(stderr, /needs Node\.js 24 or newer/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test('the launcher itself is plain JavaScript that an old Node can parse', () => {
  assert.match(LAUNCHER, /\.js$/);
});

test('where NODE_ENV=production is set, npm installs Node 24 and what builds the page, too', () => {
  const root = join(import.meta.dirname, '..', '..');
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  assert.match(packages[''].devDependencies.node, /^\^24\./);
  assert.match(readFileSync(join(root, '.npmrc'), 'utf8'), /^include=dev$/m);
});

const linux = { skip: process.platform === 'linux' ? false : 'only Linux has the call' };

test(
  'serve begins once more as the same process, with what only a process that begins can be told',
  linux,
  async (t) => {
    const home = createHome();
    t.after(() => home.remove());
    const command = ['env', '-u', 'MALLOC_ARENA_MAX', process.execPath, '--max-old-space-size=400'];
    const server = await startServer(home, { command });
    t.after(() => server.kill());
    const { pid } = server.child;
    assert.equal(JSON.parse(readFileSync(join(home.log, 'owner.json'), 'utf8')).pid, pid);
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    assert.deepEqual(args.slice(1, 5), ['--v8-pool-size=1', '--max-old-space-size=400', LAUNCHER, 'serve']);
    assert.match(readFileSync(`/proc/${pid}/environ`, 'utf8'), /(^|\0)MALLOC_ARENA_MAX=2(\0|$)/);
    assert.equal(await server.stop(), 0);
  },
);

test('a program that started serve with a channel to itself keeps it', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const child = fork(LAUNCHER, ['serve', '--config', home.configFile, '--root', home.root], { silent: true });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(() => output.includes('audit API is listening') || undefined);
  assert.equal(child.connected, true);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('where compiled code cannot be kept the server starts all the same', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home, { env: { NODE_COMPILE_CACHE: home.configFile } });
  t.after(() => server.kill());
  assert.equal(await server.stop(), 0);
});

for (const script of ['start', 'npx'] as const) {
  test(`without a configuration file serve, by npm's ${script}, says what to try next against this very server`, async (t) => {
    const home = createHome();
    t.after(() => home.remove());
    const args = [LAUNCHER, 'serve', '--root', home.root, '--port', '0', '--viewer-port', '0'];
    const env = { ...process.env, npm_lifecycle_event: script };
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const next = await eventually(() => /Try next +(\S.*?) {4}/.exec(output)?.[1]);
    const [, url] = /POST events to +(\S+)\/api/.exec(output) ?? [];
    assert.equal(next, `npx butler-sos-audit simulate --root "${home.root}" --url ${url}`);
  });
}

test('what to try next is as short as it can be: a server that was told nothing is found without being named', () => {
  const next = (more: { file?: string }, given: { host?: string }, isNpmStart: boolean) =>
    simulateCommandLine({ root: '/data', http: { port: 8181 }, ...more }, given, 'http://0.0.0.0:8181', isNpmStart);
  assert.equal(next({}, {}, true), 'npm run simulate');
  assert.equal(next({}, {}, false), 'npx butler-sos-audit simulate');
  assert.equal(next({ file: '/a b.yaml' }, {}, true), 'npx butler-sos-audit simulate --config "/a b.yaml"');
  assert.equal(next({}, { host: '0.0.0.0' }, true), 'npx butler-sos-audit simulate --url http://127.0.0.1:8181');
});
