import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('../../../scripts/demo-screenshots.ts', import.meta.url));

/** On Windows a signal ends a process by force. */
const SIGNALS = { skip: process.platform === 'win32' && 'no signals there' };

interface DemoRun {
  readonly code: number | null;
  readonly output: string;
}

interface Place {
  readonly root: string;
  readonly temporary: string;
  run(args: readonly string[], onOutput?: (output: string, pid: number) => void): Promise<DemoRun>;
}

function place(t: TestContext): Place {
  const root = mkdtempSync(join(tmpdir(), "audit demo [é]'s-"));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const temporary = join(root, 'temporary');
  mkdirSync(temporary);
  const env = { ...process.env, INIT_CWD: root, TMPDIR: temporary, TEMP: temporary, TMP: temporary };
  return {
    ...{ root, temporary },
    async run(args, onOutput) {
      const child = spawn(process.execPath, [DEMO, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          output += String(chunk);
          onOutput?.(output, child.pid ?? 0);
        });
      }
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, output };
    },
  };
}

test('npm run demo:screenshots: pictures appear, and the query that it prints finds them', async (t) => {
  const { root, temporary, run } = place(t);
  const { code, output } = await run(['5']);
  assert.equal(code, 0, output);
  const [demo = ''] = readdirSync(join(root, 'audit-events'));
  const pictures = readdirSync(join(root, 'audit-events', demo, 'screenshots'));
  assert.ok(pictures.some((name) => name.endsWith('_metadata.png')));
  assert.match(output, / \| saved\n(?: {4}\/?.*\n)* {4}.*_metadata\.png\n/);
  const files = [...output.matchAll(/^ {4}(.*\.png)$/gm)].map(([, file = '']) => file);
  assert.ok(files.length > 1 && files.every((file) => existsSync(file)), output);
  assert.deepEqual(readdirSync(temporary), []);
});

test(
  'npm run demo:screenshots: stopped early it says so, and leaves no keys in the folder for temporary files',
  SIGNALS,
  async (t) => {
    const { root, temporary, run } = place(t);
    let signalled = false;
    const { code, output } = await run(['60'], (soFar, pid) => {
      if (signalled || !soFar.includes('12 users')) return;
      signalled = true;
      process.kill(pid, 'SIGINT');
    });
    assert.equal(code, 130, output);
    assert.match(output, /Stopping; once more ends at once\.\n(?:.*\n)*Stopped early\. What came until then is in\n/);
    assert.equal(readdirSync(join(root, 'audit-events')).length, 1);
    assert.deepEqual(readdirSync(temporary), []);
  },
);

test('npm run demo:screenshots: what it cannot do is said in a sentence', async (t) => {
  const { root, temporary, run } = place(t);
  for (const argument of ['abc', '0', '--help']) {
    const { code, output } = await run([argument]);
    assert.equal(code, 2);
    assert.match(output, /^Usage: npm run demo:screenshots \[-- SECONDS\]/);
  }
  rmSync(temporary, { recursive: true });
  const without = await run(['1']);
  assert.equal(without.code, 1);
  assert.match(
    without.output,
    /^The demo could not go on: no folder can be made in .*: set TMPDIR, on Windows TEMP\.\n$/,
  );
  rmSync(join(root, 'audit-events'), { recursive: true, force: true });
  writeFileSync(join(root, 'audit-events'), 'a file where a folder belongs');
  const taken = await run(['1']);
  assert.match(taken.output, /^The demo could not go on: .*audit-events cannot be written \((EEXIST|ENOTDIR)\)/);
});
