import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A disk of its own that can really be filled: a small file system in memory, mounted on a folder. */
export interface SmallDisk {
  /** Until the system says that there is no space: not even for a byte. */
  fill(): void;
  /** What `fill` took is free again. */
  empty(): void;
  unmount(): void;
}

/** For the `skip` option of a test: only an administrator of Linux can mount. In CI never a skip. */
export function skipWithoutMount(): string | false {
  const mayMount = process.platform === 'linux' && process.getuid?.() === 0;
  return mayMount || process.env.CI === 'true' ? false : 'needs root on Linux, to mount a disk that can be filled';
}

/** @throws Error with the words of `mount` when it may not */
export function mountSmallDisk(folder: string, mebibytes: number): SmallDisk {
  mkdirSync(folder, { mode: 0o700 });
  const options = `size=${mebibytes}m,mode=0700`;
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`a disk cannot be mounted: ${stderr}`);
  const filler = join(folder, 'somebody-else.bin');
  return {
    fill: () => fill(filler),
    empty: () => rmSync(filler, { force: true }),
    unmount() {
      if (spawnSync('umount', [folder]).status !== 0) spawnSync('umount', ['-l', folder]);
    },
  };
}

function fill(file: string): void {
  const descriptor = openSync(file, 'a');
  try {
    for (const bytes of [1024 * 1024, 4096, 1]) {
      const piece = Buffer.alloc(bytes, 'x');
      try {
        for (;;) writeSync(descriptor, piece);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}
