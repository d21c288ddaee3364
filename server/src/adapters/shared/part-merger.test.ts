import assert from 'node:assert/strict';
import * as files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { epochMillis } from '../../domain/epoch-millis.ts';
import { DurableFolder, sha256Of } from './durable-file.ts';
import { type PartFormat, PartMerger } from './part-merger.ts';

const DAY = '20251228';
const PART = `${DAY}_part1.txt`;
const BYTES = Buffer.from('rows');

const FORMAT: PartFormat = {
  extension: 'txt',
  factsOf: async () => ({ columns: [], from: undefined }),
  write: async (_facts, parts, write) => {
    for (const part of parts) await write(await part.read(async (bytes) => bytes));
  },
};

test('parts of a folder that is spelt differently since are known on Windows, which tells no case apart', async (t) => {
  const root = await files.mkdtemp(join(tmpdir(), 'audit-merger-'));
  t.after(() => files.rm(root, { recursive: true, force: true }));
  const [before, now] = [join(root, 'Export'), join(root, 'export')];
  for (const folder of [before, now]) {
    await files.mkdir(folder, { recursive: true });
    await files.writeFile(join(folder, PART), BYTES);
  }
  const clock = new FakeClock();
  const merge = (platform: NodeJS.Platform) => {
    const folder = (directory: string) =>
      new DurableFolder({ directory, owner: 'log/txt', clock, disk: { files, platform } });
    const merger = new PartMerger({ exports: folder(now), daily: folder(join(root, 'daily')), format: FORMAT });
    const part = { day: DAY, part: 1, path: join(before, PART), sha256: sha256Of(BYTES), isCertain: true };
    return merger.encode({ day: DAY, closedAt: epochMillis(0) }, [part], async () => undefined);
  };
  assert.equal((await merge('win32')).path, join(root, 'daily', `${DAY}.txt`));
  if (process.platform === 'linux') await assert.rejects(merge('linux'), { code: 'DAILY_MERGE_DAY_NOT_WHOLE' });
});
