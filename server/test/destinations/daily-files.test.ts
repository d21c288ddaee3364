import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { QvdReader } from 'qvd-codec';
import { sha256Of } from '../../src/adapters/shared/durable-file.ts';
import { generateEnvelopes } from '../../src/app/simulate/event-stream.ts';
import { auditRecordOf } from '../../src/domain/audit-record.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { DeliveryRow } from '../../src/pipeline/ports/destination.ts';
import { plainRows, rowOf } from '../conformance/destination.ts';
import { type DailyKind, DailyWorld } from '../support/daily-world.ts';
import { duckdb } from '../support/duckdb.ts';
import { PYTHON_READERS, skipWithout } from '../support/external-tools.ts';
import { qvdFiles, readQvdFiles } from '../support/qvd-rows.ts';
import { DiskStopped, StoppableDisk } from '../support/stoppable-disk.ts';
import { storedEvent } from '../support/stored-event.ts';

const KINDS: readonly DailyKind[] = ['parquet', 'qvd'];
const DAY = '20261123';

/** Events of all types, erased ones, and values at the ends of what the formats hold. */
function realisticRows(first: number, count: number): DeliveryRow[] {
  return [...generateEnvelopes(count, first)].map((text, i) => {
    const { eventId, type } = JSON.parse(text);
    const seq = first + i;
    const event = storedEvent(text, { seq, id: eventId, type, erased: i % 17 === 16 });
    return { position: sequence(seq), record: auditRecordOf(event) };
  });
}

const EXTREMES = [
  '"duration":9007199254740993,"dataStateId":-9223372036854775808',
  '"duration":2147483648,"dataStateId":-2147483649,"visible":null',
  '"objectId":"","enteredAt":"zero \\u0000 byte","visible":true,"leftAt":null',
  '"objectId":"\\ufeffbegins with a mark","leftAt":"😀\\u202e","visible":false',
];

function rowsOf(first: number, count: number): DeliveryRow[] {
  const rows = realisticRows(first, count - EXTREMES.length);
  return [...rows, ...EXTREMES.map((members, i) => rowOf(first + rows.length + i, members))];
}

/** Rows with their columns, and what the format says of each column, by a reader that shares no code with us. */
async function readAll(
  kind: DailyKind,
  files: readonly string[],
): Promise<{ readonly types: readonly unknown[]; readonly rows: readonly unknown[] }> {
  if (kind === 'parquet') {
    const list = files.map((file) => `'${file}'`).join(',');
    const types = await duckdb(`describe select * from read_parquet([${list}], union_by_name = true)`);
    const all = await Promise.all(files.map((file) => duckdb(`select * from read_parquet('${file}')`)));
    return { types: types.map((row) => `${row.column_name} ${row.column_type}`), rows: all.flat() };
  }
  const tables = readQvdFiles(files);
  const types = new Set<string>();
  for (const file of files) {
    for (const { name, numberFormat, comment } of (await headerOf(file)).fields)
      types.add(JSON.stringify([name, numberFormat, comment]));
  }
  const rows = tables.flatMap(({ columns, rows: read }) =>
    read.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null]))),
  );
  return { types: [...types], rows };
}

async function headerOf(file: string): Promise<QvdReader['header']> {
  const reader = await QvdReader.open(file);
  await reader.close();
  return reader.header;
}

function withNulls(rows: readonly unknown[], columns: readonly string[]): readonly unknown[] {
  return rows.map((row) => ({ ...Object.fromEntries(columns.map((name) => [name, null])), ...(row as object) }));
}

for (const kind of KINDS) {
  describe(`daily files: ${kind}`, { skip: kind === 'qvd' && skipWithout(PYTHON_READERS) }, () => {
    let world: DailyWorld;
    beforeEach(() => {
      world = new DailyWorld(kind);
    });
    afterEach(() => world.remove());
    const dailyFile = (day = DAY): string => join(world.daily, `${day}.${kind}`);
    const part = (number: number, day = DAY): string => join(world.parts, `${day}_part${number}.${kind}`);
    const error = (): string => world.merges.waiting[0]?.lastError?.code ?? 'none';
    const message = (): string => world.merges.waiting[0]?.lastError?.message ?? '';

    for (const fieldSet of ['documented', 'extended'] as const) {
      it(`has every row of every part once, in order, with the same types (${fieldSet})`, async () => {
        await world.write(rowsOf(1, 100), { fieldSet });
        await world.write(rowsOf(101, 9), { fieldSet, staticTags: { env: 'changed' } });
        await world.write(rowsOf(110, 40), { fieldSet });
        world.nextDay();
        await world.merge();
        assert.deepEqual(world.files(world.daily), [`${DAY}.${kind}`]);
        const parts = await readAll(kind, [part(1), part(2), part(3)]);
        const merged = await readAll(kind, [dailyFile()]);
        assert.equal(parts.rows.length, 149);
        assert.deepEqual(merged.rows, parts.rows);
        assert.deepEqual(merged.types, parts.types);
        assert.deepEqual(world.merges.waiting, []);
        assert.equal(world.merges.lastMergedDay, DAY);
        assert.equal(world.files(world.parts).length, 3, 'the parts stay');
      });
    }

    it('a field set that was changed in mid-day: all columns, NULL where a part has none', async () => {
      await world.write(rowsOf(1, 30), { fieldSet: 'documented' });
      await world.write(rowsOf(31, 30), { fieldSet: 'extended' });
      world.nextDay();
      await world.merge();
      const extended = await readAll(kind, [part(2)]);
      const merged = await readAll(kind, [dailyFile()]);
      const columns = Object.keys(extended.rows[0] as object);
      const documented = await readAll(kind, [part(1)]);
      assert.deepEqual(merged.types, extended.types);
      assert.deepEqual(merged.rows, [...withNulls(documented.rows, columns), ...extended.rows]);
    });

    it('parts of ten minutes make few large pieces of a file, not thousands of small ones', async () => {
      for (let i = 0; i < 12; i++) await world.write(plainRows(i * 1000 + 1, 1000));
      world.nextDay();
      await world.merge();
      if (kind === 'qvd') {
        const header = await headerOf(dailyFile());
        assert.equal(header.rowCount, 12_000);
        assert.equal(header.fields.find(({ name }) => name === 'eventType')?.symbolCount, 1);
        return;
      }
      const groups = await duckdb(
        `select distinct row_group_id, row_group_num_rows as n from parquet_metadata('${dailyFile()}') order by 1`,
      );
      assert.deepEqual(
        groups.map(({ n }) => Number(n)),
        [10_000, 2000],
      );
    });

    it('is in the order of the log, where retries delivered older events by where each part begins', async () => {
      await world.write(plainRows(1, 3));
      await world.write(plainRows(4, 3));
      await world.write(plainRows(2, 1), { retry: `retry:${kind}:1` });
      world.nextDay();
      await world.merge();
      const { rows } = await readAll(kind, [dailyFile()]);
      const tags = rows.map((row) => (row as { tags: string | readonly [string, string] }).tags);
      const sequences = tags.map((text) => JSON.parse(typeof text === 'string' ? text : text[1]).sequence);
      assert.deepEqual(sequences, [1, 2, 3, 2, 4, 5, 6]);
    });

    it('says which events it holds, and when the day was closed', async () => {
      await world.write(plainRows(1, 3));
      await world.write(plainRows(4, 3));
      world.nextDay();
      await world.merge();
      if (kind === 'parquet') {
        const pairs = await duckdb(
          `select decode(key) as k, decode(value) as v from parquet_kv_metadata('${dailyFile()}')`,
        );
        assert.deepEqual(
          pairs.map(({ k, v }) => `${k} ${v}`),
          [
            'product butler-sos-audit',
            'version 15.0.0',
            'logId 11111111-2222-4333-8444-555555555555',
            'firstSequence 1',
            'lastSequence 6',
          ],
        );
        return;
      }
      const header = await headerOf(dailyFile());
      assert.match(header.comment, /^Audit events 1 to 6 of the event log that were written on 20261123, written by /);
      assert.equal(header.createdUtc, '2026-11-24 07:00:00');
      assert.deepEqual(
        header.lineage.map(({ statement }) => statement),
        ['events 1 to 6 of the event log 11111111-2222-4333-8444-555555555555'],
      );
    });

    it('an open day, and one of which a part is still under way, gets no file', async () => {
      await world.write(plainRows(1, 2));
      await world.merge();
      assert.deepEqual(world.files(world.daily), []);
      await world.write(plainRows(3, 2), { commit: false });
      world.nextDay();
      await world.merge();
      assert.deepEqual(world.merges.waiting, []);
      // the server that died in between repeats its batch, in the part of the day on which it was begun
      await world.write(plainRows(3, 2));
      await world.merge();
      assert.equal((await readAll(kind, [dailyFile()])).rows.length, 4);
    });

    it('a closed day gets no more parts, also when the clock is set back', async () => {
      await world.write(plainRows(1, 2));
      world.nextDay();
      await world.merge();
      world.clock.stepWallClock(-86_400_000);
      await world.write(plainRows(3, 2));
      assert.deepEqual(world.files(world.parts), [`${DAY}_part1.${kind}`, `20261124_part1.${kind}`]);
    });

    it('days are merged from the first one on of which every part is known', async () => {
      const late = new DailyWorld(kind);
      try {
        late.state.dailyMerges.forget(kind);
        await late.write(plainRows(1, 2));
        late.state.dailyMerges.remember(kind, late.today);
        await late.write(plainRows(3, 2));
        late.nextDay();
        await late.write(plainRows(5, 2));
        late.nextDay();
        await late.merge();
        assert.deepEqual(late.files(late.daily), [`20261124.${kind}`]);
      } finally {
        late.remove();
      }
    });

    it('a part that its reader has taken: no file, told, and one once it is back', async () => {
      for (const seq of [1, 3, 5]) await world.write(plainRows(seq, 2));
      world.nextDay();
      renameSync(part(2), join(world.root, 'taken'));
      await world.merge();
      assert.deepEqual(world.files(world.daily), []);
      assert.equal(error(), 'DAILY_MERGE_DAY_NOT_WHOLE');
      assert.match(message(), new RegExp(`^No daily file for ${DAY}: somebody took ${DAY}_part2.${kind} away`));
      assert.equal(world.logger.at('warn').length, 1);
      renameSync(join(world.root, 'taken'), part(2));
      await world.merge();
      assert.equal((await readAll(kind, [dailyFile()])).rows.length, 6);
    });

    it('a part with other bytes than those published, cut short or replaced: no file, told', async () => {
      await world.write(plainRows(1, 2));
      await world.write(plainRows(3, 2));
      world.nextDay();
      const original = readFileSync(part(2));
      for (const bytes of [original.subarray(0, -20), readFileSync(part(1)), Buffer.alloc(0)]) {
        writeFileSync(part(2), bytes);
        await world.merge();
        assert.equal(error(), 'DAILY_MERGE_DAY_NOT_WHOLE');
        assert.match(message(), /somebody changed \d+_part2\.\w+\./);
      }
      assert.deepEqual(world.files(world.daily), []);
    });

    it('a file that is not ours has the name of a part: no file until it is moved away', async () => {
      await world.write(plainRows(1, 2));
      copyFileSync(part(1), part(7));
      world.nextDay();
      await world.merge();
      assert.equal(error(), 'DAILY_MERGE_DAY_NOT_WHOLE');
      assert.match(message(), /never published \d+_part7\.\w+ in /);
      rmSync(part(7));
      await world.merge();
      assert.deepEqual(world.files(world.daily), [`${DAY}.${kind}`]);
    });

    it('a part that may or may not have been published, because it was skipped, is merged if it is there', async () => {
      const skip = (first: number, last: number): void =>
        world.state.cursors.commit(kind, { first: sequence(first), last: sequence(last) }, []);
      await world.write(plainRows(1, 2));
      await world.write(plainRows(3, 2), { commit: false });
      skip(3, 4);
      await world.write(plainRows(5, 2), { commit: false });
      rmSync(part(3));
      skip(5, 6);
      world.nextDay();
      await world.merge();
      const { rows } = await readAll(kind, [dailyFile()]);
      assert.equal(rows.length, 4);
    });

    it('another file has its name: told, nothing replaced, and published once it is moved away', async () => {
      await world.write(plainRows(1, 2));
      world.nextDay();
      mkdirSync(world.daily);
      writeFileSync(dailyFile(), 'foreign');
      await world.merge();
      assert.equal(error(), 'DAILY_MERGE_NAME_TAKEN');
      assert.equal(readFileSync(dailyFile(), 'utf8'), 'foreign');
      rmSync(dailyFile());
      world.restart();
      await world.merge();
      assert.deepEqual(world.files(world.daily), [`${DAY}.${kind}`]);
    });

    it('rule 19: once published it is not written again, also when its reader has taken it', async () => {
      await world.write(plainRows(1, 2));
      world.nextDay();
      await world.merge();
      rmSync(dailyFile());
      world.restart();
      await world.merge();
      assert.deepEqual(world.files(world.daily), []);
    });

    it('a prepared file that somebody has changed is made again from the parts', async () => {
      await world.write(plainRows(1, 2));
      world.nextDay();
      world.stepBefore((name) => {
        if (name === 'finish') throw new Error('killed');
      });
      mkdirSync(world.daily);
      writeFileSync(dailyFile(), 'foreign');
      await world.merge();
      const [temporary = ''] = world.files(world.daily).filter((name) => name.startsWith('.'));
      writeFileSync(join(world.daily, temporary), 'changed');
      rmSync(dailyFile());
      world.restart();
      await world.merge();
      await world.merge();
      assert.equal((await readAll(kind, [dailyFile()])).rows.length, 2);
      assert.deepEqual(world.files(world.daily), [`${DAY}.${kind}`]);
    });

    it('rule 8: while exports pause nothing is begun, and what is under way is dropped whole', async () => {
      await world.write(plainRows(1, 2));
      world.nextDay();
      world.paused = true;
      await world.merge();
      assert.deepEqual(world.merges.waiting, []);
      world.paused = false;
      const disk = new StoppableDisk();
      const open = disk.files.open;
      Object.defineProperty(disk, 'files', {
        value: {
          ...Object.fromEntries(
            ['link', 'mkdir', 'open', 'readFile', 'readdir', 'rename', 'stat', 'unlink'].map((name) => [
              name,
              (disk.files as unknown as Record<string, unknown>)[name],
            ]),
          ),
          open: (...args: Parameters<typeof open>) => {
            if (args[1] === 'wx') world.paused = true;
            return open(...args);
          },
        },
      });
      await world.merge(disk);
      assert.deepEqual(world.files(world.daily), []);
      assert.equal(error(), 'none');
      world.paused = false;
      await world.merge();
      assert.deepEqual(world.files(world.daily), [`${DAY}.${kind}`]);
    });

    it('rule 19: stopped between every two steps, then started again: once, whole, the same bytes, no stray file', async () => {
      const hashes = new Set<string>();
      let steps = 0;
      for (let stopAfter = 0; ; stopAfter++) {
        const attempt = new DailyWorld(kind);
        try {
          await attempt.write(plainRows(1, 2));
          await attempt.write(plainRows(3, 2));
          attempt.nextDay();
          const disk = new StoppableDisk(stopAfter);
          attempt.stepBefore((name) => disk.step(name));
          await attempt.merge(disk).catch((thrown: unknown) => assert.ok(thrown instanceof DiskStopped));
          const finished = !disk.stopped;
          // its reader moves away what it finds
          const found = attempt.files(attempt.daily).filter((name) => name === `${DAY}.${kind}`);
          for (const name of found) renameSync(join(attempt.daily, name), join(attempt.root, name));
          attempt.restart();
          await attempt.merge();
          await attempt.merge();
          const again = attempt.files(attempt.daily);
          if (found.length > 0) assert.deepEqual(again, [], `stopped after ${stopAfter}: ${disk.calls.at(-1)}`);
          else assert.deepEqual(again, [`${DAY}.${kind}`], `stopped after ${stopAfter}: ${disk.calls.at(-1)}`);
          const path = join(found.length > 0 ? attempt.root : attempt.daily, `${DAY}.${kind}`);
          hashes.add(sha256Of(readFileSync(path)));
          steps = stopAfter;
          if (finished) break;
        } finally {
          attempt.remove();
        }
      }
      assert.ok(steps > 30, `only ${steps} steps were seen`);
      assert.equal(hashes.size, 1, 'the same bytes whenever it was stopped');
    });

    for (const fault of ['fails before', 'fails after it took effect'] as const) {
      it(`rule 19: each disk call ${fault}, then it is tried again`, async () => {
        for (let at = 1; ; at++) {
          const attempt = new DailyWorld(kind);
          try {
            await attempt.write(plainRows(1, 2));
            await attempt.write(plainRows(3, 2));
            attempt.nextDay();
            const disk = new StoppableDisk(undefined, { at, kind: fault });
            for (let i = 0; i < 2; i++) {
              await attempt.merge(disk).catch((thrown: unknown) => assert.match(String(thrown), /EIO/));
            }
            await attempt.merge();
            assert.deepEqual(attempt.files(attempt.daily), [`${DAY}.${kind}`], `${disk.calls[at - 1]}, call ${at}`);
            if (disk.calls.length < at) break;
          } finally {
            attempt.remove();
          }
        }
      });
    }
  });
}

describe('daily files of Parquet', () => {
  it('a text keeps the mark U+FEFF that it begins with', async () => {
    const world = new DailyWorld('parquet');
    try {
      await world.write(rowsOf(1, 10));
      world.nextDay();
      await world.merge();
      // by DuckDB itself: what it hands over to JavaScript has lost the mark
      const sql = `select hex(objectId) as bytes from '${world.daily}/*.parquet' where objectId like '%begins%'`;
      assert.deepEqual(await duckdb(sql), [
        { bytes: Buffer.from('\ufeffbegins with a mark').toString('hex').toUpperCase() },
      ]);
    } finally {
      world.remove();
    }
  });
});

describe('daily files of QVD', () => {
  it('a day that would take too much memory gets none, at once and for good; the parts are there', async () => {
    const world = new DailyWorld('qvd');
    try {
      await world.write(plainRows(1, 5000));
      await world.write(plainRows(5001, 5000));
      world.nextDay();
      await world.dailyMerge(undefined, 1_000_000).pass(new AbortController().signal);
      assert.deepEqual(world.files(world.daily), []);
      assert.deepEqual(world.merges.waiting, []);
      assert.deepEqual(world.merges.givenUp, [DAY]);
      assert.equal(world.logger.at('error')[0]?.fields.code, 'DAILY_MERGE_TOO_LARGE');
      assert.equal(qvdFiles(world.parts).length, 2);
      await world.merge();
      assert.deepEqual(world.files(world.daily), []);
    } finally {
      world.remove();
    }
  });
});
