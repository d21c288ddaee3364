import { dirname, relative, resolve, win32 } from 'node:path';
import { CodedError } from '../../domain/errors.ts';

export interface RootSources {
  /** `--root DIR`. */
  readonly root?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Where the user was when calling: npm runs scripts in the folder of the package and says in `INIT_CWD` where it was called.
 * A program that npm runs, and that starts us in a folder of its choice, hands `INIT_CWD` on: then that folder counts.
 */
export function launchDirectory({ env, cwd }: Pick<RootSources, 'env' | 'cwd'>): string {
  if (env.INIT_CWD === undefined || env.INIT_CWD === '') return cwd;
  const scriptFolder = env.npm_package_json === undefined ? cwd : dirname(env.npm_package_json);
  return relative(scriptFolder, cwd) === '' ? env.INIT_CWD : cwd;
}

/**
 * The directory that relative paths start at: `--root`, else the one npm was called in (`INIT_CWD`), else the current one.
 * @throws CodedError CONFIG_INVALID for the Windows system folders, where a service starts when nobody chose a directory.
 */
export function resolveRoot(sources: RootSources): string {
  const { root, env } = sources;
  const initial = launchDirectory(sources);
  const chosen = withCapitalDrive(root === undefined || root === '' ? initial : resolve(initial, root));
  if (isWindowsSystemFolder(chosen, env)) {
    throw new CodedError(
      'CONFIG_INVALID',
      `The server would keep its data in ${chosen}, which belongs to Windows. Give it a directory with --root DIR.`,
      { root: chosen },
    );
  }
  return chosen;
}

/** Paths below it are stored and compared; shells call the same drive `c:` or `C:`. */
function withCapitalDrive(directory: string): string {
  return directory.replace(/^[a-z]:(?=[\\/])/, (drive) => drive.toUpperCase());
}

function isWindowsSystemFolder(directory: string, env: RootSources['env']): boolean {
  const folder = win32.normalize(`${directory}\\`).toLowerCase();
  const windows = env.SystemRoot ?? env.SYSTEMROOT ?? env.windir;
  const systemFolders = ['system32', 'syswow64', 'sysnative'];
  if (windows !== undefined && windows !== '') {
    const base = win32.normalize(`${windows}\\`).toLowerCase();
    // the folder itself: there cmd.exe starts what was called in a network folder
    if (folder === base || systemFolders.some((name) => folder.startsWith(`${base}${name}\\`))) return true;
  }
  return /^[a-z]:\\windows\\((system32|syswow64|sysnative)\\|$)/.test(folder);
}
