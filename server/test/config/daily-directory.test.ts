import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { parquetOptions } from '../../src/adapters/destinations/parquet/options.ts';
import { qvdOptions } from '../../src/adapters/destinations/qvd/options.ts';
import { audit, load, mistakesIn, ROOT } from './support.ts';

const OPTIONS = { parquet: parquetOptions, qvd: qvdOptions };

function dailyDirectory(type: 'parquet' | 'qvd', ...lines: readonly string[]): string | undefined {
  const text = audit(
    'destination:',
    '  enable: true',
    `  type: ${type}`,
    `  ${type}:`,
    ...lines.map((l) => `    ${l}`),
  );
  return OPTIONS[type].parse(load(text).config.destinations[0]?.rawOptions).dailyDirectory;
}

for (const type of ['parquet', 'qvd'] as const) {
  test(`${type}: daily files are off unless dailyMerge is set, and stand beside the parts unless told otherwise`, () => {
    assert.equal(dailyDirectory(type, 'exportDirectory: out/parts'), undefined);
    assert.equal(dailyDirectory(type, 'dailyDirectory: elsewhere'), undefined);
    assert.equal(dailyDirectory(type, 'dailyMerge: true'), resolve(ROOT, 'audit-events/daily'));
    assert.equal(dailyDirectory(type, 'exportDirectory: out/parts', 'dailyMerge: true'), resolve(ROOT, 'out/daily'));
    assert.equal(dailyDirectory(type, 'dailyMerge: true', 'dailyDirectory: days'), resolve(ROOT, 'days'));
  });

  test(`${type}: a load over all files would find every event twice if daily files stood among the parts`, () => {
    const lines = ['exportDirectory: out/parts', 'dailyMerge: true', 'dailyDirectory: out/../out/parts/'];
    const text = audit(
      'destination:',
      '  enable: true',
      `  type: ${type}`,
      `  ${type}:`,
      ...lines.map((l) => `    ${l}`),
    );
    assert.deepEqual(mistakesIn(text), [
      `production.yaml:9:9 Butler-SOS.auditEvents.destination.${type}.dailyDirectory: expected another folder than exportDirectory, where a load over all files would find every event twice.`,
    ]);
  });
}
