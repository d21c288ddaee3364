import { execPath, pid } from 'node:process';

/**
 * Ends the process at once, with this exit code, also while a call into a dead disk or network share holds one of its
 * threads: `process.exit` waits for those. The process becomes another program that does nothing but end; on Windows,
 * which has no such call, it is ended by force (exit code 1).
 */
export function exitNow(code: number): never {
  if (process.platform !== 'win32') process.execve?.(execPath, [execPath, '-e', `process.exit(${code})`], {});
  process.kill(pid, 'SIGKILL');
  throw new Error('unreachable: the process has been ended');
}
