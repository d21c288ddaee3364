import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ExternalTool, findTool, requireTool } from './external-tools.ts';

const TOOL: ExternalTool = {
  name: 'no-such-tool',
  purpose: 'nothing',
  variable: 'TEST_NO_SUCH_TOOL',
  commands: ['no-such-tool'],
  cached: 'bin/no-such-tool',
};

function program(t: TestContext, name: string): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'external-tools-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, process.platform === 'win32' ? `${name}.cmd` : name);
  writeFileSync(path, '#!/bin/sh\nexit 1\n');
  chmodSync(path, 0o755);
  return { folder, path };
}

test('the variable goes before the PATH; a variable that names nothing usable is an error', (t) => {
  const onPath = program(t, TOOL.name);
  const named = program(t, 'other-name');
  assert.equal(findTool(TOOL, { PATH: onPath.folder }), onPath.path);
  assert.equal(findTool(TOOL, { PATH: onPath.folder, [TOOL.variable]: named.path }), named.path);
  assert.throws(() => findTool(TOOL, { PATH: onPath.folder, [TOOL.variable]: '/nowhere' }), /TEST_NO_SUCH_TOOL/);
  assert.equal(findTool(TOOL, { PATH: '' }), undefined);
});

test('a folder of that name, or a Python without the modules, is not the tool', (t) => {
  const { folder } = program(t, 'x');
  mkdirSync(join(folder, TOOL.name));
  assert.equal(findTool(TOOL, { PATH: folder }), undefined);
  const python = program(t, TOOL.name);
  assert.equal(findTool({ ...TOOL, modules: ['duckdb'] }, { PATH: python.folder }), undefined);
});

test('a program of that name that says it is another is not the tool', (t) => {
  const { folder } = program(t, TOOL.name);
  const says = (text: RegExp) => ({ ...TOOL, says: { arguments: ['version'], text } });
  assert.equal(findTool(says(/^InfluxDB v?2/), { PATH: folder }), undefined);
  assert.notEqual(findTool(says(/^$/), { PATH: folder }), undefined);
});

test('missing: a skip that names the command, and in CI a failure', (t) => {
  const before = process.env.CI;
  t.after(() => {
    if (before === undefined) delete process.env.CI;
    else process.env.CI = before;
  });
  const reasons: (string | undefined)[] = [];
  const context = { skip: (reason?: string) => reasons.push(reason) };
  delete process.env.CI;
  assert.equal(requireTool(context, TOOL), undefined);
  assert.match(reasons[0] ?? '', /npm run test-services -- no-such-tool.*TEST_NO_SUCH_TOOL/);
  process.env.CI = 'true';
  assert.throws(() => requireTool(context, TOOL), /in CI/);
  assert.equal(reasons.length, 1);
});
