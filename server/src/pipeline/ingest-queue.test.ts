import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryAppender } from '../../test/http/memory-appender.ts';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { PrometheusMetrics } from '../../test/support/metrics.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { CodedError, type ErrorCode } from '../domain/errors.ts';
import type { NewLogEntry } from '../domain/log-entry.ts';
import { IngestQueue, type IngestQueueOptions } from './ingest-queue.ts';
import { QueueStatistics } from './queue-statistics.ts';
import type { Refusal } from './refusal.ts';

class QueueOnTrial {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly metrics = new PrometheusMetrics();
  readonly log = new MemoryAppender(this.clock);
  readonly queue: IngestQueue;
  /** In the order in which they were settled. */
  readonly settled: (Refusal | undefined)[] = [];

  constructor(options: Partial<IngestQueueOptions> = {}) {
    const { log, clock, logger, metrics } = this;
    this.queue = new IngestQueue(
      { maxSize: 4, backpressureThreshold: 80, ...options },
      { log, clock, logger, metrics },
    );
  }
  submit(events: number, bytesEach = 10): void {
    const entries = Array.from({ length: events }, () => entry(bytesEach));
    void this.queue.submit(entries, events * bytesEach).then((refusal) => this.settled.push(refusal));
  }
  get accepted(): number {
    return this.settled.filter((refusal) => refusal === undefined).length;
  }
  get refused(): readonly string[] {
    return this.settled.flatMap((refusal) => (refusal === undefined ? [] : [`${refusal.status} ${refusal.reason}`]));
  }
}

function entry(bytes: number): NewLogEntry {
  const clock = new FakeClock();
  return { origin: 'client', id: 'id', type: 't', at: clock.now(), envelope: 'x'.repeat(bytes) };
}

test('an event is acknowledged after its append, not before', async () => {
  const trial = new QueueOnTrial();
  trial.log.hold();
  trial.submit(1);
  await settle();
  assert.equal(trial.settled.length, 0);
  trial.log.release();
  await settle();
  assert.equal(trial.accepted, 1);
});

test('events in the write under way do not wait: maxSize more may', async () => {
  const trial = new QueueOnTrial({ maxSize: 4 });
  trial.log.hold();
  for (let i = 0; i < 5; i++) trial.submit(1);
  await settle();
  assert.equal(trial.queue.snapshot().queueSize, 4);
  assert.equal(trial.queue.snapshot().queueRunning, 1);
});

test('while the disk answers, a full queue makes requests wait, in order, and refuses none', async () => {
  const trial = new QueueOnTrial({ maxSize: 4 });
  trial.log.hold();
  for (let i = 0; i < 20; i++) trial.submit(1);
  await trial.clock.advance(900);
  assert.deepEqual(trial.settled, []);
  trial.log.release();
  await settle(50);
  assert.equal(trial.accepted, 20);
  assert.ok(trial.log.commits.every((events) => events <= 4));
});

test('a stuck disk: newcomers and those who wait already are refused within about a second', async () => {
  const trial = new QueueOnTrial({ maxSize: 4 });
  trial.log.hold();
  for (let i = 0; i < 10; i++) trial.submit(1);
  await trial.clock.advance(999);
  assert.deepEqual(trial.refused, []);
  await trial.clock.advance(101);
  assert.deepEqual(trial.refused, Array(5).fill('503 Event queue is full'));
  trial.submit(1);
  await settle();
  assert.equal(trial.refused.length, 6);
  // what the log was given is settled by the log
  trial.log.release();
  await settle();
  assert.equal(trial.accepted, 5);
  assert.equal(trial.log.stored.length, 5);
});

test('a refusal says when to come again', async () => {
  const trial = new QueueOnTrial({ maxSize: 1 });
  trial.log.hold();
  for (let i = 0; i < 3; i++) trial.submit(1);
  await trial.clock.advance(1100);
  assert.ok((trial.settled[0]?.retryAfterSeconds ?? 0) > 0);
});

test('a request is admitted whole, however many events it has', async () => {
  const trial = new QueueOnTrial({ maxSize: 4 });
  trial.log.hold();
  trial.submit(1);
  trial.submit(500);
  await settle();
  assert.equal(trial.queue.snapshot().queueSize, 500);
  trial.log.release();
  await settle();
  assert.deepEqual(trial.log.commits, [1, 500]);
});

test('bodies that wait are bounded at 64 MiB, but a single larger one is let in', async () => {
  const MIB = 1024 * 1024;
  const trial = new QueueOnTrial({ maxSize: 1000 });
  trial.log.hold();
  trial.submit(1, 100 * MIB);
  await settle();
  for (let i = 0; i < 5; i++) trial.submit(1, 15 * MIB);
  await settle();
  assert.deepEqual(trial.refused, ['503 Event queue is full']);
  trial.log.release();
  await settle();
  assert.equal(trial.accepted, 5);
});

const LOG_ERRORS: readonly (readonly [ErrorCode, string])[] = [
  ['EVENT_LOG_FULL', '503 Event log disk is full'],
  ['EVENT_LOG_WRITE_FAILED', '503 Event log cannot be written'],
  ['EVENT_LOG_CLOSED', '503 Server is stopping'],
];
for (const [code, refusal] of LOG_ERRORS) {
  test(`rule 5: ${code} refuses the events, and the next are tried again`, async () => {
    const trial = new QueueOnTrial();
    trial.log.failWith = new CodedError(code, 'no');
    trial.submit(2);
    await settle();
    assert.deepEqual(trial.refused, [refusal]);
    trial.log.failWith = undefined;
    trial.submit(1);
    await settle();
    assert.equal(trial.accepted, 1);
    assert.equal(trial.queue.snapshot().messagesFailed, 2);
  });
}

test('rule 8: requests that wait are refused as soon as the log refuses', async () => {
  const trial = new QueueOnTrial({ maxSize: 1 });
  trial.log.hold();
  for (let i = 0; i < 4; i++) trial.submit(1);
  trial.log.refusing = 'full';
  await trial.clock.advance(100);
  assert.deepEqual(trial.refused, Array(2).fill('503 Event log disk is full'));
});

test('a defect of the log is not taken for a full queue', async () => {
  const trial = new QueueOnTrial();
  trial.log.failWith = new TypeError('x is not a function');
  await assert.rejects(trial.queue.submit([entry(1)], 1), TypeError);
});

test('close refuses those who wait', async () => {
  const trial = new QueueOnTrial({ maxSize: 1 });
  trial.log.hold();
  for (let i = 0; i < 4; i++) trial.submit(1);
  trial.queue.close();
  await settle();
  assert.deepEqual(trial.refused, Array(2).fill('503 Server is stopping'));
  trial.log.release();
  await settle();
  assert.equal(trial.accepted, 2);
});

test('backpressure: one warning, one reminder a minute, an end below the threshold', async () => {
  const trial = new QueueOnTrial({ maxSize: 10, backpressureThreshold: 80 });
  const warnings = () => trial.logger.at('warn').length;
  trial.log.hold();
  for (let i = 0; i < 9; i++) trial.submit(1);
  assert.equal(warnings(), 0);
  trial.submit(1);
  assert.deepEqual(trial.logger.at('warn')[0]?.fields, {
    waitingEvents: 8,
    maxSize: 10,
    utilizationPct: 80,
    thresholdPct: 80,
  });
  assert.equal(trial.queue.snapshot().backpressureActive, true);
  trial.submit(1);
  await trial.clock.advance(59_000);
  trial.submit(1);
  assert.equal(warnings(), 1);
  await trial.clock.advance(1000);
  trial.submit(1);
  assert.equal(warnings(), 2);
  trial.log.release();
  await settle(20);
  assert.equal(trial.queue.snapshot().backpressureActive, false);
  assert.equal(trial.logger.at('info').length, 1);
  // filled again within the minute: active, but silent
  trial.log.hold();
  for (let i = 0; i < 10; i++) trial.submit(1);
  assert.equal(trial.queue.snapshot().backpressureActive, true);
  assert.equal(warnings(), 2);
  trial.log.release();
  await settle(20);
  assert.equal(trial.logger.at('info').length, 1);
});

test('the rate limit of the queue', async () => {
  const trial = new QueueOnTrial({ maxMessagesPerMinute: 3 });
  assert.equal(trial.queue.admit(2), 2);
  assert.equal(trial.queue.admit(2), 1);
  assert.equal(trial.queue.admit(1), 0);
  assert.deepEqual(trial.queue.rateLimitState(), { limit: 3, remaining: 0, resetSeconds: 60 });
  assert.equal(trial.queue.snapshot().rateLimitCurrent, 3);
  assert.equal(trial.queue.snapshot().messagesDroppedRateLimit, 2);
});

test('statistics of an interval, and counters that only rise', async () => {
  const trial = new QueueOnTrial();
  for (let i = 1; i <= 20; i++) {
    trial.log.hold();
    trial.queue.admit(1);
    trial.submit(1);
    await trial.clock.advance(i);
    trial.log.release();
    await settle();
  }
  const { processingTimeAvgMs, processingTimeMaxMs, processingTimeP95Ms, ...counts } = trial.queue.snapshot();
  assert.deepEqual([processingTimeAvgMs, processingTimeP95Ms, processingTimeMaxMs], [10.5, 19, 20]);
  assert.deepEqual(counts, {
    queueSize: 0,
    queueMaxSize: 4,
    queueRunning: 0,
    utilizationPct: 0,
    backpressureActive: false,
    rateLimitCurrent: 0,
    messagesReceived: 20,
    messagesQueued: 20,
    messagesProcessed: 20,
    messagesFailed: 0,
    messagesDroppedTotal: 0,
    messagesDroppedRateLimit: 0,
    messagesDroppedQueueFull: 0,
    messagesDroppedSize: 0,
  });
  assert.equal(trial.queue.interval().messagesProcessed, 20);
  trial.queue.endInterval();
  const { messagesProcessed, processingTimeMaxMs: maxMs } = trial.queue.interval();
  assert.deepEqual([messagesProcessed, maxMs], [0, 0]);
  assert.equal(trial.queue.snapshot().messagesProcessed, 20, 'since the start');
  assert.equal(trial.metrics.counter('butler_sos_audit_queue_messages_processed_total', '').value(), 20);
});

test('an interval that could not be written goes on, and what comes while one is written belongs to the next', () => {
  const statistics = new QueueStatistics(new PrometheusMetrics());
  const { interval } = statistics;
  const observe = (...durationsMs: readonly number[]) => {
    for (const durationMs of durationsMs) {
      statistics.count('processed', 1);
      statistics.observe(durationMs);
    }
  };
  const told = () => {
    const { messagesProcessed, processingTimeAvgMs, processingTimeP95Ms, processingTimeMaxMs } = interval.mark();
    return [messagesProcessed, processingTimeAvgMs, processingTimeP95Ms, processingTimeMaxMs];
  };
  observe(9, 3);
  assert.deepEqual(told(), [2, 6, 9, 9]);
  observe(30); // meanwhile the write fails
  assert.deepEqual(told(), [3, 14, 30, 30]);
  observe(5, 7); // meanwhile the write succeeds
  interval.endAtMark();
  assert.deepEqual(told(), [2, 6, 7, 7]);
  interval.endAtMark();
  assert.deepEqual(told(), [0, 0, 0, 0]);
  observe(...Array.from({ length: 10_000 }, (_, i) => i));
  assert.deepEqual(told(), [10_000, 4999.5, 9795, 9999], 'the percentile is that of the newest');
});
