import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../..', import.meta.url));
const SYMLINK = process.platform === 'win32' ? 'junction' : 'dir';

// The package is packed in a copy: packing rewrites package.json for a moment, and others may be importing it.
let folder = '';
let copy = '';
let consumer = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qvd-pack-'));
  copy = join(folder, 'repository', 'qvd');
  consumer = join(folder, 'consumer');
  const notCopied = /[\\/](node_modules|dist|test|bench)([\\/]|$)/;
  await cp(join(repository, 'qvd'), copy, {
    recursive: true,
    filter: (path) => !notCopied.test(path.slice(repository.length)),
  });
  await cp(join(repository, 'tsconfig.json'), join(folder, 'repository', 'tsconfig.json'));
  await symlink(join(repository, 'node_modules'), join(folder, 'repository', 'node_modules'), SYMLINK);
  const installed = join(consumer, 'node_modules', 'qvd-codec');
  await mkdir(installed, { recursive: true });
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder], copy);
  const tarball = /"filename":\s*"([^"]+)"/.exec(stdout)?.[1] ?? '';
  await run('tar', ['-xzf', join(folder, tarball), '-C', installed, '--strip-components=1']);
});

after(() => rm(folder, { recursive: true, force: true }));

function npm(args: string[], cwd: string) {
  return run('npm', args, { cwd, shell: process.platform === 'win32', timeout: 120_000 });
}

const PROGRAM = `
import { QvdReader, QvdWriter } from 'qvd-codec';
const writer = new QvdWriter({ tableName: 't', fields: [{ name: 'a', type: 'text' }] });
writer.addRow(['x']);
const reader = await QvdReader.open(writer.toBuffer());
for await (const row of reader.rows()) console.log(JSON.stringify(row));
`;

test('in the checkout the package is imported as TypeScript, without a build', async () => {
  const program = PROGRAM.replace("'qvd-codec'", JSON.stringify(import.meta.resolve('qvd-codec')));
  assert.match(import.meta.resolve('qvd-codec'), /qvd\/src\/index\.ts$/);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program]);
  assert.equal(stdout, '["x"]\n');
});

test('the published package works from its built files, without anything else installed', async () => {
  await writeFile(join(consumer, 'program.mjs'), PROGRAM);
  const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: consumer });
  assert.equal(stdout, '["x"]\n');
});

test('the published command runs', async () => {
  const command = join(consumer, 'node_modules', 'qvd-codec', 'bin', 'qvd-cat.js');
  const { stdout } = await run(process.execPath, [command, '--help']);
  assert.match(stdout, /^Usage: qvd-cat FILE/);
});

test('the published types are found and complete', async () => {
  await symlink(join(repository, 'node_modules', '@types'), join(consumer, 'node_modules', '@types'), SYMLINK);
  await symlink(
    join(repository, 'node_modules', 'undici-types'),
    join(consumer, 'node_modules', 'undici-types'),
    SYMLINK,
  );
  await writeFile(
    join(consumer, 'typed.mts'),
    `import { type QvdValue, QvdReader, QvdWriter, type QvdWriterOptions } from 'qvd-codec';
const options: QvdWriterOptions = { tableName: 't', fields: [{ name: 'a', type: 'text' }] };
const bytes: Buffer = new QvdWriter(options).toBuffer();
export const column: QvdValue[] = await (await QvdReader.open(bytes)).column('a');
// @ts-expect-error: not a field type
new QvdWriter({ tableName: 't', fields: [{ name: 'a', type: 'nonsense' }] });
`,
  );
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = '--strict --noEmit --module nodenext --target es2023 --types node'.split(' ');
  await run(process.execPath, [tsc, ...options, 'typed.mts'], { cwd: consumer });
});

test('the tarball holds the built files, the command, licence and readme, and nothing else', async () => {
  const { stdout } = await npm(['pack', '--json', '--dry-run', '--ignore-scripts'], copy);
  const paths = [...stdout.matchAll(/"path":\s*"([^"]+)"/g)].map((match) => match[1] ?? '');
  for (const path of ['LICENSE', 'README.md', 'package.json', 'bin/qvd-cat.js', 'dist/index.js', 'dist/index.d.ts']) {
    assert.ok(paths.includes(path), `${path} is missing`);
  }
  for (const path of paths) assert.doesNotMatch(path, /\.test\.|\/src\/|(?<!\.d)\.ts$/);
});

test('packing leaves package.json as it was, and the package has no dependencies', async () => {
  const after = await readFile(join(copy, 'package.json'), 'utf8');
  const original = await readFile(join(repository, 'qvd', 'package.json'), 'utf8');
  assert.equal(after, original);
  const manifest: Record<string, unknown> = JSON.parse(original);
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    assert.equal(manifest[kind], undefined);
});
