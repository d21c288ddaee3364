import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedConfig } from '../../src/app/config/config.ts';
import { type LoadConfigInput, loadConfig } from '../../src/app/config/load-config.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { CodedError } from '../../src/domain/errors.ts';

export const FIXTURES = fileURLToPath(new URL('./fixtures/', import.meta.url));
/** Not there; configuration does no I/O for what is below it. */
export const ROOT = join(FIXTURES, 'root');

export function load(text: string, more: Partial<LoadConfigInput> = {}): LoadedConfig {
  return loadConfig({ text, file: 'production.yaml', root: ROOT, env: {}, destinations, ...more });
}

/** Settings below `auditEvents:`, whose first line is line 3. */
export function audit(...lines: readonly string[]): string {
  return `Butler-SOS:\n  auditEvents:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

/** Each mistake in its own line, as the message lists them. Fails when there is none. */
export function mistakesIn(text: string, more: Partial<LoadConfigInput> = {}): readonly string[] {
  return linesOf(() => load(text, more));
}

export function linesOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim());
  }
  throw new Error('expected mistakes, found none');
}

export function documentedSnippets(): readonly { readonly name: string; readonly text: string }[] {
  const directory = join(FIXTURES, 'documented');
  return readdirSync(directory).map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
}
