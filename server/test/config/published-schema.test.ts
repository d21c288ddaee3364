import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { OWN_KEYWORDS } from '../../src/app/config/schema/section.ts';
import { audit, documentedSnippets, FIXTURES } from './support.ts';

const file = new URL('../../config/butler-sos-audit.schema.json', import.meta.url);
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addVocabulary([...OWN_KEYWORDS]);
const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));

function complaints(text: string): unknown[] {
  return validate(parse(text)) ? [] : [...(validate.errors ?? [])];
}

test('editors accept what the server accepts', () => {
  const texts = [
    ...documentedSnippets().map(({ text }) => text),
    readFileSync(join(FIXTURES, 'production.yaml'), 'utf8'),
    readFileSync(new URL('../../config/butler-sos-audit.yaml', import.meta.url), 'utf8'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a file
    audit('port: ${PORT}', 'enable: ${ON}', 'tls: {minVersion: "${TLS}"}', 'apiTokenFile: x', 'cors:', 'apiToken:'),
  ];
  for (const text of texts) assert.deepEqual(complaints(text), [], text);
});

test('editors refuse unknown keys and wrong values', () => {
  for (const line of [
    'prot: 1',
    'port: many',
    'tls: {minVersion: TLSv9}',
    'destination: {parquet: {metadata: {x: 1}}}',
  ]) {
    assert.notDeepEqual(complaints(audit(line)), [], line);
  }
});
