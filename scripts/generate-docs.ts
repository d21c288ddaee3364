// Writes what follows from the code: the settings' reference, template and JSON Schema, the list of errors, and the
// Grafana dashboards.
// Usage: node scripts/generate-docs.ts (or npm run docs)
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedSchema } from '../server/src/app/config/schema/published-schema.ts';
import { settingsSchema } from '../server/src/app/config/schema/settings-schema.ts';
import { destinations } from '../server/src/app/destination-registry.ts';
import { ERROR_CATALOGUE } from '../server/src/domain/errors.ts';
import { configReference } from './generate-docs/config-reference.ts';
import { configTemplate } from './generate-docs/config-template.ts';
import { dashboardFiles } from './generate-docs/dashboards/files.ts';
import { errorReference } from './generate-docs/error-reference.ts';
import { jsonText } from './generate-docs/json-text.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));

export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every generated file as it ought to be now. */
export function generatedFiles(): readonly GeneratedFile[] {
  const schema = settingsSchema(destinations);
  const guide = readFileSync(join(repository, 'scripts/generate-docs/configuration-guide.md'), 'utf8');
  return [
    { path: 'docs/configuration.md', text: configReference(guide, schema) },
    { path: 'docs/errors.md', text: errorReference(ERROR_CATALOGUE) },
    { path: 'server/config/butler-sos-audit.yaml', text: configTemplate(schema) },
    { path: 'server/config/butler-sos-audit.schema.json', text: jsonText(publishedSchema(destinations)) },
    ...dashboardFiles(),
  ];
}

if (import.meta.main) {
  for (const { path, text } of generatedFiles()) {
    const file = join(repository, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${path}\n`);
  }
}
