import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createHome, startServer } from '../support/running-server.ts';

/** Field 19 of `/proc/<pid>/task/<tid>/stat` (proc(5)); the second field, in brackets, may hold blanks. */
function nicenessOf(pid: number | undefined): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).map((task) => {
    const [, fields = ''] = readFileSync(`${tasks}/${task}/stat`, 'utf8').split(') ');
    return Number(fields.split(' ')[16]);
  });
}

test('delivery and viewer leave the processor to ingest; ingest and the disk calls stay as they are', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  if (process.platform !== 'linux') return;
  const all = nicenessOf(server.child.pid);
  const own = nicenessOf(process.pid)[0] ?? 0;
  assert.deepEqual(
    all.filter((niceness) => niceness !== own).sort((a, b) => a - b),
    [own + 5, own + 10].map((niceness) => Math.min(19, niceness)),
  );
});
