import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { JsonDestination } from '../../src/adapters/destinations/json/index.ts';
import { ParquetDestination } from '../../src/adapters/destinations/parquet/index.ts';
import { QvdDestination } from '../../src/adapters/destinations/qvd/index.ts';
import type { Disk } from '../../src/adapters/shared/durable-file.ts';
import { CodedError } from '../../src/domain/errors.ts';
import type { Destination } from '../../src/pipeline/ports/destination.ts';
import { plainRows } from '../conformance/destination.ts';
import { duckdb } from '../support/duckdb.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { qvdColumn, qvdFiles } from '../support/qvd-rows.ts';
import { DiskStopped, StoppableDisk } from '../support/stoppable-disk.ts';

const NEVER = new AbortController().signal;
const BATCHES = 2;
const ROWS_PER_BATCH = 2;
const SEQUENCES = Array.from({ length: BATCHES * ROWS_PER_BATCH }, (_, i) => i + 1);

type Kind = 'parquet' | 'qvd' | 'json';

function open(kind: Kind, place: FilePlace, disk: Disk): Destination {
  const options = { exportDirectory: 'export', staticTags: [], fieldSet: 'documented' } as const;
  if (kind === 'json') return new JsonDestination({ ...options, enable: true }, place.context(kind), disk);
  const Tables = kind === 'parquet' ? ParquetDestination : QvdDestination;
  return new Tables({ ...options, maxBatchSize: 10, writeFrequencyMs: 0 }, place.context(kind), disk);
}

/** What the worker does from its cursor to the end of the log, every step of it a call on the disk. */
async function run(
  kind: Kind,
  place: FilePlace,
  store: { memory: AttemptMemory; done: number },
  disk: StoppableDisk,
): Promise<void> {
  const destination = open(kind, place, disk);
  await destination.check(NEVER).catch((error) => assert.ok(error instanceof CodedError || disk.stopped));
  while (store.done < BATCHES) {
    disk.step('begin');
    const day = store.done === 0 ? '20261123' : '20261124';
    const begun = store.memory.batch(plainRows(store.done * ROWS_PER_BATCH + 1, ROWS_PER_BATCH), day, kind);
    const batch: typeof begun = {
      ...begun,
      prepare: (file) => {
        disk.step('prepare');
        return begun.prepare(file);
      },
      reserveNext: (atLeast) => {
        disk.step('reserveNext');
        return begun.reserveNext(atLeast);
      },
    };
    const outcome = await destination.deliver(batch, NEVER);
    if (outcome.kind === 'retry') continue;
    assert.equal(outcome.kind, 'delivered');
    disk.step('commit');
    store.memory.commit();
    store.done++;
  }
}

/** Runs until the disk stops. True: it came to the end first. */
async function runAndStop(
  kind: Kind,
  place: FilePlace,
  store: { memory: AttemptMemory; done: number },
  stopAfter: number,
): Promise<boolean> {
  const disk = new StoppableDisk(stopAfter);
  try {
    await run(kind, place, store, disk);
    return true;
  } catch (error) {
    if (!disk.stopped || !(error instanceof DiskStopped)) throw error;
    return false;
  }
}

interface Scenario {
  readonly before?: (place: FilePlace) => void;
  /** Between the crash and the restart. */
  readonly between?: (place: FilePlace) => void;
  /** Before a reader looks. */
  readonly after?: (place: FilePlace) => void;
  readonly files?: readonly string[];
}

/** Stops after every call, restarts, and looks at what a reader finds. */
async function everyStop(kind: Kind, scenario: Scenario = {}, secondStop?: number): Promise<number> {
  for (let stopAfter = 0; ; stopAfter++) {
    const place = new FilePlace();
    try {
      mkdirSync(join(place.root, 'taken'));
      scenario.before?.(place);
      const store = { memory: new AttemptMemory(), done: 0 };
      const finished = await runAndStop(kind, place, store, stopAfter);
      scenario.between?.(place);
      if (secondStop !== undefined) await runAndStop(kind, place, store, secondStop);
      await run(kind, place, store, new StoppableDisk());
      scenario.after?.(place);
      await assertOnce(kind, place, `stopped after ${stopAfter} calls`);
      const strays = readdirSync(place.directory).filter((name) => name.startsWith('.'));
      assert.deepEqual(strays, [], `stopped after ${stopAfter} calls`);
      if (scenario.files) assert.deepEqual(readdirSync(place.directory).sort(), scenario.files);
      if (finished) return stopAfter;
    } finally {
      place.remove();
    }
  }
}

async function assertOnce(kind: Kind, place: FilePlace, when: string): Promise<void> {
  const folders = readdirSync(place.root).filter((folder) => readdirSync(join(place.root, folder)).some(isOurs));
  const paths = folders.map((folder) => join(place.root, folder));
  assert.deepEqual(await (kind === 'qvd' ? sequencesInQvd(paths) : sequencesIn(kind, paths)), SEQUENCES, when);
}

async function sequencesIn(kind: 'parquet' | 'json', folders: readonly string[]): Promise<readonly unknown[]> {
  const globs = folders.map((folder) => `'${folder}/*.${kind}'`).join(',');
  const from = kind === 'parquet' ? `read_parquet([${globs}])` : `read_json([${globs}], format = 'unstructured')`;
  const rows = await duckdb(`select (tags->>'sequence')::int as seq from ${from} order by seq`);
  return rows.map((row) => row.seq);
}

/** By our own reader, for hundreds of files; PyQvd reads some in the tests of the destination. */
async function sequencesInQvd(folders: readonly string[]): Promise<readonly number[]> {
  const tags = await Promise.all(folders.flatMap(qvdFiles).map((path) => qvdColumn(path, 'tags')));
  return tags
    .flat()
    .map((text) => JSON.parse(String(text)).sequence)
    .sort((a, b) => a - b);
}

function isOurs(name: string): boolean {
  return /\.(parquet|qvd|json)$/.test(name);
}

/** A reader that moves away every finished file that it finds. */
function take(place: FilePlace): void {
  const names = readdirSync(place.root).includes('export') ? readdirSync(place.directory) : [];
  for (const name of names.filter(isOurs)) renameSync(join(place.directory, name), join(place.root, 'taken', name));
}

describe('files are published exactly once', () => {
  it('rule 19: stopped between every two steps, then started again', async () => {
    const stops = await everyStop('parquet', { files: ['20261123_part1.parquet', '20261124_part1.parquet'] });
    assert.ok(stops > 30, `only ${stops} steps were seen`);
  });

  it('rule 19: stopped again while it recovers', async () => {
    for (const secondStop of [8, 12, 16]) {
      await everyStop('parquet', { files: ['20261123_part1.parquet', '20261124_part1.parquet'] }, secondStop);
    }
  });

  it('rule 19: its reader takes every file as soon as it appears', async () => {
    await everyStop('parquet', { between: take });
  });

  it('rule 19: a foreign file has the name of the next part', async () => {
    const before = (place: FilePlace): void => {
      mkdirSync(place.directory);
      writeFileSync(join(place.directory, '20261123_part1.parquet'), 'foreign');
    };
    const after = (place: FilePlace): void => {
      const foreign = join(place.directory, '20261123_part1.parquet');
      assert.equal(readFileSync(foreign, 'utf8'), 'foreign');
      rmSync(foreign);
    };
    await everyStop('parquet', { before, after });
  });

  it('rule 19: QVD files, stopped between every two steps, taken by their reader, then started again', async () => {
    const stops = await everyStop('qvd', { between: take });
    assert.ok(stops > 30, `only ${stops} steps were seen`);
  });

  for (const kind of ['parquet', 'qvd', 'json'] as const) {
    for (const fault of ['fails before', 'fails after it took effect'] as const) {
      it(`rule 19: ${kind}: each call ${fault}, then the batch is tried again`, async () => {
        for (let at = 1; ; at++) {
          const place = new FilePlace();
          try {
            const disk = new StoppableDisk(undefined, { at, kind: fault });
            await run(kind, place, { memory: new AttemptMemory(), done: 0 }, disk);
            await assertOnce(kind, place, `${disk.calls[at - 1]}, call ${at}`);
            if (disk.calls.length < at) break;
          } finally {
            place.remove();
          }
        }
      });
    }
  }

  it('object data files: stopped between every two steps, then started again', async () => {
    const stops = await everyStop('json');
    assert.ok(stops > 30, `only ${stops} steps were seen`);
  });
});
