import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { makeFoldersSync } from './make-folders.ts';

const ADMINISTRATORS = '*S-1-5-32-544';
const SYSTEM = '*S-1-5-18';

/** Runs a program of Windows and gives what it prints. Throws when it is not there or does not end with 0. */
export type RunProgram = (program: string, args: readonly string[]) => string;

/**
 * Creates a folder for secrets, log or images that its owner alone can read: mode 0700, on Windows an access list of the
 * service account, Administrators and SYSTEM. A folder that was there keeps its permissions: an operator chose them. Parents
 * that are missing are made as any other folder.
 * @returns `open`: it was created on a disk that cannot keep others out
 */
export function createPrivateFolder(
  path: string,
  platform: NodeJS.Platform = process.platform,
  run: RunProgram = runProgram,
): 'present' | 'private' | 'open' {
  if (existsSync(path)) return 'present';
  const parent = dirname(path);
  if (!existsSync(parent)) makeFoldersSync(parent, 0o777); // export folders that others read may stand there, too
  makeFoldersSync(path, 0o700);
  return restrictToOwner(path, 'folder', platform, run) ? 'private' : 'open';
}

/**
 * Mode 0600 or 0700; on Windows an access list of the current account, Administrators and SYSTEM.
 * @returns false, on Windows only: the disk has no such lists (exFAT, some network shares)
 */
export function restrictToOwner(
  path: string,
  kind: 'file' | 'folder',
  platform: NodeJS.Platform = process.platform,
  run: RunProgram = runProgram,
): boolean {
  if (platform !== 'win32') {
    chmodSync(path, kind === 'file' ? 0o600 : 0o700);
    return true;
  }
  try {
    run('icacls', icaclsArguments(path, kind, currentAccount(run)));
    return true;
  } catch {
    return false;
  }
}

/** By its number: a name may mean a local account as well as one of the domain, and the wrong one would be let in. */
function currentAccount(run: RunProgram): string {
  try {
    const [sid] = run('whoami', ['/user', '/fo', 'csv', '/nh']).match(/S-1(-\d+)+(?="?\s*$)/) ?? [];
    if (sid !== undefined) return `*${sid}`;
  } catch {
    // another program of that name comes first in the PATH: Git for Windows brings one
  }
  return userInfo().username;
}

function runProgram(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
}

export function icaclsArguments(path: string, kind: 'file' | 'folder', account: string): readonly string[] {
  const rights = kind === 'folder' ? ':(OI)(CI)F' : ':F';
  const grants = [account, ADMINISTRATORS, SYSTEM].flatMap((who) => ['/grant:r', `${who}${rights}`]);
  return [path, '/inheritance:r', ...grants];
}

/** Can everybody on this machine read it? Always false on Windows, where the mode does not tell. */
export function isReadableByEverybody(path: string): boolean {
  if (process.platform === 'win32' || !existsSync(path)) return false;
  return (statSync(path).mode & 0o004) !== 0;
}
