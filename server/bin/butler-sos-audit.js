#!/usr/bin/env node
// Plain JavaScript on purpose: a TypeScript entry would die on an old Node before it could say why.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `butler-sos-audit needs Node.js 24 or newer, this is ${process.version}.\n` +
      'In a checkout, start it with "npm start" or "npx butler-sos-audit serve" after "npm ci" (without --ignore-scripts):\n' +
      'that uses the Node.js 24 which npm installed beside it. Elsewhere, install Node.js 24 first.\n',
  );
  process.exit(78);
}

// What only a process that begins can be told, on Linux. The engine's helpers have the priority of the thread that answers
// browsers, also when they work for another one, so there is one. And the C library would keep freed memory for each thread.
const mayBeginAgain = process.platform === 'linux' && process.channel === undefined && process.execve !== undefined;
if (process.argv[2] === 'serve' && mayBeginAgain && process.env.MALLOC_ARENA_MAX === undefined) {
  const args = [process.execPath, '--v8-pool-size=1', ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, MALLOC_ARENA_MAX: '2' });
}

// All threads share one pool for file calls. A dead network share may hold some of it for minutes; the log must not wait.
process.env.UV_THREADPOOL_SIZE ??= '64';

// Compiled once, kept beside the program; where nobody may write there, each start compiles again. Threads read the variable.
const cache = process.env.NODE_COMPILE_CACHE ?? fileURLToPath(new URL('../.compile-cache', import.meta.url));
if (module.enableCompileCache(cache).directory !== undefined) process.env.NODE_COMPILE_CACHE = cache;

const source = new URL('../src/app/main.ts', import.meta.url);
const entry = existsSync(source) ? source : new URL('../dist/app/main.js', import.meta.url);
const { main } = await import(entry.href);
await main(process.argv.slice(2));
