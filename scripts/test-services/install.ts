import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { findTool, TOOL_CACHE } from '../../server/test/support/external-tools.ts';
import type { Recipe } from './recipes.ts';
import { createShell, type TextOutput } from './shell.ts';

const LOCK_TIMEOUT_MS = 15 * 60_000;

/** Installs what is missing and this machine can install, one after the other. Gives what is missing still, with the reason. */
export async function installMissing(
  recipes: readonly Recipe[],
  output: TextOutput,
  cache: string = TOOL_CACHE,
): Promise<ReadonlyMap<Recipe, string>> {
  const missing = recipes.filter(isMissing);
  if (missing.length === 0) return new Map();
  return underLock(cache, output, async () => {
    const left = new Map<Recipe, string>();
    // what another installation brought while this one waited is not missing any more
    for (const recipe of missing.filter(isMissing)) {
      const reason = recipe.impossibleBecause() ?? (await install(recipe, output));
      if (reason !== undefined) left.set(recipe, reason);
    }
    return left;
  });
}

function isMissing(recipe: Recipe): boolean {
  return findTool(recipe.tool) === undefined;
}

/** Gives the reason why it did not work. */
async function install(recipe: Recipe, output: TextOutput): Promise<string | undefined> {
  const began = performance.now();
  output.write(`${recipe.tool.name}: installing (${recipe.source})\n`);
  try {
    await recipe.install(createShell(output));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (isMissing(recipe)) return 'it was installed and still cannot be used';
  output.write(`${recipe.tool.name}: installed in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  return undefined;
}

/** An SQLite transaction is a lock that the operating system frees however its holder ends. */
async function underLock<T>(cache: string, output: TextOutput, action: () => Promise<T>): Promise<T> {
  mkdirSync(cache, { recursive: true });
  const lock = new DatabaseSync(join(cache, 'lock.sqlite'), { timeout: 0 });
  try {
    try {
      lock.exec('begin exclusive');
    } catch {
      output.write('Waiting for another installation of test services to end.\n');
      lock.exec(`pragma busy_timeout = ${LOCK_TIMEOUT_MS}`);
      lock.exec('begin exclusive');
    }
    return await action();
  } finally {
    lock.close();
  }
}
