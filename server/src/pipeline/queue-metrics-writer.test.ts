import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { PrometheusMetrics } from '../../test/support/metrics.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { CodedError } from '../domain/errors.ts';
import { QueueMetricsWriter } from './queue-metrics-writer.ts';
import { type QueueSnapshot, QueueStatistics } from './queue-statistics.ts';

const EVERY_MS = 20_000;
const STANDING = {
  ...{ queueSize: 0, queueMaxSize: 200, queueRunning: 0, utilizationPct: 0 },
  ...{ backpressureActive: false, rateLimitCurrent: 0 },
};

/** A writer over real statistics, with a sink that can be down or slow. */
class WriterOnTrial {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly statistics = new QueueStatistics(new PrometheusMetrics());
  readonly written: { readonly received: number; readonly second: number }[] = [];
  readonly stop = new AbortController();
  isDown = false;
  isClosed = false;
  /** Awaited in the middle of every write. */
  meanwhile: (signal: AbortSignal) => Promise<void> | void = () => {};
  readonly ended: Promise<void>;
  readonly #startMs = this.clock.now();

  constructor() {
    const { clock, logger, statistics } = this;
    const writer = new QueueMetricsWriter({
      source: {
        interval: async () => ({ ...STANDING, ...statistics.interval.mark() }),
        endInterval: async () => statistics.interval.endAtMark(),
      },
      sink: {
        write: async (figures: QueueSnapshot, at, signal) => {
          await this.meanwhile(signal);
          if (this.isDown) throw new CodedError('INFLUXDB_UNREACHABLE', 'InfluxDB gave no answer.');
          this.written.push({ received: figures.messagesReceived, second: (at - this.#startMs) / 1000 });
        },
        close: async () => {
          this.isClosed = true;
        },
      },
      everyMs: EVERY_MS,
      clock,
      logger,
    });
    this.ended = writer.run(this.stop.signal);
  }
  receive(events: number): void {
    this.statistics.count('received', events);
  }
}

test('one point an interval, with what was counted since the last', async () => {
  const trial = new WriterOnTrial();
  trial.receive(3);
  await trial.clock.advance(EVERY_MS - 1);
  assert.deepEqual(trial.written, []);
  await trial.clock.advance(1);
  trial.receive(4);
  await trial.clock.advance(2 * EVERY_MS);
  assert.deepEqual(trial.written, [
    { received: 3, second: 20 },
    { received: 4, second: 40 },
    { received: 0, second: 60 },
  ]);
});

test('what is counted while a point is written is in the next one', async () => {
  const trial = new WriterOnTrial();
  trial.meanwhile = () => trial.receive(5);
  trial.receive(1);
  await trial.clock.advance(2 * EVERY_MS);
  assert.deepEqual(
    trial.written.map(({ received }) => received),
    [1, 5],
  );
});

test('counts are kept while InfluxDB is down; one warning a minute, and one line when it is back', async () => {
  const trial = new WriterOnTrial();
  trial.isDown = true;
  for (let interval = 0; interval < 7; interval++) {
    trial.receive(10);
    await trial.clock.advance(EVERY_MS);
  }
  const warnings = trial.logger.at('warn').map(({ fields }) => [fields.code, fields.times]);
  assert.deepEqual(warnings, [
    ['INFLUXDB_UNREACHABLE', 1],
    ['INFLUXDB_UNREACHABLE', 3],
    ['INFLUXDB_UNREACHABLE', 3],
  ]);
  trial.isDown = false;
  await trial.clock.advance(EVERY_MS);
  assert.deepEqual(trial.written, [{ received: 70, second: 160 }]);
  assert.deepEqual(
    trial.logger.at('info').map(({ message }) => message),
    ['Queue metrics are written again.'],
  );
});

test('a write that takes longer than an interval leaves out the times it has missed', async () => {
  const trial = new WriterOnTrial();
  trial.meanwhile = (signal) => trial.clock.sleep(2.5 * EVERY_MS, signal);
  await trial.clock.advance(3.5 * EVERY_MS);
  trial.meanwhile = () => {};
  await trial.clock.advance(EVERY_MS);
  assert.deepEqual(
    trial.written.map(({ second }) => second),
    [20, 80],
  );
});

test('at the end the rest is written, and one that hangs holds nothing up', async () => {
  const quick = new WriterOnTrial();
  quick.receive(2);
  quick.stop.abort();
  await quick.ended;
  assert.deepEqual(quick.written, [{ received: 2, second: 0 }]);
  assert.ok(quick.isClosed);

  const hanging = new WriterOnTrial();
  hanging.meanwhile = (signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  hanging.stop.abort();
  await settle();
  assert.ok(!hanging.isClosed);
  await hanging.clock.advance(2000);
  await hanging.ended;
  assert.ok(hanging.isClosed);
  assert.match(warningOf(hanging), /at the stop; those since the last write are lost\./);
  assert.deepEqual(hanging.logger.at('warn')[0]?.fields, { error: 'no answer within 2000 ms' });
});

test('what an outage holds back at the end is lost, and that is told', async () => {
  const before = new WriterOnTrial();
  before.isDown = true;
  before.receive(2);
  before.stop.abort();
  await before.ended;
  assert.match(warningOf(before), /those since the last write are lost/);

  const long = new WriterOnTrial();
  long.isDown = true;
  await long.clock.advance(EVERY_MS);
  long.stop.abort();
  await long.ended;
  assert.match(warningOf(long), /of the next interval\..*those since the last write are lost/s);
});

function warningOf({ logger }: WriterOnTrial): string {
  return logger
    .at('warn')
    .map(({ message }) => message)
    .join('\n');
}
