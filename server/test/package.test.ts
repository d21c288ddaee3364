import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { envelope, postEvent } from './support/audit-client.ts';
import { countsByEventId } from './support/parquet-rows.ts';
import { qvdColumn, qvdFiles } from './support/qvd-rows.ts';
import { createHome, eventually } from './support/running-server.ts';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const CODEC = fileURLToPath(new URL('../../qvd', import.meta.url));
const VIEWER = fileURLToPath(new URL('../../viewer', import.meta.url));
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}
const packageFile: PackageFile = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));

/** Where it is installed: a folder that has nothing but what the package declares. */
let place = '';
let launcher = '';

before(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'butler-sos-audit-package-')));
  const installed = join(place, 'node_modules', packageFile.name);
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'README.md', 'LICENSE', ...packageFile.files.filter((file) => file !== 'dist')]) {
    cpSync(join(PACKAGE, name), join(installed, name), { recursive: true });
  }
  build(CODEC);
  build(PACKAGE, '--outDir', join(installed, 'dist'));
  installCodec(join(place, 'node_modules', 'qvd-codec'));
  for (const name of Object.keys(packageFile.dependencies).filter((name) => name !== 'qvd-codec')) {
    const link = join(place, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(MODULES, name)), link, 'junction');
  }
  launcher = join(installed, packageFile.bin[packageFile.name] ?? '');
});
after(() => rmSync(place, { recursive: true, force: true, maxRetries: 5 }));

function build(folder: string, ...options: string[]): void {
  const tsc = join(MODULES, 'typescript', 'bin', 'tsc');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tsc, '-p', join(folder, 'tsconfig.build.json'), ...options],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout + stderr);
}

/** As it is published: JavaScript alone, where a checkout has TypeScript. */
function installCodec(folder: string): void {
  cpSync(join(CODEC, 'dist'), join(folder, 'dist'), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(CODEC, 'package.json'), 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, exports: './dist/index.js' }));
}

function run(...args: string[]) {
  return spawnSync(process.execPath, [launcher, ...args], { encoding: 'utf8', cwd: place });
}

test('the package holds JavaScript and no test, and says its version', () => {
  const files = readdirSync(join(dirname(launcher), '..', 'dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  assert.ok(files.includes('delivery-thread.js') && files.includes('viewer-thread.js'));
  assert.deepEqual(
    files.filter((name) => !name.endsWith('.js') || name.includes('.test.')),
    [],
  );
  assert.equal(run('version').stdout, `${packageFile.version}\n`);
});

test('a build begins with an empty folder: nothing of an earlier one is published', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'butler-sos-audit-build-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'dist', 'app'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'app', 'stale.js'), '');
  const [first = ''] = packageFile.scripts.build?.split('&&') ?? [];
  const { status, stderr } = spawnSync(first, { cwd: folder, shell: true, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(folder), []);
});

test('the page is built for the package, with the licences of the font and the libraries in it', (t) => {
  const [command = '', options = ''] = packageFile.scripts.build?.split('&&').at(-1)?.split(' -- ') ?? [];
  assert.match(command, /npm run build --prefix \.\.\/viewer/);
  const folder = mkdtempSync(join(tmpdir(), 'butler-sos-audit-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const vite = [join(MODULES, 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'error'];
  const there = options.split(' ').map((option) => option.replace('../server/dist', folder));
  const built = spawnSync(process.execPath, [...vite, ...there], {
    cwd: VIEWER,
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);
  const licences = readFileSync(join(folder, 'page', 'licenses.txt'), 'utf8');
  const { dependencies } = JSON.parse(readFileSync(join(VIEWER, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies).filter((name) => name !== 'vite')) {
    assert.match(licences, new RegExp(`^## ${name} - [^#]*Copyright`, 'm'));
  }
});

test('the package draws the pictures of simulate with what it brings', async () => {
  const pictures = join(dirname(launcher), '..', 'dist', 'app', 'simulate', 'pictures');
  const load = (file: string) => import(pathToFileURL(join(pictures, file)).href);
  const { picturedObjectIds, pictureSubject } = await load('picture-subject.js');
  const { drawObjectPicture } = await load('object-picture.js');
  const picture: Buffer = await drawObjectPicture(pictureSubject(picturedObjectIds()[0], []));
  assert.equal(picture.toString('latin1', 1, 4), 'PNG');
});

test('the package checks the template of the configuration that it brings', () => {
  const template = join(dirname(launcher), '..', 'config', 'butler-sos-audit.yaml');
  const { status, stdout, stderr } = run('check-config', '--config', template, '--root', place);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /no mistakes\.\n$/);
});

const PARQUET_AND_QVD = `    destination:
      enable: true
      type: parquet, qvd
      parquet:
        exportDirectory: parquet
      qvd:
        exportDirectory: qvd
`;

test('the package receives, delivers and stops', { timeout: 30_000 }, async (t) => {
  const home = createHome({ destination: PARQUET_AND_QVD });
  t.after(() => home.remove());
  const where = ['--config', home.configFile, '--root', home.root];
  const server = spawn(process.execPath, [launcher, 'serve', ...where], {
    cwd: place,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => server.kill('SIGKILL'));
  const exited = once(server, 'exit');
  let output = '';
  server.stdout.on('data', (chunk) => {
    output += chunk;
  });
  server.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const url = await eventually(() => /"url":"([^"]+)","msg":"The audit API is listening/.exec(output)?.[1]).catch(() =>
    assert.fail(output),
  );
  const event = envelope();
  assert.equal((await postEvent(url, event)).status, 202, output);
  const stopped = run('stop', ...where);
  assert.equal(stopped.status, 0, stopped.stderr);
  assert.equal((await exited)[0], 0, output);
  assert.deepEqual([...(await countsByEventId(home.parquet))], [[event.eventId, 1]]);
  const [file = ''] = qvdFiles(join(home.root, 'qvd'));
  assert.deepEqual(await qvdColumn(file, 'eventId'), [event.eventId]);
});
