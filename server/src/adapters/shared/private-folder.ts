import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { makeFoldersSync } from './make-folders.ts';

const ADMINISTRATORS = '*S-1-5-32-544';
const SYSTEM = '*S-1-5-18';

/**
 * Creates a folder for secrets, log or images that its owner alone can read: mode 0700, on Windows an access list of the
 * service account, Administrators and SYSTEM. A folder that was there keeps its permissions: an operator chose them.
 * @returns true when the folder was created
 */
export function createPrivateFolder(path: string, platform: NodeJS.Platform = process.platform): boolean {
  if (existsSync(path)) return false;
  makeFoldersSync(path, 0o700);
  restrictToOwner(path, 'folder', platform);
  return true;
}

/** Mode 0600 or 0700; on Windows an access list of the current account, Administrators and SYSTEM. */
export function restrictToOwner(
  path: string,
  kind: 'file' | 'folder',
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform !== 'win32') {
    chmodSync(path, kind === 'file' ? 0o600 : 0o700);
    return;
  }
  execFileSync('icacls', icaclsArguments(path, kind, userInfo().username), { stdio: 'ignore', windowsHide: true });
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
