import { readdirSync, readFileSync } from 'node:fs';

/** CPU that a process has used so far, microseconds. Undefined members: this system does not tell. */
export interface CpuUsage {
  /** The main thread: it accepts. */
  readonly main: number;
  readonly all: number;
  /** By thread name; those of the runtime (garbage collection, thread pool) under `runtime`. */
  readonly byThread: ReadonlyMap<string, number>;
}

/** Linux: from `/proc`; elsewhere undefined. */
export function readCpu(pid: number): CpuUsage | undefined {
  try {
    const byThread = new Map<string, number>();
    let all = 0;
    let main = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const us = threadCpu(`/proc/${pid}/task/${thread}`);
      all += us;
      const isMain = thread === String(pid);
      if (isMain) main = us;
      const name = isMain ? 'main' : readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim();
      const shown = isMain || PRODUCT_THREADS.has(name) ? name : 'runtime';
      byThread.set(shown, (byThread.get(shown) ?? 0) + us);
    }
    return { main, all, byThread };
  } catch {
    return undefined;
  }
}

const PRODUCT_THREADS = new Set(['delivery-thread', 'viewer-thread']);

/** `schedstat` counts nanoseconds; kernels without it give `stat`, in hundredths of a second. */
function threadCpu(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1000;
  } catch {
    const afterName = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(afterName[11]) + Number(afterName[12])) * 10_000;
  }
}

export function cpuBetween(before: CpuUsage | undefined, after: CpuUsage | undefined): CpuUsage | undefined {
  if (before === undefined || after === undefined) return undefined;
  const byThread = [...after.byThread].map(([name, us]) => [name, us - (before.byThread.get(name) ?? 0)] as const);
  return { main: after.main - before.main, all: after.all - before.all, byThread: new Map(byThread) };
}

/** Resident memory in bytes; Linux only. */
export function readMemory(pid: number): number | undefined {
  try {
    const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
