import { setTimeout as pauseFor } from 'node:timers/promises';
import { systemCodeOf } from '../../domain/errors.ts';

/** What Windows says of a file that somebody else holds for a moment: a reader, or the virus scanner that looks at it. */
const IN_USE: ReadonlySet<string> = new Set(['EPERM', 'EBUSY', 'EACCES']);
const PAUSES_MS = [20, 50, 100, 200, 400, 800];

/** Elsewhere nobody who reads a file keeps it from being opened, renamed or deleted, so there `action` is done once. */
export async function whileInUse<T>(
  action: () => Promise<T>,
  platform: NodeJS.Platform = process.platform,
  pause: (ms: number) => Promise<unknown> = pauseFor,
): Promise<T> {
  for (const ms of platform === 'win32' ? PAUSES_MS : []) {
    try {
      return await action();
    } catch (error) {
      if (!isInUse(error)) throw error;
      await pause(ms);
    }
  }
  return action();
}

/** The same for what must be done at once; the thread waits, 1.6 s at most. */
export function whileInUseSync<T>(
  action: () => T,
  platform: NodeJS.Platform = process.platform,
  pause: (ms: number) => unknown = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
): T {
  for (const ms of platform === 'win32' ? PAUSES_MS : []) {
    try {
      return action();
    } catch (error) {
      if (!isInUse(error)) throw error;
      pause(ms);
    }
  }
  return action();
}

function isInUse(error: unknown): boolean {
  return IN_USE.has(systemCodeOf(error) ?? '');
}
