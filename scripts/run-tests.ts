// Runs the test files with Node's own runner and ends with one plain line, `N passed, N failed, N skipped`.
// Before all of them run, the programs they use are installed where this machine can; suites without theirs are skipped.
// Usage: node scripts/run-tests.ts [part of a path ...]
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { installMissing } from './test-services/install.ts';
import { RECIPES } from './test-services/recipes.ts';

const wanted = process.argv.slice(2);
const files = globSync(
  [
    'server/src/**/*.test.ts',
    'server/test/**/*.test.ts',
    'qvd/**/*.test.ts',
    'bench/**/*.test.ts',
    'scripts/**/*.test.ts',
    'viewer/**/*.test.ts',
  ],
  {
    exclude: (name) => name === 'node_modules',
  },
)
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.replaceAll('\\', '/').includes(part)))
  .sort();

// a failure in here fails the suites that need the program, and says why there
if (wanted.length === 0) await installTools().catch((error: Error) => process.stdout.write(`${error.message}\n`));

const skipped: string[] = [];
let counts = { passed: 0, failed: 0, skipped: 0 };
let succeeded = false;
const stream = run({ files, concurrency: Math.max(2, availableParallelism()), timeout: 15 * 60_000 });
stream.on('test:pass', (test) => {
  if (test.skip !== undefined)
    skipped.push(`${test.name}: ${typeof test.skip === 'string' ? test.skip : 'no reason given'}`);
});
stream.on('test:summary', (summary) => {
  if (summary.file !== undefined) return; // one file; the last summary has none and counts all
  counts = {
    passed: summary.counts.passed,
    failed: summary.counts.tests - summary.counts.passed - summary.counts.skipped - summary.counts.todo,
    skipped: summary.counts.skipped + summary.counts.todo,
  };
  succeeded = summary.success;
});
const report = stream.compose(spec);
report.pipe(process.stdout);
report.on('end', () => {
  if (skipped.length > 0) process.stdout.write(`\nSkipped:\n${skipped.map((line) => `- ${line}\n`).join('')}`);
  if (files.length === 0 || counts.passed + counts.failed === 0) succeeded = false;
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  process.exitCode = succeeded && counts.failed === 0 ? 0 : 1;
});

async function installTools(): Promise<void> {
  const missing = await installMissing(RECIPES, process.stdout);
  for (const [{ tool }, reason] of missing) process.stdout.write(`${tool.name}: not installed (${reason})\n`);
}
