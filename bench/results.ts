import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../server/src/app/cli/table.ts';
import type { Row } from './measurement.ts';

const RESULTS_FILE = fileURLToPath(new URL('RESULTS.md', import.meta.url));

/** For the terminal. */
export function tableOf(rows: readonly Row[]): string {
  return formatTable(
    ['what', 'result', 'budget', ''],
    rows.map((row) => [row.what, row.result, row.budget, verdict(row)]),
  );
}

/** A section of RESULTS.md. */
export function sectionOf(rows: readonly Row[], title: string, conditions: readonly string[]): string {
  const table = rows.map((row) => `| ${row.what} | ${row.result} | ${row.budget} | ${verdict(row)} |\n`).join('');
  const facts = conditions.map((fact) => `- ${fact}\n`).join('');
  return `\n## ${title}\n\n${facts}\n| what | result | budget | |\n|---|---|---|---|\n${table}`;
}

export function appendSection(section: string, file = RESULTS_FILE): void {
  if (!existsSync(file)) {
    writeFileSync(
      file,
      '# Measurements\n\nAppended by `npm run bench -- --append`; how each is made: [README.md](README.md).\n',
    );
  }
  appendFileSync(file, section);
}

/** Machine, Node.js and commit. */
export function machineFacts(): readonly string[] {
  const git = (...args: string[]) =>
    spawnSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).stdout.trim();
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with uncommitted changes';
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
    `Node.js ${process.version}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}`,
  ];
}

function verdict({ met }: Row): string {
  if (met === undefined) return '';
  return met ? 'met' : 'MISSED';
}
