#!/usr/bin/env node
// Plain JavaScript on purpose: a TypeScript entry would die on an old Node before it could say why.
import { existsSync } from 'node:fs';

const source = new URL('../src/cli/qvd-cat.ts', import.meta.url);
const fromSource = existsSync(source);
const wanted = fromSource ? 24 : 20;
if (Number(process.versions.node.split('.')[0]) < wanted) {
  process.stderr.write(`qvd-cat needs Node.js ${wanted} or newer, this is ${process.version}.\n`);
  process.exit(1);
}
const entry = fromSource ? source : new URL('../dist/cli/qvd-cat.js', import.meta.url);
const { main } = await import(entry.href);
process.exitCode = await main(process.argv.slice(2), process.stdout, process.stderr);
