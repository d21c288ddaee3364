import type { CodedError } from '../domain/errors.ts';
import { BEFORE_FIRST, type Sequence } from '../domain/sequence.ts';
import type { DestinationStatus } from '../pipeline/delivery-status.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { DestinationStates } from '../pipeline/ports/destination-states.ts';
import type { Gauge, Metrics } from '../pipeline/ports/metrics.ts';

/** A destination as `/api/v1/status` shows it while an operator has not decided where it goes on. */
export type HeldStatus = Omit<DestinationStatus, 'state'> & { readonly state: 'held' };

export interface HeldDestinationsParts {
  readonly known: DestinationStates;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Rule 11: shown and counted, given nothing, and the log is kept for them until an operator has decided. */
export class HeldDestinations {
  readonly #parts: HeldDestinationsParts;
  readonly #held = new Map<string, HeldStatus>();

  constructor(parts: HeldDestinationsParts) {
    this.#parts = parts;
  }

  statuses(): readonly HeldStatus[] {
    return [...this.#held.values()];
  }

  add(name: string, { code, message }: CodedError, head: Sequence): void {
    const { known, clock } = this.#parts;
    const destination = known.get(name);
    const committed = destination?.committed ?? BEFORE_FIRST;
    this.#held.set(name, {
      name,
      state: 'held',
      committed,
      head,
      lagEvents: Math.max(0, head - committed),
      lagSeconds: 0,
      delivered: 0,
      rejected: 0,
      retried: 0,
      lastError: { code, message, at: destination?.held?.at ?? clock.now() },
    });
    this.#gauge(name).set(1);
  }

  /** It goes on. */
  remove(name: string): void {
    if (this.#held.delete(name)) this.#gauge(name).set(0);
  }

  #gauge(destination: string): Gauge {
    const labels = { destination, state: 'held' };
    return this.#parts.metrics.gauge(
      'butler_sos_audit_destination_state',
      'What the destination is doing: 1 for its present state.',
      labels,
    );
  }
}
