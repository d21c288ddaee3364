import { execFile } from 'node:child_process';
import { findTool, PYTHON_READERS, skipWithout } from '../../../server/test/support/external-tools.ts';

/** The Python that has PyQvd, or undefined; and why its tests are skipped, or false (in CI always false). */
export const python = findTool(PYTHON_READERS);
export const skipWithoutPython = skipWithout(PYTHON_READERS);

/** Runs a Python program with arguments; resolves to what it printed, rejects with what it said when it failed. */
export function runPython(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    if (python === undefined) {
      reject(new Error('no Python with PyQvd; "npm run test-services -- python-readers" installs it'));
      return;
    }
    const options = { timeout: 120_000, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, PYTHONUTF8: '1' } };
    execFile(python, ['-c', program, ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`python failed: ${stderr || error.message}`));
    });
  });
}
