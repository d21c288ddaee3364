import { mkdirSync, statSync } from 'node:fs';
import type * as nodeFiles from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../domain/errors.ts';

/**
 * Makes a folder with its parents. Not by Node's `recursive`, which never ends where a system says that a parent is
 * missing that is there: below `/proc`, say.
 * @returns the first that was made; undefined: all were there
 */
export async function makeFolders(
  path: string,
  mode: number,
  files: Pick<typeof nodeFiles, 'mkdir' | 'stat'>,
): Promise<string | undefined> {
  /** @returns false when it was there */
  const make = async (folder: string): Promise<boolean> => {
    try {
      await files.mkdir(folder, { mode });
      return true;
    } catch (error) {
      if (isMissingParent(error) || !(await files.stat(folder)).isDirectory()) throw error;
      return false;
    }
  };
  const below: string[] = [];
  for (const folder of upwards(path)) {
    try {
      if (await make(folder)) below.unshift(folder);
      break;
    } catch (error) {
      if (!isMissingParent(error)) throw error;
      below.unshift(folder);
    }
  }
  for (const folder of below) await make(folder);
  return below[0];
}

/** The same, at once. */
export function makeFoldersSync(path: string, mode: number): string | undefined {
  const make = (folder: string): boolean => {
    try {
      mkdirSync(folder, { mode });
      return true;
    } catch (error) {
      if (isMissingParent(error) || !statSync(folder).isDirectory()) throw error;
      return false;
    }
  };
  const below: string[] = [];
  for (const folder of upwards(path)) {
    try {
      if (make(folder)) below.unshift(folder);
      break;
    } catch (error) {
      if (!isMissingParent(error)) throw error;
      below.unshift(folder);
    }
  }
  for (const folder of below) make(folder);
  return below[0];
}

/** The folder and its parents, up to the root. */
function* upwards(path: string): Generator<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    yield folder;
    if (dirname(folder) === folder) return;
  }
}

function isMissingParent(error: unknown): boolean {
  return systemCodeOf(error) === 'ENOENT';
}
