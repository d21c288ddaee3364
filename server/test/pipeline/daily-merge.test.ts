import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { SqliteStateStore } from '../../src/adapters/state-sqlite/sqlite-state-store.ts';
import { utcDay } from '../../src/domain/epoch-millis.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { DailyMerge } from '../../src/pipeline/daily-merge.ts';
import type { DayMerger } from '../../src/pipeline/ports/day-merger.ts';
import { openStateFolder, type StateFolder } from '../state/state-folder.ts';
import { PrometheusMetrics, renderMetrics } from '../support/metrics.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** 2026-11-23 07:00 to midnight. */
const TO_MIDNIGHT_MS = 17 * 3_600_000;

class FakeMerger implements DayMerger {
  readonly calls: string[] = [];
  failure: CodedError | undefined;
  hangs = false;
  async encode(...[{ day }, , pace]: Parameters<DayMerger['encode']>): ReturnType<DayMerger['encode']> {
    this.calls.push(`encode ${day}`);
    if (this.failure !== undefined) throw this.failure;
    if (this.hangs) await new Promise(() => undefined);
    await pace();
    return { temporaryPath: `${day}.tmp`, path: day, sha256: '' };
  }
  async publish({ path }: Parameters<DayMerger['publish']>[0]): Promise<'published'> {
    this.calls.push(`publish ${path}`);
    return 'published';
  }
  async discard({ path }: Parameters<DayMerger['discard']>[0]): Promise<void> {
    this.calls.push(`discard ${path}`);
  }
  async removeStrays(): Promise<void> {}
}

describe('daily merge', () => {
  let folder: StateFolder;
  let store: SqliteStateStore;
  let merger: FakeMerger;
  let logger: RecordingLogger;
  let metrics: PrometheusMetrics;
  let stop: AbortController;
  let paused = false;
  let seq = 0;
  beforeEach(() => {
    folder = openStateFolder();
    store = folder.open();
    store.cursors.register('parquet', sequence(0));
    merger = new FakeMerger();
    logger = new RecordingLogger();
    metrics = new PrometheusMetrics();
    stop = new AbortController();
    paused = false;
    seq = 0;
  });
  afterEach(() => {
    stop.abort();
    folder.remove();
  });

  function start(): Promise<void> {
    const { clock } = folder;
    const merge = new DailyMerge({
      name: 'parquet',
      merger,
      merges: store.dailyMerges,
      clock,
      logger,
      metrics,
      paused: () => paused,
    });
    return merge.run(stop.signal);
  }
  function write(): void {
    const range = { first: sequence(++seq), last: sequence(seq) };
    const attempt = store.cursors.begin('parquet', range, { day: utcDay(folder.clock.now()) });
    const path = `part${seq}`;
    store.cursors.prepare(attempt, { temporaryPath: `${path}.tmp`, path, sha256: '' });
    store.cursors.commit('parquet', range, [], { delivered: 1 });
  }
  const unwhole = () => new CodedError('DAILY_MERGE_DAY_NOT_WHOLE', 'a part is gone');

  it('makes the file soon after midnight UTC, once', async () => {
    void start();
    write();
    await folder.clock.advance(TO_MIDNIGHT_MS - 1);
    assert.deepEqual(merger.calls, []);
    await folder.clock.advance(MINUTE_MS / 2);
    assert.deepEqual(merger.calls, ['encode 20261123', 'publish 20261123']);
    await folder.clock.advance(60 * MINUTE_MS);
    assert.equal(merger.calls.length, 2);
    const text = await renderMetrics([await metrics.snapshot()]);
    assert.match(text, /butler_sos_audit_daily_files_total\{destination="parquet"\} 1/);
    assert.match(text, /butler_sos_audit_daily_files_waiting\{destination="parquet"\} 0/);
    assert.equal(logger.at('info')[0]?.fields.day, '20261123');
  });

  it('makes up for the days during which no server ran, the oldest first', async () => {
    void start();
    for (let i = 0; i < 3; i++) {
      write();
      folder.clock.stepWallClock(DAY_MS);
    }
    await folder.clock.advance(MINUTE_MS);
    assert.deepEqual(
      merger.calls.filter((call) => call.startsWith('publish')),
      ['publish 20261123', 'publish 20261124', 'publish 20261125'],
    );
  });

  it('a day that fails is tried every ten minutes, told once an hour, and does not hold up the next one', async () => {
    void start();
    write();
    merger.failure = unwhole();
    await folder.clock.advance(TO_MIDNIGHT_MS + MINUTE_MS);
    assert.deepEqual(merger.calls, ['encode 20261123']);
    await folder.clock.advance(180 * MINUTE_MS);
    assert.ok(Math.abs(merger.calls.length - 19) <= 1, `${merger.calls.length} tries`);
    assert.ok(logger.at('warn').length >= 3 && logger.at('warn').length <= 4, `${logger.at('warn').length} warnings`);
    assert.equal(logger.at('warn')[0]?.fields.code, 'DAILY_MERGE_DAY_NOT_WHOLE');
    assert.equal(store.dailyMerges.state('parquet')?.waiting[0]?.lastError?.message, 'a part is gone');
    assert.match(await renderMetrics([await metrics.snapshot()]), /daily_files_waiting\{destination="parquet"\} 1/);
    merger.failure = undefined;
    await folder.clock.advance(11 * MINUTE_MS);
    assert.equal(merger.calls.at(-1), 'publish 20261123');
    assert.equal(logger.at('info').at(-1)?.fields.day, '20261123');
  });

  it('gives up after a week, with an error, and says so in its state', async () => {
    void start();
    write();
    merger.failure = unwhole();
    await folder.clock.advance(TO_MIDNIGHT_MS + 2 * MINUTE_MS);
    folder.clock.stepWallClock(7 * DAY_MS + MINUTE_MS);
    await folder.clock.advance(11 * MINUTE_MS);
    assert.deepEqual(store.dailyMerges.state('parquet')?.givenUp, ['20261123']);
    assert.equal(logger.at('error').length, 1);
    assert.equal(logger.at('error')[0]?.fields.day, '20261123');
  });

  it('rule 8: nothing is begun while exports pause', async () => {
    paused = true;
    void start();
    write();
    await folder.clock.advance(TO_MIDNIGHT_MS + 5 * MINUTE_MS);
    assert.deepEqual(merger.calls, []);
    paused = false;
    await folder.clock.advance(MINUTE_MS);
    assert.deepEqual(merger.calls, ['encode 20261123', 'publish 20261123']);
  });

  it('a stop does not wait for a disk call that hangs', async () => {
    merger.hangs = true;
    const running = start();
    write();
    await folder.clock.advance(TO_MIDNIGHT_MS + 2 * MINUTE_MS);
    assert.deepEqual(merger.calls, ['encode 20261123']);
    stop.abort();
    await running;
  });

  it('what is prepared is published by the next server and not encoded again', async () => {
    store.dailyMerges.remember('parquet', '20261123');
    write();
    store.dailyMerges.closeDaysBefore('parquet', '20261124');
    store.dailyMerges.prepare('parquet', '20261123', { temporaryPath: 't', path: 'prepared before', sha256: '' });
    void start();
    await folder.clock.advance(0);
    assert.deepEqual(merger.calls, ['publish prepared before']);
  });
});
