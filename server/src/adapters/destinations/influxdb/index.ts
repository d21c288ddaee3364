import { CodedError } from '../../../domain/errors.ts';
import type {
  Batch,
  DeliveryOutcome,
  DeliveryPolicy,
  DeliveryRow,
  Destination,
  DestinationContext,
  DestinationFactory,
  RejectedRow,
} from '../../../pipeline/ports/destination.ts';
import { HttpClient, type HttpReply } from '../../shared/influxdb/http-client.ts';
import { encodePoint } from '../../shared/influxdb/line-protocol.ts';
import { brief, type Failure, failureOf, isSuccess, sentenceOf } from '../../shared/influxdb/reply.ts';
import { type Version, versionOf } from '../../shared/influxdb/versions.ts';
import { pointOf } from './encode.ts';
import { type InfluxdbOptions, influxdbOptions } from './options.ts';
import { isSeriesLimit, longestText, type RefusedLine, refusedLines, type SentLine } from './refused-lines.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** InfluxDB 3 takes 10 MB in a request; objects may make an event large. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Texts above this are left out of an event that is too large for a request of its own. */
const LONG_TEXT_BYTES = 64 * 1024;
/** An answer may name one bad line of many; beyond this the worker halves the batch, which is quicker. */
const WRITES_A_BATCH = 10;

/** One point per event; a batch that comes again overwrites its points with themselves. */
export class InfluxdbDestination implements Destination {
  readonly #options: InfluxdbOptions;
  readonly #context: DestinationContext;
  readonly #version: Version;
  readonly #client: HttpClient;
  /** False at start and after everything that went wrong: then it is set up first. */
  #isSetUp = false;
  /** What the server was found to take in a field; longer texts are left out rather than their events. */
  #longestTextBytes = Number.POSITIVE_INFINITY;

  constructor(options: InfluxdbOptions, context: DestinationContext) {
    this.#options = options;
    this.#context = context;
    this.#version = versionOf(options);
    this.#client = new HttpClient({
      setting: options.setting,
      host: options.host,
      port: options.port,
      https: options.https,
      tls: options.tls,
      root: context.root,
      headers: this.#version.headers,
      secrets: this.#version.secrets,
      timeoutMs: requestTimeoutMs(options),
    });
  }

  async check(signal: AbortSignal): Promise<void> {
    const failure = await this.#setUp(signal);
    if (failure !== undefined) throw failure.error;
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<DeliveryOutcome> {
    if (batch.rows.length === 0) return { kind: 'delivered', rejected: [] };
    const outcome = await this.#deliver(batch.rows, signal).catch(outcomeOfThrown);
    if (outcome.kind === 'retry' || outcome.kind === 'stopped') this.#isSetUp = false;
    return outcome;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** Rights to write may be all that we have; then the write finds out whether there is something to write to. */
  async #deliver(rows: readonly DeliveryRow[], signal: AbortSignal): Promise<DeliveryOutcome> {
    const failure = this.#isSetUp ? undefined : await this.#setUp(signal);
    if (failure === undefined) return this.#writeAll(rows, signal);
    if (failure.error.code !== 'INFLUXDB_ACCESS_DENIED') return failure;
    const outcome = await this.#writeAll(rows, signal);
    if (outcome.kind === 'delivered') this.#isSetUp = true;
    return outcome.kind === 'retry' && outcome.error.code === 'INFLUXDB_MISSING'
      ? { kind: 'stopped', error: outcome.error }
      : outcome;
  }

  async #setUp(signal: AbortSignal): Promise<Failure | undefined> {
    const ask = (request: Parameters<HttpClient['request']>[0]) => this.#client.request(request, signal);
    const failure = await this.#version.setUp(ask, this.#context.clock.now());
    this.#isSetUp = failure === undefined;
    // to make something is no event's fault, and halving a batch does not help
    return failure?.kind === 'refused' ? { kind: 'stopped', error: failure.error } : failure;
  }

  /** Lines that the server names go; the others are sent until it has taken all of them. */
  async #writeAll(rows: readonly DeliveryRow[], signal: AbortSignal): Promise<DeliveryOutcome> {
    const rejected: RejectedRow[] = [];
    let left: readonly SentLine[] = rows.map((row) => this.#lineOf(row));
    for (let write = 1; left.length > 0; write++) {
      const text = `${left.map(({ line }) => line).join('\n')}\n`;
      const body = { type: 'text/plain; charset=utf-8', text } as const;
      const reply = await this.#client.request({ method: 'POST', path: this.#version.writePath, body }, signal);
      if (isSuccess(reply)) break;
      if (isSeriesLimit(reply)) return seriesLimit(sentenceOf(reply));
      const failure = failureOf(reply, {
        what: `a write of ${left.length} ${left.length === 1 ? 'event' : 'events'}`,
        nowMs: this.#context.clock.now(),
        setting: this.#options.setting,
      });
      if (isMissing(reply)) return missing(failure);
      if (failure.kind !== 'refused') return failure;
      const shortened = this.#shortened(reply, left);
      if (shortened !== undefined) {
        left = shortened;
        continue;
      }
      const refused = reply.status === 413 ? [] : refusedLines(reply, left);
      if (refused.length === 0 || write >= WRITES_A_BATCH) return failure;
      for (const one of refused) rejected.push(rejectionOf(one));
      const gone = new Set(refused.map(({ line }) => line));
      left = left.filter((line) => !gone.has(line));
    }
    return { kind: 'delivered', rejected };
  }

  /** Without the texts that are too long; undefined when the answer is about something else, or none is. */
  #shortened(reply: HttpReply, left: readonly SentLine[]): readonly SentLine[] | undefined {
    const longest = longestText(reply);
    if (longest !== undefined && longest < this.#longestTextBytes) {
      this.#leaveOutAbove(longest);
      return left.map(({ row }) => this.#lineOf(row));
    }
    const [only] = left;
    if (reply.status !== 413 || only === undefined || left.length > 1) return undefined;
    const shorter = this.#lineOf(only.row, LONG_TEXT_BYTES);
    return shorter.line === only.line ? undefined : [shorter];
  }

  #lineOf(row: DeliveryRow, longestTextBytes = this.#longestTextBytes): SentLine {
    const point = pointOf(row.record, this.#options.point, row.isConflict);
    return { row, point, line: encodePoint(point, longestTextBytes) };
  }

  #leaveOutAbove(longestTextBytes: number): void {
    this.#longestTextBytes = longestTextBytes;
    this.#context.logger.warn(
      { longestTextBytes },
      'InfluxDB takes no longer texts: they are left out, and named in the field leftOut.',
    );
  }
}

/** Version 1 says so with 404 or 500, depending on what is missing. */
function isMissing(reply: HttpReply): boolean {
  return reply.status === 404 || (reply.status >= 500 && /retention policy not found/.test(sentenceOf(reply)));
}

function missing({ error }: Failure): DeliveryOutcome {
  return { kind: 'retry', error: new CodedError('INFLUXDB_MISSING', error.message, error.context) };
}

function seriesLimit(said: string): DeliveryOutcome {
  const advice =
    'Raise the limit in its configuration (0 = none), or set destination.influxdb.tagProfile to low-cardinality.';
  const message = `InfluxDB takes no more series (${brief(said)}). ${advice}`;
  return { kind: 'stopped', error: new CodedError('INFLUXDB_SERIES_LIMIT', message) };
}

function rejectionOf({ line, reason }: RefusedLine): RejectedRow {
  const message = `InfluxDB refused this event: ${brief(reason.replaceAll(line.line, '…'))}`;
  return { position: line.row.position, error: new CodedError('INFLUXDB_REFUSED', message) };
}

function outcomeOfThrown(thrown: unknown): DeliveryOutcome {
  if (!(thrown instanceof CodedError)) throw thrown;
  return { kind: thrown.code === 'TLS_FILES_UNUSABLE' ? 'stopped' : 'retry', error: thrown };
}

function requestTimeoutMs({ server }: InfluxdbOptions): number {
  return server.version === 3 ? server.writeTimeoutMs : REQUEST_TIMEOUT_MS;
}

function policyOf(options: InfluxdbOptions): DeliveryPolicy {
  return {
    maxBatchSize: options.maxBatchSize,
    maxBatchBytes: MAX_BATCH_BYTES,
    writeFrequencyMs: options.writeFrequencyMs,
    attemptTimeoutMs: 2 * requestTimeoutMs(options) + REQUEST_TIMEOUT_MS,
    reservesPart: false,
    flushOnStop: false,
  };
}

export const influxdbDestination: DestinationFactory<InfluxdbOptions> = {
  type: 'influxdb',
  options: influxdbOptions,
  policy: policyOf,
  repeats: 'absorbed',
  create: (options, context) => new InfluxdbDestination(options, context),
};
