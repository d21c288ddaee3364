import { CodedError, messageOf } from '../domain/errors.ts';
import { CountedWarnings } from './counted-warnings.ts';
import type { Clock } from './ports/clock.ts';
import type { Fields, Logger } from './ports/logger.ts';
import type { QueueMetricsSink, QueueMetricsSource } from './ports/queue-metrics.ts';

export interface QueueMetricsWriterParts {
  readonly source: QueueMetricsSource;
  readonly sink: QueueMetricsSink;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** With a look-up before it, over TLS, on a machine that is busy with the same stop. */
const LAST_WRITE_MS = 2000;

/**
 * Writes the figures of the queue once an interval. One that could not be written goes on, so that its counts are in the
 * next point; a write whose answer got lost is thus counted twice. A crash loses the figures since the last write.
 */
export class QueueMetricsWriter {
  readonly #parts: QueueMetricsWriterParts;
  readonly #warnings: CountedWarnings;
  #isFailing = false;

  constructor(parts: QueueMetricsWriterParts) {
    this.#parts = parts;
    this.#warnings = new CountedWarnings(parts.clock);
  }

  /**
   * Until the signal aborts; then the rest of the last interval is written, if that is quick, and its loss told if not.
   * Never throws.
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#writeUntil(signal);
    if (this.#isFailing) this.#lost({});
    else await this.#writeLast();
    await this.#parts.sink.close();
  }

  async #writeLast(): Promise<void> {
    const late = new AbortController();
    const done = new AbortController();
    void this.#parts.clock.sleep(LAST_WRITE_MS, done.signal).then(() => late.abort());
    try {
      await this.#attempt(late.signal);
    } catch (thrown) {
      const error = late.signal.aborted ? `no answer within ${LAST_WRITE_MS} ms` : messageOf(thrown);
      this.#lost({ error });
    }
    done.abort();
  }

  #lost(fields: Fields): void {
    this.#parts.logger.warn(
      fields,
      'Queue metrics could not be written at the stop; those since the last write are lost.',
    );
  }

  async #writeUntil(signal: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#parts;
    for (let dueMs = clock.monotonicMs() + everyMs; ; dueMs = nextAfter(clock.monotonicMs(), dueMs, everyMs)) {
      await clock.sleep(dueMs - clock.monotonicMs(), signal);
      if (signal.aborted) return;
      await this.#write(signal);
    }
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    const { source, sink, clock } = this.#parts;
    const figures = await source.interval();
    if (figures === undefined) return;
    await sink.write(figures, clock.now(), signal);
    await source.endInterval();
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts;
    try {
      await this.#attempt(signal);
    } catch (thrown) {
      if (signal.aborted) return;
      this.#isFailing = true;
      const code = thrown instanceof CodedError ? thrown.code : 'DEFECT';
      this.#warnings.add('', (times) =>
        logger.warn(
          { code, error: messageOf(thrown), times },
          'Queue metrics could not be written; they are written with those of the next interval.',
        ),
      );
      return;
    }
    if (!this.#isFailing) return;
    this.#isFailing = false;
    logger.info({}, 'Queue metrics are written again.');
  }
}

/** The next due time in step with the others; those that a slow write has missed are left out. */
function nextAfter(nowMs: number, dueMs: number, everyMs: number): number {
  return dueMs + Math.max(1, Math.ceil((nowMs - dueMs) / everyMs)) * everyMs;
}
