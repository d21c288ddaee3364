import { findTool, STRACE } from './external-tools.ts';
import type { StartOptions } from './running-server.ts';

/** A disk call of the server that does not go as it should. */
export interface Tampering {
  /** As strace names them, comma-separated; `?` before a name that some processors do not have. */
  readonly calls: string;
  /** `signal=SIGKILL`, `error=EIO`, ... */
  readonly effect: string;
  /** Which of these calls, counted for each thread and whatever they are about: `3`, `3..5`, `3+`. */
  readonly when: string;
}

/**
 * For `startServer`: the real program, whose disk calls are tampered with. One thread of libuv's pool, so that the calls
 * of the event log and of the exports are counted in one row; SQLite's are made by the thread that asked.
 * @param paths only calls about these files and folders, absolute; none = all calls
 */
export function tampered(tamperings: readonly Tampering[], paths: readonly string[] = []): StartOptions {
  const calls = [...new Set(tamperings.flatMap((one) => one.calls.split(',')))].join(',');
  // much faster, but signals get lost on the way
  const filter = tamperings.some(({ effect }) => effect.startsWith('signal')) ? [] : ['--seccomp-bpf'];
  return {
    command: [
      findTool(STRACE) ?? STRACE.name,
      // -D: the server is our child, not the tracer
      ...['-D', '-f', '-qqq', ...filter, '-o', '/dev/null', '-e', `trace=${calls}`],
      ...paths.flatMap((path) => ['-P', path]),
      ...tamperings.flatMap((one) => ['-e', `inject=${one.calls}:${one.effect}:when=${one.when}`]),
      process.execPath,
    ],
    env: { UV_THREADPOOL_SIZE: '1' },
  };
}
