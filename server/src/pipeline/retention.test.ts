import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { FakeMetrics, START } from '../../test/pipeline/delivery-world.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { epochMillis } from '../domain/epoch-millis.ts';
import { type SequenceRange, sequence } from '../domain/sequence.ts';
import type { SegmentFile, SegmentStore } from './ports/segment-store.ts';
import { type LogFollower, Retention, type RetentionOptions } from './retention.ts';

const DAY_MS = 86_400_000;

class FakeSegments implements SegmentStore {
  files: SegmentFile[] = [];
  ids: SegmentFile[] = [];
  async segments(): Promise<readonly SegmentFile[]> {
    return [...this.files];
  }
  async idFiles(): Promise<readonly SegmentFile[]> {
    return [...this.ids];
  }
  async deleteSegment(first: number): Promise<void> {
    const gone = this.files.find((file) => file.first === first);
    this.files = this.files.filter((file) => file !== gone);
    if (gone !== undefined) this.ids.push(gone);
  }
  async deleteIds(first: number): Promise<void> {
    this.ids = this.ids.filter((file) => file.first !== first);
  }
}

describe('Retention', () => {
  let segments: FakeSegments;
  let clock: FakeClock;
  let logger: RecordingLogger;
  let metrics: FakeMetrics;
  let followers: LogFollower[];
  let awaiting: (range: SequenceRange, cursor: number) => boolean;
  let deleted: string[];
  let freeBytes: number;
  beforeEach(() => {
    segments = new FakeSegments();
    clock = new FakeClock(START);
    logger = new RecordingLogger();
    metrics = new FakeMetrics();
    followers = [follower('deduplicator', 500, false), follower('parquet', 500)];
    awaiting = () => false;
    deleted = [];
    freeBytes = 1_000_000;
    // 1-100 five days old, 101-200 four days, ..., 401- one day old
    segments.files = [5, 4, 3, 2, 1].map((days, i) => ({
      first: sequence(i * 100 + 1),
      newestAt: epochMillis(START - days * DAY_MS),
      bytes: 1000,
    }));
  });

  function follower(name: string, position: number, isDestination = true): LogFollower {
    return { name, position: sequence(position), isDestination };
  }
  function retention(options: Partial<RetentionOptions> = {}): Retention {
    return new Retention({
      segments,
      facts: { holdsAwaiting: (range, cursor) => awaiting(range, cursor) },
      followers: () => followers,
      head: () => sequence(500),
      retentionMs: 2.5 * DAY_MS,
      idRetentionMs: undefined,
      disk: { freeBytes: async () => freeBytes },
      minFreeBytes: 100_000,
      onSegmentsDeleted: (first) => {
        deleted.push(`log from ${first}`);
      },
      onIdsDeleted: (before) => {
        deleted.push(`ids from ${before}`);
      },
      clock,
      logger,
      metrics,
      ...options,
    });
  }
  const left = () => segments.files.map((file) => file.first as number);

  it('rule 17: deletes what is old enough and passed by everybody, and tells the tables', async () => {
    await retention().pass();
    assert.deepEqual(left(), [301, 401]);
    assert.deepEqual(deleted, ['log from 301']);
  });

  it('keeps everything for ever when no time is set', async () => {
    await retention({ retentionMs: undefined }).pass();
    assert.equal(left().length, 5);
  });

  it('never deletes the segment that is being written', async () => {
    await retention({ retentionMs: 0 }).pass();
    assert.deepEqual(left(), [401]);
  });

  it('rule 5: nor the one before, until an event behind it is on disk', async () => {
    await retention({ retentionMs: 0, head: () => sequence(400) }).pass();
    assert.deepEqual(left(), [301, 401]);
    await retention({ retentionMs: 0, head: () => sequence(401) }).pass();
    assert.deepEqual(left(), [401]);
  });

  it('rule 17: a segment waits for the slowest follower, tables included', async () => {
    followers = [follower('search', 199, false), follower('parquet', 500)];
    await retention().pass();
    assert.deepEqual(left(), [101, 201, 301, 401]);
  });

  it('rule 17: an awaiting event whose outcome is missing or beyond a cursor holds its segment, and those after it', async () => {
    followers.push(follower('influxdb', 350));
    const asked: number[] = [];
    awaiting = ({ first }, cursor) => {
      asked.push(cursor);
      return first === 101;
    };
    await retention().pass();
    assert.deepEqual(left(), [101, 201, 301, 401]);
    assert.deepEqual(asked, [350, 350]);
  });

  it('without destinations only a missing outcome holds', async () => {
    followers = [];
    awaiting = (_range, cursor) => cursor < 1_000_000;
    await retention().pass();
    assert.deepEqual(left(), [301, 401]);
  });

  it('a segment that nobody can date is kept', async () => {
    const [first, ...rest] = segments.files;
    assert.ok(first);
    segments.files = [{ first: first.first, bytes: 10 }, ...rest];
    await retention().pass();
    assert.equal(left().length, 5);
  });

  it('rule 12: ids go after a time of their own', async () => {
    const r = retention({ idRetentionMs: 3.5 * DAY_MS });
    await r.pass();
    assert.deepEqual(
      segments.ids.map((file) => file.first as number),
      [201],
    );
    assert.deepEqual(deleted, ['log from 301', 'ids from 201']);
  });

  it('a dead destination: warns with name, bytes held and when the disk will be full, once an hour', async () => {
    followers.push(follower('influxdb', 50));
    const r = retention();
    const stop = new AbortController();
    const running = r.run(stop.signal);
    await clock.advance(0);
    for (let minute = 1; minute < 90; minute++) {
      segments.files = segments.files.map((file, i) => (i === 4 ? { ...file, bytes: file.bytes + 100 } : file));
      await clock.advance(60_000);
    }
    const warnings = logger.at('warn');
    assert.equal(warnings.length, 2);
    assert.equal(warnings[0]?.fields.destination, 'influxdb');
    assert.equal(warnings[0]?.fields.heldBytes, 3000);
    // 100 bytes a minute into 900,000: 9000 minutes
    const full = Date.parse(String(warnings[1]?.fields.diskFullAt));
    assert.ok(Math.abs(full - clock.now() - 9000 * 60_000) < 3_600_000);
    assert.equal(r.report?.heldBytes.get('influxdb'), 3000);
    assert.equal(r.report?.heldBytes.get('parquet'), 0);
    assert.equal(metrics.cells.get('butler_sos_audit_destination_held_bytes{"destination":"influxdb"}')?.value(), 3000);
    stop.abort();
    await running;
  });

  it('rule 17: at the start nobody is blamed before he has told where he is', async () => {
    const indexer = follower('search-index', 0);
    followers.push(indexer);
    const stop = new AbortController();
    const r = retention();
    const running = r.run(stop.signal);
    await clock.advance(3000);
    assert.ok((r.report?.logBytes ?? 0) > 0);
    followers.pop();
    followers.push({ ...indexer, position: sequence(400) });
    await clock.advance(3000);
    assert.deepEqual(left(), [301, 401]);
    assert.deepEqual(logger.at('warn'), []);
    stop.abort();
    await running;
  });

  it('rule 8: knows within seconds when the disk is low, and when it is not any more', async () => {
    const r = retention();
    const stop = new AbortController();
    const running = r.run(stop.signal);
    await clock.advance(0);
    assert.equal(r.isDiskLow, false);
    freeBytes = 99_999;
    await clock.advance(2000);
    assert.equal(r.isDiskLow, true);
    freeBytes = 100_000;
    await clock.advance(2000);
    assert.equal(r.isDiskLow, false);
    stop.abort();
    await running;
  });

  it('a failure is told once a minute and tried again', async () => {
    let failures = 4;
    const { segments: list } = segments;
    segments.segments = () => (failures-- > 0 ? Promise.reject(new Error('EIO')) : list.call(segments));
    const stop = new AbortController();
    const running = retention().run(stop.signal);
    await clock.advance(240_000);
    stop.abort();
    await running;
    assert.deepEqual(left(), [301, 401]);
    assert.equal(logger.at('warn').length, 3);
  });
});
