import { cell } from './markdown.ts';

type Catalogue = Readonly<Record<string, { readonly meaning: string; readonly action: string }>>;

/** `docs/errors.md` */
export function errorReference(catalogue: Catalogue): string {
  const rows = Object.entries(catalogue).map(
    ([code, { meaning, action }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(action)} |`,
  );
  return `# Errors

Every error that the server logs or a command prints has one of these codes. The message beside it says on what it happened.
Written by \`npm run docs\` from \`server/src/domain/errors.ts\`.

| code | what happened | what to do |
|---|---|---|
${rows.join('\n')}
`;
}
