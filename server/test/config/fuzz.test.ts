import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { maskedConfig } from '../../src/app/config/masked-config.ts';
import { settingsSchema } from '../../src/app/config/schema/settings-schema.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { documentedSnippets, load } from './support.ts';

const BOUNDS = { numRuns: 150, interruptAfterTimeLimit: 20_000 };

/** Loads, or says why not; anything else is a defect. */
function loadsOrExplains(text: string): void {
  try {
    const { config } = load(text);
    JSON.stringify(maskedConfig(config));
  } catch (error) {
    assert.ok(error instanceof CodedError && error.code === 'CONFIG_INVALID', String(error));
    assert.match(error.message, /^The configuration has (an error|\d+ errors):\n {2}/);
  }
}

/** Mappings whose keys are often ours, with any values. */
function settings(schema: unknown): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema as { properties?: object }).properties ?? {});
  if (properties.length === 0) return anyValue;
  const known = Object.fromEntries(properties.map(([key, below]) => [key, fc.oneof(anyValue, settings(below))]));
  return fc.oneof({ weight: 5, arbitrary: fc.record(known, { requiredKeys: [] }) }, { weight: 1, arbitrary: anyValue });
}

const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    '',
    null,
    true,
    false,
    0,
    -1,
    8181,
    1e300,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it stands in a file
    '${A}',
    '${',
    '$${',
    '*',
    'parquet, json',
    '__proto__',
    {},
    [],
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string(),
);

test('settings of any kind load or are explained', () => {
  const butlerSos = (settingsSchema(destinations).properties as Record<string, unknown>)['Butler-SOS'];
  fc.assert(
    fc.property(settings(butlerSos), (value) => loadsOrExplains(stringify({ 'Butler-SOS': value }))),
    BOUNDS,
  );
});

test('any value, and any text, loads or is explained', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())), (value) =>
      loadsOrExplains(stringify(value)),
    ),
    BOUNDS,
  );
  fc.assert(fc.property(fc.string({ maxLength: 200, unit: 'binary' }), loadsOrExplains), BOUNDS);
});

test('documented snippets with characters put in, taken out and swapped load or are explained', () => {
  const texts = documentedSnippets().map(({ text }) => text);
  const edit = fc.record({
    text: fc.constantFrom(...texts),
    at: fc.nat(600),
    length: fc.nat(5),
    put: fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constantFrom('&a ', '*a', '<<: ', '? ', '|', '>', '- ', '\t', '!!', '%', '---\n'),
    ),
  });
  fc.assert(
    fc.property(edit, ({ text, at, length, put }) =>
      loadsOrExplains(text.slice(0, at) + put + text.slice(at + length)),
    ),
    BOUNDS,
  );
});

test('a key named like a part of the language is a key like any other', () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    for (const text of [`${key}: {a: 1}`, `Butler-SOS: {${key}: 1}`, `auditEvents: {${key}: {b: 1}}`])
      loadsOrExplains(text);
    assert.throws(() => load(`auditEvents: {${key}: {b: 1}}`), /expected a known key/);
  }
});
