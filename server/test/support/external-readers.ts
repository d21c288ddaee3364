import { spawnSync } from 'node:child_process';

/** Runs a script with a Python found by `requireTool(t, PYTHON_READERS)`; gives what it printed as JSON. */
export function runPython(python: string, script: string, args: readonly string[] = []): unknown {
  const result = spawnSync(python, ['-', ...args], {
    input: script,
    encoding: 'utf8',
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
    maxBuffer: 256 * 1024 * 1024,
    timeout: 120_000,
  });
  if (result.status !== 0) throw new Error(`Python ended with ${result.status ?? result.signal}:\n${result.stderr}`);
  return JSON.parse(result.stdout);
}
