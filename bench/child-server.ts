import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onPath } from '../server/test/support/external-tools.ts';

export const TOKEN = 'bench-token-0123456789';

export interface ChildServer {
  readonly pid: number;
  readonly url: string;
  /** Of the port for status and metrics; '' for the reference server. */
  readonly viewerUrl: string;
  /** From the start of the process to its saying that it listens. */
  readonly startMs: number;
  output(): string;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Which core a process is pinned to; `all`: those that this process began with. */
export type Core = number | 'all';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const taskset = onPath(['taskset'])[0];
/** As `taskset` writes them, `0,1`; undefined where there is none. */
const allCores = taskset === undefined ? undefined : coresOf(taskset, process.pid);

/** A command that runs there, whatever this process is pinned to, where the system has `taskset`. */
export function pinned(core: Core, command: readonly string[]): readonly string[] {
  const cores = core === 'all' ? allCores : String(core);
  return taskset === undefined || cores === undefined ? command : [taskset, '-c', cores, ...command];
}

/** As `pinned`, all threads of this process. @returns takes it back */
export function pinThisProcess(core: number): () => void {
  if (taskset === undefined) return () => undefined;
  const set = (cores: string) => spawnSync(taskset, ['-a', '-c', '-p', cores, String(process.pid)]);
  set(String(core));
  return () => {
    if (allCores !== undefined) set(allCores);
  };
}

/** Those a process may run on, as `taskset` writes them; undefined when it does not say. */
function coresOf(tool: string, pid: number): string | undefined {
  const shown = spawnSync(tool, ['-c', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return /: ([\d,-]+)\s*$/.exec(shown)?.[1];
}

export function startReference(core: Core = SERVER_CORE): Promise<ChildServer> {
  const script = fileURLToPath(new URL('reference-server.ts', import.meta.url));
  return start(pinned(core, [process.execPath, script]), /listening url=(\S+)/, undefined);
}

/** The product as its users start it. */
export function startProduct(home: BenchHome, core: Core = SERVER_CORE): Promise<ChildServer> {
  const launcher = fileURLToPath(new URL('../server/bin/butler-sos-audit.js', import.meta.url));
  const command = [process.execPath, launcher, 'serve', '--config', home.configFile, '--root', home.root];
  return start(
    pinned(core, command),
    /^(?=.*audit API is listening).*?(https?:\/\/[^\s"]+)/m,
    /^(?=.*viewer port is listening).*?(https?:\/\/[^\s"]+)/m,
  );
}

async function start(command: readonly string[], api: RegExp, viewer: RegExp | undefined): Promise<ChildServer> {
  const began = performance.now();
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // an interrupted measurement leaves no server behind, and no folder (createHome)
  const end = () => child.kill('SIGKILL');
  process.prependListener('exit', end);
  const exited = once(child, 'exit').then(([code]) => {
    process.off('exit', end);
    return code as number | null;
  });
  let output = '';
  const found = new Promise<{ url: string; viewerUrl: string; startMs: number }>((resolve, reject) => {
    let startMs: number | undefined;
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
      const url = api.exec(output)?.[1];
      if (url !== undefined) startMs ??= performance.now() - began;
      const viewerUrl = viewer === undefined ? '' : viewer.exec(output)?.[1];
      if (url !== undefined && viewerUrl !== undefined) resolve({ url, viewerUrl, startMs: startMs ?? 0 });
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    void exited.then((code) => reject(new Error(`the server ended with ${code} before it listened:\n${output}`)));
  });
  const facts = await found;
  return { ...facts, pid: child.pid ?? 0, output: () => output, ...endings(child, exited) };
}

function endings(child: ChildProcess, exited: Promise<number | null>): Pick<ChildServer, 'stop' | 'kill'> {
  return {
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export interface BenchHome {
  readonly root: string;
  readonly configFile: string;
  /** Writes the configuration again, with another `destination` section. */
  configure(destination: string): void;
  remove(): void;
}

export const NO_DESTINATION = `    destination:
      enable: false
`;

export function parquetDestination(maxBatchSize: number, exportDirectory = 'parquet'): string {
  return `    destination:
      enable: true
      type: parquet
      parquet:
        exportDirectory: ${exportDirectory}
        maxBatchSize: ${maxBatchSize}
        writeFrequency: 1000
`;
}

/** An empty folder with a configuration on free ports. */
export function createHome(destination: string): BenchHome {
  const root = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'butler-sos-audit-bench-'));
  const configFile = join(root, 'production.yaml');
  const configure = (section: string) => {
    writeFileSync(
      configFile,
      `Butler-SOS:
  auditEvents:
    enable: true
    host: 127.0.0.1
    port: 0
    apiToken: ${TOKEN}
    rateLimit:
      enable: false
    eventLog:
      directory: log
    viewer:
      port: 0
${section}`,
    );
  };
  configure(destination);
  const remove = () => {
    process.off('exit', remove);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on('exit', remove);
  return { root, configFile, configure, remove };
}
