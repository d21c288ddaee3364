import { join } from 'node:path';
import { toIsoString } from '../../domain/epoch-millis.ts';
import { systemCodeOf } from '../../domain/errors.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { FileSystem, OpenFile } from '../shared/file-system.ts';
import type { Tail } from './newest-segment.ts';
import { segmentPath } from './segment-name.ts';

interface Place {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
}

const COPY_BYTES = 1024 * 1024;

export interface SavedCut {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Rule 10: saves what lies behind `keepBytes`, then cuts it. A crash before the cut leaves the saved bytes and the tail,
 * and the next start saves them once more.
 */
export async function cutTail(place: Place, tail: Tail): Promise<SavedCut> {
  const { fileSystem, directory } = place;
  const file = await fileSystem.open(segmentPath(directory, tail.first), 'readWrite');
  try {
    const saved = await saveBytes(place, file, tail.keepBytes, tail.bytes);
    await file.truncate(tail.keepBytes);
    await file.sync();
    return saved;
  } finally {
    await file.close();
  }
}

/** Rule 4: a segment without lines does not stay. */
export async function removeSegment(place: Place, first: Sequence): Promise<void> {
  await place.fileSystem.remove(segmentPath(place.directory, first));
  await place.fileSystem.syncFolder(place.directory);
}

async function saveBytes(place: Place, from: OpenFile, start: number, end: number): Promise<SavedCut> {
  const { fileSystem, directory } = place;
  const { file, path } = await createCutFile(place);
  try {
    await copyBytes(from, start, end, file, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await fileSystem.syncFolder(directory);
  return { path, bytes: end - start };
}

/** The time may have been used: the clock can step back. */
async function createCutFile({ directory, fileSystem, clock }: Place): Promise<{ file: OpenFile; path: string }> {
  const time = toIsoString(clock.now()).replaceAll(/[-:]/g, '');
  for (let number = 1; ; number++) {
    const path = join(directory, `cut-${time}${number === 1 ? '' : `-${number}`}.bin`);
    try {
      return { file: await fileSystem.open(path, 'create'), path };
    } catch (error) {
      if (systemCodeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/**
 * Rule 10: writes whole lines again where they are, and syncs file and folder. After a sync that failed, or in the page
 * cache of a process that was killed, they may be there to read and yet not on disk; written again they are new to it.
 * @returns how many lines
 */
export async function rewriteLines(place: Place, tail: Tail): Promise<number> {
  const { fileSystem, directory } = place;
  if (tail.rewriteFrom < tail.keepBytes) {
    const file = await fileSystem.open(segmentPath(directory, tail.first), 'readWrite');
    try {
      await copyBytes(file, tail.rewriteFrom, tail.keepBytes, file, tail.rewriteFrom);
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await fileSystem.syncFolder(directory);
  return tail.linesToRewrite;
}

async function copyBytes(from: OpenFile, start: number, end: number, to: OpenFile, toStart: number): Promise<void> {
  const buffer = Buffer.alloc(Math.min(COPY_BYTES, end - start));
  for (let at = start; at < end; ) {
    const count = await from.read(buffer.subarray(0, Math.min(buffer.length, end - at)), at);
    if (count === 0) return;
    let written = 0;
    while (written < count) {
      written += await to.write(buffer.subarray(written, count), toStart + at - start + written);
    }
    at += count;
  }
}
