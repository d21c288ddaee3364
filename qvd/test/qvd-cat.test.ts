import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { handMade, symbol } from './support/hand-made.ts';
import { qvdOf } from './support/tables.ts';

const COMMAND = fileURLToPath(new URL('../bin/qvd-cat.js', import.meta.url));
const at = Date.UTC(2026, 2, 8, 16, 46, 26, 181);

let folder = '';
let file = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qvd-cat-'));
  file = join(folder, 'table.qvd');
  const fields = [
    { name: 'name', type: 'text' as const },
    { name: 'bare time', type: 'timestamp' as const, displayText: false },
    { name: 'time', type: 'timestamp' as const },
    { name: 'day', type: 'date' as const, displayText: false, comment: 'of the event' },
    { name: 'grade', type: 'dual' as const },
    { name: '__proto__', type: 'double' as const },
  ];
  const rows = [
    ['tab\there \u001b[31m \\', at, at, at, { number: 1, text: 'one' }, 0.5],
    ['', at + 819, null, null, { number: 2, text: 'two' }, -1],
    [null, null, null, null, null, null],
  ];
  await writeFile(file, qvdOf(fields, rows, { comment: 'a comment' }));
});
after(() => rm(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; with `closeAfter`, its output is closed after that many bytes, as `head` does. */
function qvdCat(args: readonly string[], closeAfter = Number.POSITIVE_INFINITY): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { timeout: 30_000 });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => {
      stdout += bytes;
      if (stdout.length > closeAfter) child.stdout.destroy();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      stderr += bytes;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

test('rows: readable dates, nothing for NULL, "" for the empty text, control characters escaped', async () => {
  assert.deepEqual(await qvdCat([file]), {
    status: 0,
    stderr: '',
    stdout: [
      'name\tbare time\ttime\tday\tgrade\t__proto__',
      'tab\\there \\u001b[31m \\\\\t2026-03-08 16:46:26.181\t2026-03-08 16:46:26.181\t2026-03-08\tone\t0.5',
      '""\t2026-03-08 16:46:27.000\t\t\ttwo\t-1',
      '\t\t\t\t\t',
      '',
    ].join('\n'),
  });
});

test('--json: one object a row; --head stops', async () => {
  const { status, stdout } = await qvdCat([file, '--json', '--head', '2']);
  assert.equal(status, 0);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.equal(
    lines[1],
    '{"name":"","bare time":"2026-03-08 16:46:27.000","time":null,"day":null,"grade":{"number":2,"text":"two"},"__proto__":-1}',
  );
  assert.equal((await qvdCat([file, '--json', '--head=0'])).stdout, '');
});

test('--schema: table and fields, also as JSON', async () => {
  const { stdout } = await qvdCat([file, '--schema']);
  assert.match(stdout, /^table {10}table\nrows {11}3\nfields {9}6\n/);
  assert.match(stdout, /\nday\tDATE\t1\tyes\t2\t5\t\$numeric \$integer \$timestamp \$date\tYYYY-MM-DD\tof the event\n/);
  const json = JSON.parse((await qvdCat([file, '--schema', '--json'])).stdout);
  assert.equal(json.rowCount, 3);
  assert.equal(json.comment, 'a comment');
  assert.equal(json.fields[3].name, 'day');
});

test('wrong usage is status 2 and says how', async () => {
  for (const args of [[], ['a', 'b'], ['--nope', file], [file, '--head', '-1'], [file, '--head', 'x']]) {
    const { status, stdout, stderr } = await qvdCat(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^qvd-cat: .+\nTry "qvd-cat --help"\.\n$/s);
  }
  const help = await qvdCat(['--help']);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /--schema[\s\S]*--head N[\s\S]*--json[\s\S]*Exit status/);
});

test('a file that cannot be read is status 1 and says why', async () => {
  assert.match((await qvdCat([join(folder, 'missing.qvd')])).stderr, /^qvd-cat: ENOENT: /);
  assert.deepEqual(await qvdCat([COMMAND]), {
    status: 1,
    stdout: '',
    stderr: 'qvd-cat: QVD_NOT_A_QVD the file does not begin with an XML header\n',
  });
});

test('rows before the damaged block are printed, then status 1', async () => {
  const stored = Array.from({ length: 6000 }, (_, row) => (row === 5000 ? 1 : 0));
  const fields = [{ name: 'a', bitOffset: 0, bitWidth: 8, bias: 0, symbols: [symbol.text('x')], stored }];
  const path = join(folder, 'damaged.qvd');
  await writeFile(path, handMade({ rows: 6000, recordByteSize: 1, fields }));
  const { status, stdout, stderr } = await qvdCat([path]);
  assert.equal(status, 1);
  assert.match(stderr, /QVD_ROW_DAMAGED field "a", row 5000/);
  assert.equal(stdout, `a\n${'x\n'.repeat(4096)}`);
});

test('a reader of the output that goes away is no error', async () => {
  const path = join(folder, 'large.qvd');
  const rows = Array.from({ length: 100_000 }, (_, row) => [`a rather long text to fill the pipe ${row}`]);
  await writeFile(path, qvdOf([{ name: 'text', type: 'text' }], rows));
  const { status, stderr } = await qvdCat([path], 10);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});
