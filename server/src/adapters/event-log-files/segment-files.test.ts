import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { sequence } from '../../domain/sequence.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';
import { SegmentFiles } from './segment-files.ts';

/** Counts, for each file that was opened, how often it was closed. Opening and closing take a while, as on a disk. */
function countingFileSystem() {
  const closes: number[] = [];
  const absent = async (): Promise<never> => {
    throw new Error('a reader has no use for this');
  };
  const open = async (): Promise<OpenFile> => {
    await turn();
    const number = closes.push(0) - 1;
    const close = async () => {
      await take(4);
      closes[number] = (closes[number] ?? 0) + 1;
    };
    return { read: absent, write: absent, size: absent, truncate: absent, sync: absent, close };
  };
  const fileSystem: FileSystem = {
    open,
    list: absent,
    remove: absent,
    rename: absent,
    makeFolder: absent,
    syncFolder: absent,
    freeBytes: absent,
  };
  return { closes, fileSystem };
}

test('followers that read many segments at a time: each file is closed once, so that nobody else loses its descriptor', async () => {
  const { closes, fileSystem } = countingFileSystem();
  const segments = new SegmentFiles(fileSystem, '/log');
  const use = (place: number, turns: number) => segments.use(sequence(1 + 100 * place), () => take(turns));
  for (const idle of [0, 1, 2, 3]) await use(idle, 0);

  // each of the first two closes one of the idle files, and the third comes while they are at it
  await Promise.all([use(4, 1), use(5, 1), take(3).then(() => use(6, 9))]);
  await segments.close();

  assert.deepEqual(closes, [1, 1, 1, 1, 1, 1, 1]);
});

/** Other things happen meanwhile. */
async function take(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}
