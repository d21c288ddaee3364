import { cell } from './markdown.ts';

type Catalogue = Readonly<Record<string, { readonly meaning: string; readonly action: string }>>;

/** `docs/errors.md` */
export function errorReference(catalogue: Catalogue): string {
  const rows = Object.entries(catalogue).map(
    ([code, { meaning, action }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(action)} |`,
  );
  return `# Errors

The codes of log lines, dead letters, the status and the metrics. The message beside a code says on what it happened; commands print the message
alone.
Written by \`npm run docs\` from \`server/src/domain/errors.ts\`.

| code | what happened | what to do |
|---|---|---|
${rows.join('\n')}
`;
}
