import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTool, WRK } from '../../server/test/support/external-tools.ts';
import { LOAD_CORE, pinned, TOKEN } from '../child-server.ts';
import { writePool } from './bodies.ts';
import type { GeneratorOptions } from './generator.ts';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly durationMs: number;
  /** Requests per second, open loop; undefined: as fast as they are answered. */
  readonly rate?: number;
  /** Default 1, by POST /api/v1/audit-event; more by the batch endpoint. */
  readonly eventsPerRequest?: number;
}

export interface LoadResult {
  /** Answers that came within the duration. */
  readonly requests: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answers that refused an event: not 202, or for a batch not 200 with every event accepted. */
  readonly failed: number;
  /** Connections that broke or requests without an answer. */
  readonly broken: number;
}

/** Closed loop by wrk where there is one; open loop, and where there is none, by our own generator. */
export function runLoad(options: LoadOptions): Promise<LoadResult> {
  const wrk = options.rate === undefined ? findTool(WRK) : undefined;
  return wrk === undefined ? runGenerator(options) : runWrk(wrk, options);
}

export function runGenerator(options: LoadOptions): Promise<LoadResult> {
  const script = fileURLToPath(new URL('generator.ts', import.meta.url));
  const generator: GeneratorOptions = { eventsPerRequest: 1, ...options, token: TOKEN, seed: newSeed() };
  return resultOf(pinned(LOAD_CORE, [process.execPath, script, JSON.stringify(generator)]));
}

/** Durations are rounded up to whole seconds. */
export async function runWrk(wrk: string, options: LoadOptions): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-load-'));
  try {
    const pool = join(folder, 'pool.txt');
    writePool(pool, 1);
    const script = fileURLToPath(new URL('post.lua', import.meta.url));
    const seconds = Math.ceil(options.durationMs / 1000);
    const shape = ['-t1', `-c${options.connections}`, `-d${seconds}s`, '--timeout', '30s'];
    const args = [pool, String(options.eventsPerRequest ?? 1), TOKEN, String(newSeed())];
    return await resultOf(pinned(LOAD_CORE, [wrk, ...shape, '-s', script, options.url, '--', ...args]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function generatorName(): string {
  return findTool(WRK) === undefined
    ? 'bench/load/generator.ts'
    : 'wrk (closed loop), bench/load/generator.ts (open loop)';
}

/** Every run posts ids of its own. */
function newSeed(): number {
  return Math.floor(Math.random() * 0x7fff_ffff);
}

async function resultOf(command: readonly string[]): Promise<LoadResult> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  const result = /^RESULT (.*)$/m.exec(output)?.[1];
  if (code !== 0 || result === undefined) throw new Error(`the load generator ended with ${code}:\n${output}`);
  return JSON.parse(result) as LoadResult;
}
