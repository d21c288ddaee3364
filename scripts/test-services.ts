// Finds or installs the programs that tests use and npm does not bring.
// Usage: npm run test-services [-- --list] [names ...]; without names, all of them.
import { parseArgs } from 'node:util';
import { formatTable } from '../server/src/app/cli/table.ts';
import { findTool } from '../server/test/support/external-tools.ts';
import { installMissing } from './test-services/install.ts';
import { RECIPES, type Recipe } from './test-services/recipes.ts';

const USAGE = `Usage: npm run test-services [-- --list] [names ...]\nNames: ${RECIPES.map((r) => r.tool.name).join(', ')}\n`;

function list(): string {
  const rows = RECIPES.map((recipe) => [
    recipe.tool.name,
    findTool(recipe.tool) ?? recipe.impossibleBecause() ?? 'can be installed',
    recipe.tool.variable,
    recipe.tool.purpose,
    recipe.source,
  ]);
  return formatTable(['name', 'where', 'variable', 'purpose', 'source'], rows);
}

function wantedRecipes(names: readonly string[]): readonly Recipe[] | undefined {
  if (names.length === 0) return RECIPES;
  const wanted = RECIPES.filter((recipe) => names.includes(recipe.tool.name));
  return wanted.length === new Set(names).size ? wanted : undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { list: { type: 'boolean' } }, allowPositionals: true });
  if (values.list) {
    process.stdout.write(list());
    return 0;
  }
  const wanted = wantedRecipes(positionals);
  if (wanted === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const missing = await installMissing(wanted, process.stdout);
  for (const recipe of wanted) {
    const reason = missing.get(recipe);
    const where = findTool(recipe.tool);
    process.stdout.write(
      `${recipe.tool.name}: ${where ?? `missing (${reason}); set ${recipe.tool.variable} to use your own`}\n`,
    );
  }
  return missing.size === 0 ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  return 2;
});
