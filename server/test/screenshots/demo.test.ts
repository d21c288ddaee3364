import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DEMO = fileURLToPath(new URL('../../../scripts/demo-screenshots.ts', import.meta.url));

test('npm run demo:screenshots: pictures appear, and the query that it prints finds them', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'audit-demo-'));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const env = { ...process.env, INIT_CWD: root };
  const child = spawn(process.execPath, [DEMO, '5'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, output);
  const [demo = ''] = readdirSync(join(root, 'audit-events'));
  const pictures = readdirSync(join(root, 'audit-events', demo, 'screenshots'));
  assert.ok(pictures.some((name) => name.endsWith('_metadata.png')));
  assert.match(output, / \| saved \| .*_metadata\.png/);
});
