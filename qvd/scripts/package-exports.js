// In a checkout the package is imported as TypeScript source, without a build; a published one has only dist.
// `npm pack` and `npm publish` run this with "dist" before and with "source" after they read package.json.
import { readFileSync, writeFileSync } from 'node:fs';

const SOURCE = '".": "./src/index.ts"';
const DIST = '".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" }';

const target = process.argv[2];
if (target !== 'dist' && target !== 'source') throw new Error('usage: node scripts/package-exports.js dist|source');
const [from, to] = target === 'dist' ? [SOURCE, DIST] : [DIST, SOURCE];
const path = new URL('../package.json', import.meta.url);
const manifest = readFileSync(path, 'utf8');
if (!manifest.includes(from) && !manifest.includes(to)) throw new Error(`package.json has neither ${from} nor ${to}`);
writeFileSync(path, manifest.replace(from, to));
