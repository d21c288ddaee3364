import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/', import.meta.url));
const layers = ['domain', 'pipeline', 'adapters', 'app'];

interface Import {
  readonly file: string;
  readonly target: string;
}

/** Paths relative to `src`, forward slashes; npm and node imports as they are. */
function importsOf(file: string, text: string): Import[] {
  const found = [...text.matchAll(/(?:from\s+|import\s*\(\s*|import\s+)['"]([^'"]+)['"]/g)].map((m) => m[1] ?? '');
  return found.map((specifier) => ({
    file,
    target: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)).replaceAll('\\', '/') : specifier,
  }));
}

function breachOf({ file, target }: Import): string | undefined {
  const from = file.split('/');
  const to = target.split('/');
  const fromLayer = layers.indexOf(from[0] ?? '');
  const toLayer = layers.indexOf(to[0] ?? '');
  const isTest = file.endsWith('.test.ts');
  if (target.startsWith('..')) return isTest && target.startsWith('../test/') ? undefined : 'leaves src';
  if (toLayer === -1) {
    if (from[0] === 'domain' && !isTest && target !== 'node:crypto')
      return 'the domain imports no I/O and no npm package';
    return undefined;
  }
  if (toLayer > fromLayer) return 'imports point left only: domain <- pipeline <- adapters <- app';
  if (from[0] === 'adapters' && to[0] === 'adapters' && to[1] !== 'shared') {
    const same = from[1] === to[1] && (from[1] !== 'destinations' || from[2] === to[2]);
    if (!same) return 'adapters do not import each other, except adapters/shared';
  }
  return undefined;
}

function sourceFiles(): { file: string; text: string }[] {
  return globSync('**/*.ts', { cwd: source }).map((name) => ({
    file: name.replaceAll('\\', '/'),
    text: readFileSync(join(source, name), 'utf8'),
  }));
}

test('imports point left only', () => {
  const files = sourceFiles();
  assert.ok(files.length > 20);
  const breaches = files.flatMap(({ file, text }) =>
    importsOf(file, text).flatMap((i) =>
      breachOf(i) === undefined ? [] : [`${i.file} -> ${i.target}: ${breachOf(i)}`],
    ),
  );
  assert.deepEqual(breaches, []);
});

test('only app reads the environment or ends the process', () => {
  const breaches = sourceFiles()
    .filter(
      ({ file, text }) => !file.startsWith('app/') && !file.endsWith('.test.ts') && /process\.(env|exit)\b/.test(text),
    )
    .map(({ file }) => file);
  assert.deepEqual(breaches, []);
});

test('only clock and logger adapters read the clock, in domain and pipeline nobody does', () => {
  const breaches = sourceFiles()
    .filter(
      ({ file, text }) =>
        /^(domain|pipeline)\//.test(file) &&
        !file.endsWith('.test.ts') &&
        /Date\.now\(|setTimeout\(|setInterval\(|console\./.test(text),
    )
    .map(({ file }) => file);
  assert.deepEqual(breaches, []);
});

test('the rules themselves can fail', () => {
  const breach = (file: string, target: string) => breachOf({ file, target }) !== undefined;
  assert.ok(breach('domain/envelope.ts', 'pipeline/ingest.ts'));
  assert.ok(breach('domain/envelope.ts', 'node:fs'));
  assert.ok(breach('domain/envelope.ts', 'semver'));
  assert.ok(breach('pipeline/ingest.ts', 'adapters/http-api/server.ts'));
  assert.ok(breach('adapters/http-api/server.ts', 'adapters/event-log-files/writer.ts'));
  assert.ok(breach('adapters/destinations/json/index.ts', 'adapters/destinations/parquet/encode.ts'));
  assert.ok(!breach('adapters/destinations/json/index.ts', 'adapters/shared/durable-file.ts'));
  assert.ok(!breach('app/main.ts', 'adapters/http-api/server.ts'));
});
