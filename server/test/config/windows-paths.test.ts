import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit, load, mistakesIn } from './support.ts';

/** What is on the disk for YAML is not what was typed: `\t` is a tab, `\a` a bell, `\P` the end of a paragraph. */
for (const path of ['"C:\\temp\\audit"', '"D:\\new\\raw"', '"C:\\Program Files"', '"D:\\Logs"', '"a\\0b"']) {
  test(`a path between double quotes is no path any more, and that is told: ${path}`, () => {
    assert.deepEqual(mistakesIn(audit('destination:', '  parquet:', `    exportDirectory: ${path}`)), [
      'production.yaml:5:9 Butler-SOS.auditEvents.destination.parquet.exportDirectory: expected a path, found a control ' +
        'character in it; between double quotes a backslash begins an escape, so write single quotes, or \\\\ for each \\.',
    ]);
  });
}

for (const path of [
  "'C:\\temp\\audit'",
  'C:\\temp\\audit',
  '"C:\\\\temp\\\\audit"',
  'C:/temp/audit',
  '"\\\\\\\\nas\\\\audit"',
]) {
  test(`a path of Windows is taken as it is meant: ${path}`, () => {
    load(audit('destination:', '  parquet:', `    exportDirectory: ${path}`));
  });
}
