import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { QueueMetricsSink } from '../../pipeline/ports/queue-metrics.ts';
import type { QueueSnapshot } from '../../pipeline/queue-statistics.ts';
import type { InfluxdbConnection } from '../shared/influxdb/connection.ts';
import { HttpClient, type HttpRequest } from '../shared/influxdb/http-client.ts';
import { encodePoint } from '../shared/influxdb/line-protocol.ts';
import { failureOf, isSuccess } from '../shared/influxdb/reply.ts';
import { type Version, versionOf } from '../shared/influxdb/versions.ts';
import { type QueuePointOptions, queuePoint } from './queue-point.ts';

const REQUEST_TIMEOUT_MS = 10_000;

/** The queue's figures as points in InfluxDB, any version. */
export class InfluxdbQueueMetrics implements QueueMetricsSink {
  readonly #connection: InfluxdbConnection;
  readonly #point: QueuePointOptions;
  readonly #clock: Clock;
  readonly #version: Version;
  readonly #client: HttpClient;
  /** False at start and after everything that went wrong: then database or bucket are looked for first. */
  #isSetUp = false;

  constructor(connection: InfluxdbConnection, point: QueuePointOptions, context: { root: string; clock: Clock }) {
    this.#connection = connection;
    this.#point = point;
    this.#clock = context.clock;
    this.#version = versionOf(connection);
    const { headers, secrets } = this.#version;
    this.#client = new HttpClient({
      ...connection,
      root: context.root,
      headers,
      secrets,
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  async write(figures: QueueSnapshot, at: EpochMillis, signal: AbortSignal): Promise<void> {
    if (!this.#isSetUp) await this.#setUp(signal);
    this.#isSetUp = false;
    const text = `${encodePoint(queuePoint(figures, at, this.#point))}\n`;
    const body = { type: 'text/plain; charset=utf-8', text } as const;
    const reply = await this.#client.request({ method: 'POST', path: this.#version.writePath, body }, signal);
    if (!isSuccess(reply)) {
      const { setting } = this.#connection;
      throw failureOf(reply, { what: 'a write of queue metrics', nowMs: this.#clock.now(), setting }).error;
    }
    this.#isSetUp = true;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #setUp(signal: AbortSignal): Promise<void> {
    const ask = (request: HttpRequest) => this.#client.request(request, signal);
    const failure = await this.#version.setUp(ask, this.#clock.now());
    // rights to write may be all that we have: then the write finds out
    if (failure !== undefined && failure.error.code !== 'INFLUXDB_ACCESS_DENIED') throw failure.error;
  }
}
