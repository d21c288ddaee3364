import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { overTime, percentile, rowsOf, type SoakFacts } from './report.ts';
import { compared, type PictureVerdict, picturesIn } from './verdict.ts';
import type { Lag, Sample } from './watch.ts';
import type { Fault } from './world.ts';

const NO_LAG: Lag = { events: 0, seconds: 0, deadLetters: 0 };
const PICTURES: PictureVerdict = { expected: 2, saved: 1, failed: new Map([['gone', 1]]), unaccounted: 0 };
const FAULT: Fault = {
  name: 'qvd down',
  destination: 'qvd',
  break: async () => undefined,
  mend: async () => undefined,
};

function sample(phase: string, atMs: number, qvd: Partial<Lag> = {}, parquet: Partial<Lag> = {}): Sample {
  const lags = { influxdb: NO_LAG, json: NO_LAG, parquet: { ...NO_LAG, ...parquet }, qvd: { ...NO_LAG, ...qvd } };
  return { atMs, phase, memoryMib: 200, lags, picturesWaiting: 0 };
}

function facts(change: Partial<SoakFacts> = {}): SoakFacts {
  return {
    samples: [sample('all works', 0), sample('qvd down', 1000, { events: 900, seconds: 30 }), sample('no load', 2000)],
    phases: [
      { name: 'all works', durationMs: 1000, latenciesMs: [1, 2, 3] },
      { name: 'qvd down', broken: FAULT, durationMs: 1000, latenciesMs: [4] },
      { name: 'qvd down: over', durationMs: 1000, latenciesMs: [4], caughtUpMs: 1500 },
    ],
    acknowledged: 10,
    refused: new Map(),
    destinations: [compared('parquet', new Set(['a']), new Map([['a', 1]]))],
    pictures: PICTURES,
    openSessions: 0,
    ...change,
  };
}

const missed = (change: Partial<SoakFacts>) =>
  rowsOf(facts(change))
    .filter(({ met }) => met === false)
    .map(({ what }) => what);

test('lost and doubled events are found; more than the client knows of is no fault', () => {
  const counts = new Map([
    ['a', 1],
    ['b', 2],
    ['unknown', 1],
  ]);
  const verdict = compared('parquet', new Set(['a', 'b', 'c']), counts);
  assert.deepEqual(verdict, { name: 'parquet', expected: 3, lost: 1, doubled: 1 });
});

test('pictures: saved with all files, failed with a reason, or unaccounted for', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'soak-pictures-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'a.png'), '');
  const tags = (status: string, reason?: string) =>
    JSON.stringify({ screenshotStatus: status, screenshotReason: reason });
  const rows = [
    { eventId: 'saved', tags: tags('saved'), screenshotSavedPaths: '["a.png"]' },
    { eventId: 'gone', tags: tags('failed', 'gone'), screenshotSavedPaths: null },
    { eventId: 'no-file', tags: tags('saved'), screenshotSavedPaths: '["a.png","b.png"]' },
    { eventId: 'no-status', tags: '{}', screenshotSavedPaths: null },
  ];
  const known = { hasPicture: true, hasObjectData: false };
  const acknowledged = new Map(['saved', 'gone', 'no-file', 'no-status', 'no-row'].map((id) => [id, known]));
  acknowledged.set('plain', { hasPicture: false, hasObjectData: false });
  const verdict = picturesIn(rows, acknowledged, root);
  assert.deepEqual(verdict, { expected: 5, saved: 1, failed: new Map([['gone', 1]]), unaccounted: 3 });
});

test('a soak in which all went well, and what is judged when it did not', () => {
  assert.deepEqual(missed({}), []);
  const rows = rowsOf(facts());
  assert.ok(
    rows.some(({ what, result }) => what.startsWith('qvd down: what had gathered') && result === '900 events, 1.5 s'),
  );

  const late = [sample('all works', 0), sample('qvd down', 1, { seconds: 99 }, { seconds: 9 })];
  assert.deepEqual(missed({ samples: late }), ['qvd down: lag of the others, at most']);
  assert.deepEqual(missed({ refused: new Map([[503, 1]]) }), ['answers']);
  assert.deepEqual(missed({ destinations: [compared('json', new Set(['a']), new Map())] }), [
    'json: of 1 events with a 202',
  ]);
  assert.deepEqual(missed({ pictures: { ...PICTURES, unaccounted: 1 } }), ['pictures of 2 events']);
  assert.deepEqual(missed({ openSessions: 1 }), ['sessions left open at Qlik']);
  const letters = [sample('all works', 0), sample('no load', 1, { deadLetters: 1 })];
  assert.deepEqual(missed({ samples: letters, phases: facts().phases.slice(0, 1) }), ['dead letters']);
  const fat = [sample('all works', 0), { ...sample('no load', 1), memoryMib: 300 }];
  assert.deepEqual(
    missed({ samples: fat, phases: facts().phases.slice(0, 1) }).map((what) => what.slice(0, 6)),
    ['memory'],
  );
});

test('lag and memory over time, thinned out, with the last look', () => {
  const samples = Array.from({ length: 601 }, (_, i) => sample('all works', i * 1000));
  const lines = overTime(samples).trimEnd().split('\n');
  assert.ok(lines.length <= 34, String(lines.length));
  assert.match(lines.at(-1) ?? '', /^\| 10:00 \| all works \| 200 MiB \| 0, 0\.0 s \|/);
  assert.equal(percentile([5, 1, 3], 0.5), 3);
});
