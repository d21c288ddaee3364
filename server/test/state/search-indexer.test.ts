import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FLAGS } from '../../src/adapters/state-sqlite/search-tables.ts';
import { SqliteLogFactsReader } from '../../src/adapters/state-sqlite/sqlite-log-facts-reader.ts';
import { SqliteSearchIndex } from '../../src/adapters/state-sqlite/sqlite-search-index.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { LogFactsReader } from '../../src/pipeline/ports/log-facts.ts';
import { SearchIndexer } from '../../src/pipeline/search-indexer.ts';
import { settle } from '../support/fake-clock.ts';
import { envelopeText } from '../support/stored-event.ts';
import { ArrayLog, SAVED } from './array-log.ts';
import { dumpOf, FactsFolder, reached } from './facts-folder.ts';

const TXN = '0346f48f-0abb-4786-b1ce-52f8672f6a1b';

/** As a later viewer would ask: texts instead of numbers. */
const READABLE = `
  SELECT seq, time, received_at, flags, duration_ms,
    (SELECT text FROM texts WHERE id = event_type) AS type, (SELECT text FROM texts WHERE id = user) AS user,
    (SELECT text FROM texts WHERE id = app_name) AS app_name, (SELECT text FROM texts WHERE id = sheet_name) AS sheet_name,
    (SELECT text FROM texts WHERE id = object) AS object, (SELECT hex(text) FROM texts WHERE id = app) AS app,
    (SELECT hex(text) FROM texts WHERE id = sheet) AS sheet, hex(selection_txn) AS txn,
    hex(correlation) AS correlation, hex(event_id) AS event_id
  FROM events ORDER BY seq`;

describe('search indexer', () => {
  let folder: FactsFolder;
  let file: string;
  let isPaused: boolean;
  const ends: (() => Promise<void>)[] = [];
  beforeEach(() => {
    folder = new FactsFolder();
    file = join(folder.path, 'search.sqlite');
    isPaused = false;
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await folder.remove();
  });

  function start(log: ArrayLog, facts: LogFactsReader): { indexer: SearchIndexer; stop(): Promise<void> } {
    const { logger, clock, metrics } = folder;
    const index = new SqliteSearchIndex({ path: file, logId: 'log-1', logger });
    const indexer = new SearchIndexer({ log, facts, index, clock, logger, metrics, paused: () => isPaused });
    const abort = new AbortController();
    const run = indexer.run(abort.signal);
    const stop = async () => {
      abort.abort();
      await run;
      index.close();
    };
    ends.push(stop);
    return { indexer, stop };
  }

  function query(sql: string): Record<string, unknown>[] {
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
    database.close();
    return rows;
  }

  const sequences = () => query('SELECT seq FROM events ORDER BY seq').map((row) => row.seq);

  it('has the columns that people filter by, ids found in any letter case', async () => {
    const log = new ArrayLog().add({ id: 1, text: envelopeText({ selectionTxnId: TXN.toUpperCase() }), at: 5 });
    const { deduplicator } = await folder.follow(log);
    await reached(start(log, deduplicator).indexer, log);
    const hex = (uuid: string) => uuid.replaceAll('-', '').toUpperCase();
    assert.deepEqual(query(READABLE), [
      {
        seq: 1,
        time: Date.parse('2025-12-27T05:46:40.337Z'),
        received_at: 5,
        flags: FLAGS.hasVisible,
        duration_ms: 20000,
        type: 'object.view.duration',
        user: 'UserDirectory=LAB; UserId=anna.öberg',
        app_name: 'Försäljning 数据',
        sheet_name: 'Übersicht',
        object: 'WpLRKj',
        app: hex('7d5f6e2a-1111-4222-8333-444444444444'),
        sheet: hex('a1b2c3d4-e5f6-7890-abcd-ef0123456789'),
        txn: hex(TXN),
        correlation: hex(TXN),
        event_id: hex('a0000000-0000-4000-8000-000000000001'),
      },
    ]);
    assert.deepEqual(query('SELECT selection_txn = correlation AS same FROM events'), [{ same: 1 }]);
  });

  it('holds what no column can hold: no names, a number beyond its range, lone surrogates', async () => {
    const log = new ArrayLog()
      .add({ id: 1, text: '{}', at: 5 }, { id: 2, text: envelopeText({ duration: 1e300, objectId: '\ud800' }) })
      .add({ id: 3, text: envelopeText({ duration: 2 ** 62, objectId: 'x'.repeat(100_000) }) });
    const { deduplicator } = await folder.follow(log);
    await reached(start(log, deduplicator).indexer, log);
    const rows = query(
      'SELECT time, user, object IS NULL AS no_object, CAST(duration_ms AS TEXT) AS duration FROM events',
    );
    assert.deepEqual(
      rows.map((row) => Object.values(row).slice(2)),
      [
        [1, null],
        [0, null],
        [0, String(2n ** 62n)],
      ],
    );
    assert.deepEqual([rows[0]?.time, rows[0]?.user], [5, null]);
  });

  it("rule 13: repeats are left out, conflicts are marked, the log's own records are hidden", async () => {
    const log = new ArrayLog()
      .add(
        { id: 1, text: envelopeText() },
        { id: 1, text: envelopeText() },
        { id: 1, text: envelopeText({ visible: true }) },
      )
      .add(
        { id: 4, origin: 'server', type: 'server.synced' },
        { id: 5, origin: 'server', type: 'server.destination.added' },
      )
      .addDamage(2);
    const { deduplicator } = await folder.follow(log);
    await reached(start(log, deduplicator).indexer, log);
    assert.deepEqual(query('SELECT seq, flags FROM events ORDER BY seq'), [
      { seq: 1, flags: FLAGS.hasVisible },
      { seq: 3, flags: FLAGS.hasVisible | FLAGS.visible | FLAGS.conflict },
      { seq: 4, flags: FLAGS.server | FLAGS.hidden },
      { seq: 5, flags: FLAGS.server },
    ]);
    assert.equal(query('SELECT sum(events) AS n FROM rollups WHERE dim = 0 AND day > 0')[0]?.n, 3);
  });

  it('rule 14: finds the pictures of an event, a late one too', async () => {
    const file1 = { path: '/pictures/1.png', role: 'seen', sha256: 'ab', bytes: 3, width: 1, height: 2 };
    const picture = JSON.stringify({
      payload: { correlationId: TXN, selectionTxnId: TXN, status: 'saved', files: [file1, { path: 7 }] },
    });
    const log = new ArrayLog()
      .add({ id: 1, awaits: true, text: envelopeText() })
      .add({
        id: 2,
        origin: 'server',
        type: 'server.screenshot.failed',
        subject: 1,
        text: '{"payload":{"reason":"gone"}}',
      })
      .add({ id: 3, origin: 'server', type: SAVED, subject: 1, text: picture });
    const { deduplicator } = await folder.follow(log);
    await reached(start(log, deduplicator).indexer, log);
    assert.deepEqual(query('SELECT * FROM pictures ORDER BY seq'), [
      { subject: 1, seq: 2, status: 'failed', reason: 'gone', files: '[]' },
      { subject: 1, seq: 3, status: 'saved', reason: null, files: JSON.stringify([file1]) },
    ]);
    assert.equal(query('SELECT count(DISTINCT selection_txn) AS n FROM events')[0]?.n, 1);
    assert.deepEqual(query('SELECT flags FROM events WHERE seq = 1'), [
      { flags: FLAGS.awaitsPicture | FLAGS.hasVisible },
    ]);
  });

  it('goes no further than the deduplicator, in a thread of its own too', async () => {
    const log = new ArrayLog().add({ id: 1, text: envelopeText() });
    const facts = new SqliteLogFactsReader(folder.file, folder.clock);
    const { indexer } = start(log, facts);
    await folder.clock.advance(1000);
    assert.equal(indexer.position(), 0);
    await folder.follow(log);
    await folder.clock.advance(1000);
    await reached(indexer, log);
    assert.deepEqual(sequences(), [1]);
    facts.close();
  });

  it('rule 8: pauses while the disk is nearly full, then goes on', async () => {
    isPaused = true;
    const log = new ArrayLog().add({ id: 1, text: envelopeText() });
    const { deduplicator } = await folder.follow(log);
    const { indexer } = start(log, deduplicator);
    await settle();
    await folder.clock.advance(5000);
    assert.deepEqual(sequences(), []);
    isPaused = false;
    await folder.clock.advance(1000);
    await reached(indexer, log);
    assert.deepEqual(sequences(), [1]);
  });

  it('rule 12: deleted or started over, the same tables come back, whatever the batches were', async () => {
    const log = new ArrayLog();
    for (let i = 0; i < 30; i++) log.add({ id: i % 25, text: envelopeText({ objectId: `object ${i % 7}` }, i % 25) });
    const { deduplicator } = await folder.follow(log);
    const first = start(log, deduplicator);
    await reached(first.indexer, log);
    log.add({ id: 77, text: envelopeText({ objectId: 'new' }) });
    await reached(first.indexer, log);
    const dump = dumpOf(file);
    first.indexer.startOver('reindex');
    await reached(first.indexer, log);
    assert.deepEqual(dumpOf(file), dump);
    await first.stop();
    rmSync(file);
    await reached(start(log, deduplicator).indexer, log);
    assert.deepEqual(dumpOf(file), dump);
  });

  it('rule 12: a batch that fails leaves nothing, and its texts are numbered again', async () => {
    const index = new SqliteSearchIndex({ path: file, logId: 'log-1', logger: folder.logger });
    const log = new ArrayLog().add({ id: 1, text: envelopeText() });
    const { deduplicator } = await folder.follow(log);
    const entry = (sequenceNumber: number, user: string) => ({
      sequence: sequence(sequenceNumber),
      eventId: user,
      isHidden: false,
      awaitsPicture: false,
      objectType: null,
      visible: null,
      selections: null,
      selectionTexts: [],
      origin: 'client' as const,
      isConflict: false,
      time: deduplicator.position() as never,
      receivedAt: 0 as never,
      eventType: 't',
      userId: user,
      appId: null,
      appName: null,
      sheetId: null,
      sheetName: null,
      objectId: null,
      selectionTxnId: null,
      correlationId: null,
      durationMs: null,
    });
    const twice = { entries: [entry(1, 'anna'), entry(1, 'bert')], pictures: [], position: sequence(1) };
    assert.throws(() => index.record(twice), { code: 'STATE_DATABASE_FAILED' });
    assert.equal(index.position(), 0);
    index.record({ ...twice, entries: [entry(1, 'anna')] });
    assert.deepEqual(query('SELECT text FROM texts, events WHERE texts.id = user'), [{ text: 'anna' }]);
    await index.forgetBefore(sequence(2));
    assert.deepEqual(sequences(), []);
    assert.deepEqual(query("SELECT rowid FROM postings('wanna')"), []);
    index.close();
  });
});
