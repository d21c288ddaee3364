import { utcDay } from '../domain/epoch-millis.ts';
import { CodedError } from '../domain/errors.ts';
import { BEFORE_FIRST, type Sequence, type SequenceRange } from '../domain/sequence.ts';
import { type BatchPart, rejectionsOf, rowsOf } from './batching.ts';
import { halve, REFUSALS_IN_A_ROW } from './bisect-refused-batch.ts';
import { type AttemptResult, answers, attemptDelivery, isOverWithin, unanswered } from './delivery-attempt.ts';
import type { DeliveryHealth } from './delivery-health.ts';
import type { Clock } from './ports/clock.ts';
import type { CursorStore, Rejection } from './ports/cursor-store.ts';
import type { Batch, DeliveryPolicy, DeliveryRow, Destination, RejectedRow } from './ports/destination.ts';
import { isFileDestination, RETRIES_BEFORE_HALVING } from './retry-policy.ts';

/** A destination that hangs is tried again so often before one of its answers is waited for. */
const MAX_UNANSWERED = 3;

/** What is handed over in one attempt. `begun`: before this start. */
export interface DeliveryPart extends BatchPart {
  readonly begun?: true;
}

export interface PartSettlerOptions {
  readonly name: string;
  readonly destination: Destination;
  readonly policy: DeliveryPolicy;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly health: DeliveryHealth;
  /** Dead letters that are dealt with once this range is committed (rule 21). */
  readonly resolvedBy?: (range: SequenceRange) => readonly number[];
}

const CHECK_TIMEOUT_MS = 10_000;

/** Takes one part through `begin`, `deliver` and `commit`, and decides what its outcome means (rules 18-20). */
export class PartSettler {
  /** Everything up to here is delivered or dead-lettered. */
  committed: Sequence = BEFORE_FIRST;
  readonly #options: PartSettlerOptions;
  #refusedInARow = 0;
  /** Deliveries that the destination has not answered, given up or not, oldest first. */
  readonly #unanswered = new Set<Promise<AttemptResult>>();
  #attempt: AbortController | undefined;
  readonly #giveUp = new AbortController();

  constructor(options: PartSettlerOptions) {
    this.#options = options;
  }

  /** One attempt. Resolves with what is still to be delivered, in log order; empty = all of it is settled. */
  async settle(part: DeliveryPart): Promise<readonly DeliveryPart[]> {
    const rows = rowsOf(part);
    // a file may have been prepared for what cannot be read any more
    const isPromised = part.begun === true && this.#options.policy.reservesPart;
    if (rows.length === 0 && !isPromised) {
      this.commit(part.range, rejectionsOf(part));
      return [];
    }
    const { health } = this.#options;
    health.state = 'delivering';
    const result = await this.#deliver(part, rows);
    if (this.#giveUp.signal.aborted && result.kind !== 'delivered') return [part];
    switch (result.kind) {
      case 'delivered':
        return this.#delivered(part, rows, result.rejected);
      case 'refused':
        return this.#refused(part, rows, result.error);
      case 'stopped':
        health.stopped(result.error, part);
        return [part];
      case 'retry':
        health.retrying(result.error, part, result.afterMs);
        return this.#again(part);
      case 'defect':
        health.retrying(health.defect(result.thrown), part);
        return this.#again(part);
    }
  }

  /** Cursor and dead letters in one transaction; a crash before it repeats the part, after it nothing. */
  commit(range: SequenceRange, rejected: readonly Rejection[], delivered = 0): void {
    const { cursors, name, health, resolvedBy } = this.#options;
    const inOrder = [...rejected].sort((a, b) => a.range.first - b.range.first);
    const resolvedDeadLetters = resolvedBy?.(range) ?? [];
    cursors.commit(name, range, inOrder, { delivered, resolvedDeadLetters });
    this.committed = range.last;
    health.numbers.rejected.add(inOrder.length);
  }

  /** The attempt under way, if any, is over at once; the part stays begun. There is no other after it. */
  giveUp(): void {
    this.#giveUp.abort();
  }

  async #deliver(part: DeliveryPart, rows: readonly DeliveryRow[]): Promise<AttemptResult> {
    const { name, destination, policy, cursors, clock } = this.#options;
    const abort = new AbortController();
    this.#attempt = abort;
    // rule 18: a crash from here on repeats this range, in the part of the day on which it was first begun
    let attempt = cursors.begin(name, part.range, policy.reservesPart ? { day: utcDay(clock.now()) } : undefined);
    const unlessGivenUp = () => {
      if (this.#attempt === abort) return;
      throw new CodedError('DELIVERY_ABORTED', `${name} goes on with a delivery that has been given up.`);
    };
    const batch: Batch = {
      range: part.range,
      rows,
      get attempt() {
        return attempt;
      },
      prepare(file) {
        unlessGivenUp();
        attempt = cursors.prepare(attempt, file);
        return attempt;
      },
      reserveNext(atLeast) {
        unlessGivenUp();
        attempt = cursors.reserveNext(attempt, atLeast);
        return attempt;
      },
    };
    const { attemptTimeoutMs: timeoutMs } = policy;
    const giveUp = this.#giveUp.signal;
    // each delivery that hangs may hold threads of the system that the log needs too
    const [longest] = this.#unanswered;
    const tooMany = this.#unanswered.size >= MAX_UNANSWERED;
    if (longest !== undefined && tooMany && !(await isOverWithin(longest, timeoutMs, clock, giveUp))) {
      this.#attempt = undefined;
      return { kind: 'retry', error: unanswered(batch, timeoutMs) };
    }
    const started = (delivery: Promise<AttemptResult>) => {
      this.#unanswered.add(delivery);
      void delivery.then(() => this.#unanswered.delete(delivery));
    };
    const result = await attemptDelivery({ destination, batch, timeoutMs, clock, abort, giveUp, started });
    this.#attempt = undefined;
    return result;
  }

  #delivered(part: DeliveryPart, rows: readonly DeliveryRow[], rejected: readonly RejectedRow[]): DeliveryPart[] {
    const { health, name } = this.#options;
    const errors = new Map(rejected.map((r) => [r.position, r.error]));
    const refused = rows.flatMap((row) => {
      const error = errors.get(row.position);
      return error === undefined ? [] : [rejectionOf(row, error)];
    });
    const [first] = refused;
    const accepted = rows.length - refused.length;
    if (first !== undefined && accepted === 0 && this.#refusedInARow + refused.length > REFUSALS_IN_A_ROW) {
      health.stopped(refusesAll(name, first.error), part);
      return [part];
    }
    this.commit(part.range, [...rejectionsOf(part), ...refused], accepted);
    this.#refusedInARow = accepted > 0 ? 0 : this.#refusedInARow + refused.length;
    if (accepted > 0 || rows.length === 0) health.succeeded(accepted);
    return [];
  }

  /** Rule 20: halved down to the bad event, which becomes a dead letter unless everything is refused. */
  #refused(part: DeliveryPart, rows: readonly DeliveryRow[], error: CodedError): readonly DeliveryPart[] {
    const { health, name } = this.#options;
    const halves = halve(part);
    if (halves !== undefined) return halves;
    if (this.#refusedInARow >= REFUSALS_IN_A_ROW) {
      health.stopped(refusesAll(name, error), part);
      return [part];
    }
    this.commit(part.range, [...rejectionsOf(part), ...rows.map((row) => rejectionOf(row, error))]);
    this.#refusedInARow++;
    return [];
  }

  /** Rule 20: it takes no batch although it is there; perhaps the batch is too large for it. A single event waits on. */
  async #again(part: DeliveryPart): Promise<readonly DeliveryPart[]> {
    const { health, policy } = this.#options;
    if (health.failures % RETRIES_BEFORE_HALVING !== 0 || isFileDestination(policy)) return [part];
    const halves = halve(part);
    if (halves === undefined) return [part];
    const { destination, clock } = this.#options;
    if (!(await answers(destination, CHECK_TIMEOUT_MS, clock, this.#giveUp.signal))) return [part];
    health.failures = 0;
    return halves;
  }
}

function rejectionOf({ position, record }: DeliveryRow, error: CodedError): Rejection {
  return {
    range: { first: position, last: position },
    ...(record.eventId === null ? {} : { eventId: record.eventId }),
    ...(record.eventType === null ? {} : { eventType: record.eventType }),
    ...(record.rawEnvelope === null ? {} : { envelope: record.rawEnvelope }),
    error,
  };
}

function refusesAll(name: string, cause: CodedError): CodedError {
  return new CodedError(
    'DESTINATION_REFUSES_ALL',
    `${name} refuses one event after the other, lastly with: ${cause.message}`,
    { destination: name, cause: cause.code },
    cause,
  );
}
