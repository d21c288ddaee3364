import type { EpochMillis } from '../domain/epoch-millis.ts';
import type { CodedError } from '../domain/errors.ts';
import type { Sequence } from '../domain/sequence.ts';
import type { Counter, Gauge, Metrics } from './ports/metrics.ts';

/** `idle`: has everything. `waiting`: a batch fills, or exports pause. `stopped`: an operator must act. */
export type DeliveryState = 'idle' | 'waiting' | 'delivering' | 'retrying' | 'stopped';

const STATES: readonly DeliveryState[] = ['idle', 'waiting', 'delivering', 'retrying', 'stopped'];

/** One destination as an operator sees it; counts are since the start of the server. Plain data. */
export interface DestinationStatus {
  readonly name: string;
  readonly state: DeliveryState;
  /** Everything up to here is delivered or dead-lettered. */
  readonly committed: Sequence;
  /** The highest durable position of the log, or the fixed end of a replay. */
  readonly head: Sequence;
  /** Positions between what is settled and the head. */
  readonly lagEvents: number;
  /** Age of the oldest event that is known to wait; 0 when none does. */
  readonly lagSeconds: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly retried: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: EpochMillis };
  readonly lastSuccessAt?: EpochMillis;
}

/** What a worker counts, kept in the metrics: the same numbers for operators and for scrapers. */
export class DeliveryNumbers {
  readonly delivered: Counter;
  readonly rejected: Counter;
  readonly retried: Counter;
  lastError: DestinationStatus['lastError'];
  lastSuccessAt: EpochMillis | undefined;
  readonly #lagEvents: Gauge;
  readonly #lagSeconds: Gauge;
  readonly #lastSuccess: Gauge;
  readonly #lastErrorOf: (code: string) => Gauge;
  readonly #states: readonly (readonly [DeliveryState, Gauge])[];

  constructor(metrics: Metrics, destination: string) {
    const labels = { destination };
    const name = (end: string) => `butler_sos_audit_destination_${end}`;
    this.delivered = metrics.counter(name('delivered_total'), 'Events that the destination has taken.', labels);
    this.rejected = metrics.counter(name('rejected_total'), 'Dead letters written for the destination.', labels);
    this.retried = metrics.counter(name('retries_total'), 'Deliveries that must be tried again.', labels);
    this.#lagEvents = metrics.gauge(name('lag_events'), 'Log positions not yet settled.', labels);
    this.#lagSeconds = metrics.gauge(name('lag_seconds'), 'Age of the oldest event that waits.', labels);
    this.#lastSuccess = metrics.gauge(
      name('last_success_timestamp_seconds'),
      'When the destination last took events.',
      labels,
    );
    this.#lastErrorOf = (code) =>
      metrics.gauge(name('last_error_timestamp_seconds'), 'When a delivery last failed with this code.', {
        ...labels,
        code,
      });
    this.#states = STATES.map((state) => [
      state,
      metrics.gauge(name('state'), 'What the destination is doing: 1 for its present state.', { ...labels, state }),
    ]);
  }

  succeeded(at: EpochMillis, events: number): void {
    this.delivered.add(events);
    this.lastSuccessAt = at;
    this.#lastSuccess.set(at / 1000);
  }

  failed(at: EpochMillis, error: CodedError): void {
    this.lastError = { code: error.code, message: error.message, at };
    this.#lastErrorOf(error.code).set(at / 1000);
  }

  publish(status: DestinationStatus): void {
    this.#lagEvents.set(status.lagEvents);
    this.#lagSeconds.set(status.lagSeconds);
    for (const [state, gauge] of this.#states) gauge.set(state === status.state ? 1 : 0);
  }
}
