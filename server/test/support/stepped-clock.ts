import type { StartOptions } from './running-server.ts';

/** For `startServer`: the real program with its wall clock ahead of that of the machine, or behind, in all threads. */
export function withClockAt(offsetMs: number, options: StartOptions = {}): StartOptions {
  const shim = `const real = Date.now; Date.now = () => real() + ${offsetMs};`;
  const preload = `--import=data:text/javascript,${encodeURIComponent(shim)}`;
  return { ...options, env: { ...options.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${preload}`.trim() } };
}
