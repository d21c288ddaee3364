import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../bin/butler-sos-audit.js', import.meta.url));
export const TOKEN = 'test-token-0123456789';

export interface ServerHome {
  readonly root: string;
  readonly configFile: string;
  readonly log: string;
  readonly parquet: string;
  readonly objectData: string;
  remove(): void;
}

export interface HomeOptions {
  /** YAML lines below `auditEvents:`, indented by four spaces. */
  readonly extra?: string;
  readonly maxBatchSize?: number;
  readonly writeFrequency?: number;
  /** YAML of `destination:` instead of the default (Parquet). */
  readonly destination?: string;
  readonly eventLog?: Readonly<Record<string, number>>;
}

/** An empty folder with a configuration on free ports: Parquet destination, small batches, viewer port on. */
export function createHome(options: HomeOptions = {}): ServerHome {
  const root = mkdtempSync(join(tmpdir(), 'butler-sos-audit-'));
  const configFile = join(root, 'production.yaml');
  const destination =
    options.destination ??
    `    destination:
      enable: true
      type: parquet
      parquet:
        exportDirectory: parquet
        maxBatchSize: ${options.maxBatchSize ?? 500}
        writeFrequency: ${options.writeFrequency ?? 200}
`;
  const eventLog = Object.entries(options.eventLog ?? {})
    .map(([key, value]) => `      ${key}: ${value}\n`)
    .join('');
  const text = `Butler-SOS:
  auditEvents:
    enable: true
    host: 127.0.0.1
    port: 0
    apiToken: ${TOKEN}
    rateLimit:
      enable: false
    eventLog:
      directory: log
${eventLog}    viewer:
      port: 0
${destination}${options.extra ?? ''}`;
  mkdirSync(root, { recursive: true });
  writeFileSync(configFile, text);
  return {
    root,
    configFile,
    log: join(root, 'log'),
    parquet: join(root, 'parquet'),
    objectData: join(root, 'objectdata'),
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface RunningServer {
  readonly child: ChildProcess;
  /** Of the audit API, `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly viewerUrl: string;
  /** Everything printed so far. */
  output(): string;
  kill(): Promise<void>;
  /** SIGTERM, on Windows, where a signal ends a process by force, the command `stop`; resolves with the exit code. */
  stop(): Promise<number | null>;
  exit(): Promise<number | null>;
}

export interface StartOptions {
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** False: resolve as soon as the audit API listens, `viewerUrl` empty. */
  readonly viewer?: false;
}

/** Starts `serve` as a user would and waits until it says where it listens. Rejects with its output when it exits first. */
export async function startServer(home: ServerHome, options: StartOptions = {}): Promise<RunningServer> {
  const [file = process.execPath, ...before] = options.command ?? [process.execPath];
  const child = spawn(file, [...before, LAUNCHER, 'serve', '--config', home.configFile, '--root', home.root], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let output = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const listening = new Promise<{ url: string; viewerUrl: string }>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      const url = addressIn(output, 'audit API');
      const viewerUrl = addressIn(output, 'viewer port');
      if (url === undefined || (viewerUrl === undefined && options.viewer !== false)) return;
      resolve({ url, viewerUrl: viewerUrl ?? '' });
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    void exited.then((code) => reject(new Error(`server exited with ${code} before it listened:\n${output}`)));
  });
  const { url, viewerUrl } = await listening;
  return {
    child,
    url,
    viewerUrl,
    output: () => output,
    exit: () => exited,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      if (process.platform === 'win32') await runCommand(home, ['stop']);
      else child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Of the log line that says where a port listens, as text or as JSON. */
function addressIn(output: string, port: string): string | undefined {
  const line = output.split('\n').find((text) => text.includes(`${port} is listening`));
  return /https?:\/\/[^\s"]+/.exec(line ?? '')?.[0];
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs another command of the command line against the same home, to its end. */
export async function runCommand(home: ServerHome, args: readonly string[]): Promise<CommandResult> {
  const child = spawn(process.execPath, [LAUNCHER, ...args, '--config', home.configFile, '--root', home.root], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Polls until `probe` gives something other than undefined. */
export async function eventually<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`nothing within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
