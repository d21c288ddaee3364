import type { Compatibility } from '../domain/compatibility.ts';
import { type Envelope, envelopeErrors } from '../domain/envelope.ts';
import type { EpochMillis } from '../domain/epoch-millis.ts';
import { contentFault } from '../domain/event-content.ts';
import { comparableEventId } from '../domain/event-id.ts';
import { oneLineJson } from '../domain/json-text.ts';
import type { NewLogEntry } from '../domain/log-entry.ts';
import type { SchemaError } from '../domain/schema-error.ts';
import { CountedWarnings } from './counted-warnings.ts';
import {
  EMPTY_BODY,
  guessElements,
  type JsonBody,
  NOT_JSON,
  parseJson,
  readJson,
  splitJsonBatch,
  type UnreadableBody,
} from './event-body.ts';
import type { IngestQueue } from './ingest-queue.ts';
import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type { Counter, Metrics } from './ports/metrics.ts';
import type { RefusedStore } from './ports/refused-store.ts';
import { QUEUE_FULL, type Refusal, rateLimited } from './refusal.ts';

export interface IngestOptions {
  /** A `screenshot.url.received` is delivered at the position of its outcome (rule 2). Default false. */
  readonly screenshotsEnabled?: boolean;
}

export interface IngestParts {
  readonly queue: IngestQueue;
  readonly compatibility: Compatibility;
  readonly refused: RefusedStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Who sent it. */
export interface Sender {
  readonly ip: string;
  /** From the request's header; the envelope's own is the second choice. */
  readonly auditQsVersion: string | undefined;
  /** Stored with the event. */
  readonly receivedAt: EpochMillis;
}

export interface BatchRequest {
  readonly body: Buffer;
  readonly format: 'array' | 'lines';
  readonly sender: Sender;
  /** How many of `count` events the sender's own rate limit lets through, and what the others are told. */
  readonly admit: (count: number) => { readonly granted: number; readonly beyond: Refusal | undefined };
}

/** What entries came in. */
type Source = Pick<BatchRequest, 'body' | 'sender'>;

export interface EventVerdict {
  /** As sent; undefined when it cannot be told. */
  readonly eventId: string | undefined;
  /** Undefined: durable. */
  readonly refusal: Refusal | undefined;
}

export type BatchOutcome =
  | { readonly kind: 'verdicts'; readonly verdicts: readonly EventVerdict[] } // one per event, in order
  | { readonly kind: 'refused'; readonly refusal: Refusal }; // the request as a whole; nothing was stored

/** Refused because of what it says; kept in the refused store. */
interface InvalidEvent extends Refusal {
  readonly status: 400 | 422;
}

/** What the checks say of one event. */
type Judgement =
  | { readonly eventId: string; readonly entry: NewLogEntry }
  | {
      readonly eventId: string | undefined;
      readonly entry?: undefined;
      readonly fault: InvalidEvent;
      readonly body: Buffer;
    };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Larger batches are refused: the answer has a verdict per event, and all of them wait for one commit. */
export const MAX_BATCH_EVENTS = 10_000;

/**
 * Validate, append, acknowledge. The order of the checks is part of the API: JSON, envelope, version, content, queue rate
 * limit, queue, log. Nothing is acknowledged before the log says that it is durable.
 */
export class Ingest {
  readonly compatibility: Compatibility;
  readonly #options: IngestOptions;
  readonly #parts: IngestParts;
  readonly #queue: IngestQueue;
  readonly #refusals: CountedWarnings;
  readonly #missingVersions: CountedWarnings;
  readonly #incompatibleVersions: CountedWarnings;
  readonly #accepted: Counter;
  readonly #invalid: Counter;

  constructor(options: IngestOptions, parts: IngestParts) {
    this.compatibility = parts.compatibility;
    this.#options = options;
    this.#parts = parts;
    this.#queue = parts.queue;
    this.#refusals = new CountedWarnings(parts.clock);
    this.#missingVersions = new CountedWarnings(parts.clock);
    this.#incompatibleVersions = new CountedWarnings(parts.clock);
    this.#accepted = parts.metrics.counter('butler_sos_audit_events_accepted_total', 'Events acknowledged.');
    this.#invalid = parts.metrics.counter(
      'butler_sos_audit_events_invalid_total',
      'Events refused because of their contents.',
    );
  }

  /** @returns undefined once the event is durable */
  accept(body: Buffer, sender: Sender): Promise<Refusal | undefined> {
    const entry = this.#admitOrRefuse(this.#judge(readJson(body), body, sender), sender);
    if ('status' in entry) return Promise.resolve(entry);
    if (this.#queue.admit(1) === 0) return Promise.resolve(this.#queueRateLimit());
    return this.#store([entry], { body, sender });
  }

  async acceptBatch({ body, format, sender, admit }: BatchRequest): Promise<BatchOutcome> {
    const judgements = this.#judgeBatch(body, format, sender);
    if ('status' in judgements) return { kind: 'refused', refusal: judgements };
    const { granted, beyond } = admit(judgements.length);
    const verdicts: EventVerdict[] = judgements.map(({ eventId }, i) => ({
      eventId,
      refusal: i < granted ? undefined : beyond,
    }));
    await this.#acceptAll(judgements.slice(0, granted), verdicts, { body, sender });
    return { kind: 'verdicts', verdicts };
  }

  /** A request was refused because its body is too large. */
  countOversize(): void {
    this.#queue.statistics.count('size', 1);
  }

  /** To be called now and then: a burst is counted in the log also where nothing follows it. */
  sayDueWarnings(): void {
    for (const warnings of [this.#refusals, this.#missingVersions, this.#incompatibleVersions]) warnings.sayDue();
  }

  /** Says what has been counted and not yet said. */
  close(): void {
    this.#refusals.flush();
    this.#missingVersions.flush();
    this.#incompatibleVersions.flush();
  }

  #judgeBatch(body: Buffer, format: 'array' | 'lines', sender: Sender): readonly Judgement[] | Refusal {
    const guess = format === 'array' ? guessElements(body) : undefined;
    if (guess !== undefined && guess.length <= MAX_BATCH_EVENTS) {
      const judgements = this.#judgeElements(guess, format, sender);
      if (!('error' in judgements)) return judgements;
    }
    const elements = splitJsonBatch(body, format);
    if ('kind' in elements) return this.#refuse(schemaFault([elements.error]), body, sender);
    if (elements.length > MAX_BATCH_EVENTS) return tooManyEvents(elements.length);
    const judgements = this.#judgeElements(elements, format, sender);
    return 'error' in judgements ? this.#refuse(schemaFault([judgements.error]), body, sender) : judgements;
  }

  /** An array is read whole or not at all; a line that cannot be read stands among the others. */
  #judgeElements(
    elements: readonly Buffer[],
    format: 'array' | 'lines',
    sender: Sender,
  ): readonly Judgement[] | UnreadableBody {
    const judgements: Judgement[] = [];
    for (const element of elements) {
      const read = parseJson(element);
      if (read.kind === 'unreadable' && format === 'array') return read === EMPTY_BODY ? NOT_JSON : read;
      judgements.push(this.#judge(read, element, sender));
    }
    return judgements;
  }

  /** Their verdicts are filled in. What passed the checks goes into one commit. */
  async #acceptAll(judgements: readonly Judgement[], verdicts: EventVerdict[], request: Source): Promise<void> {
    const entries: NewLogEntry[] = [];
    const places: number[] = [];
    const settle = (place: number, refusal: Refusal) => {
      verdicts[place] = { eventId: verdicts[place]?.eventId, refusal };
    };
    for (const [place, judgement] of judgements.entries()) {
      const entry = this.#admitOrRefuse(judgement, request.sender);
      if ('status' in entry) {
        settle(place, entry);
      } else {
        entries.push(entry);
        places.push(place);
      }
    }
    if (entries.length === 0) return;
    const admitted = this.#queue.admit(entries.length);
    for (const place of places.slice(admitted)) settle(place, this.#queueRateLimit());
    if (admitted === 0) return;
    const refusal = await this.#store(admitted === entries.length ? entries : entries.slice(0, admitted), request);
    if (refusal !== undefined) for (const place of places.slice(0, admitted)) settle(place, refusal);
  }

  /** From the envelope's shape to its content. Changes nothing: nobody has been told yet. */
  #judge(read: JsonBody | UnreadableBody, body: Buffer, sender: Sender): Judgement {
    if (read.kind === 'unreadable') return { eventId: undefined, fault: schemaFault([read.error]), body };
    const errors = envelopeErrors(read.value);
    if (errors.length > 0) return { eventId: eventIdOf(read.value), fault: schemaFault(errors), body };
    const envelope = read.value as Envelope;
    const { eventId } = envelope;
    const version = sender.auditQsVersion ?? versionOf(envelope);
    if (version !== undefined && !this.compatibility.isCompatible(version) && this.compatibility.rejects) {
      return { eventId, fault: this.#incompatible(version), body };
    }
    const content = contentFault(envelope);
    if (content !== undefined) {
      const { reason, errors } = content;
      return { eventId, fault: { status: 422, outcome: 'dropped', reason, details: { errors } }, body };
    }
    return { eventId, entry: this.#entry(envelope, oneLineJson(read.bytes), version, sender) };
  }

  /** The entry to store, or what its sender is told; what is refused is kept, and warned of. */
  #admitOrRefuse(judgement: Judgement, sender: Sender): NewLogEntry | Refusal {
    if (judgement.entry === undefined) return this.#refuse(judgement.fault, judgement.body, sender);
    return judgement.entry;
  }

  #entry({ eventId, type }: Envelope, bytes: Buffer, version: string | undefined, sender: Sender): NewLogEntry {
    const awaits = this.#options.screenshotsEnabled === true && type === 'screenshot.url.received';
    const entry: Mutable<NewLogEntry> = {
      origin: 'client',
      id: comparableEventId(eventId),
      type,
      at: sender.receivedAt,
      envelope: bytes,
      ip: sender.ip,
    };
    if (version !== undefined) entry.auditQsVersion = version;
    if (awaits) entry.awaits = 'screenshot';
    return entry;
  }

  /**
   * Envelopes are parts of the body that they came in. Where they are a small one, they are copied out of it: what waits
   * for the log is bounded by their bytes, and must not hold on to more.
   */
  async #store(entries: readonly NewLogEntry[], { body, sender }: Source): Promise<Refusal | undefined> {
    let bytes = 0;
    for (const { envelope } of entries) bytes += envelope.length;
    const isSmallPart = body.buffer.byteLength > 2 * bytes + SMALL_BYTES;
    const refusal = await this.#queue.submit(isSmallPart ? entries.map(withOwnEnvelope) : entries, bytes);
    if (refusal !== undefined) return refusal;
    this.#accepted.add(entries.length);
    this.#tellOfVersions(entries, sender);
    return undefined;
  }

  #queueRateLimit(): Refusal {
    this.#refusals.add('queue rate limit', (count) =>
      this.#parts.logger.warn({ count }, 'events were refused: more came than queue.rateLimit.maxMessagesPerMinute'),
    );
    const state = this.#queue.rateLimitState();
    return state === undefined ? QUEUE_FULL : rateLimited(state);
  }

  #incompatible(auditQsVersion: string): InvalidEvent {
    const { butlerSosVersion } = this.compatibility;
    return {
      status: 422,
      outcome: 'dropped',
      reason: INCOMPATIBLE,
      details: { butlerSosVersion, auditQsVersion, compatible: false },
    };
  }

  /** Keeps what is refused because of its contents, and warns of it. */
  #refuse(refusal: InvalidEvent, body: Buffer, { ip, receivedAt: at }: Sender): Refusal {
    const { status, reason, details } = refusal;
    this.#invalid.add();
    this.#parts.refused.add({ at, ip, status, reason, body, ...(details === undefined ? {} : { details }) });
    this.#refusals.add(`${reason}\n${ip}`, (count) => {
      this.#parts.logger.warn(
        { ip, status, reason, details, count },
        reason === INCOMPATIBLE
          ? 'dropped audit events from an incompatible Audit.qs version; upgrade it or this server; they are kept, see "refused list"'
          : 'refused audit events because of their contents; they are kept, see "refused list"',
      );
    });
    return refusal;
  }

  /** Of events that are in the log. */
  #tellOfVersions(entries: readonly NewLogEntry[], { ip }: Sender): void {
    const { butlerSosVersion, rejects } = this.compatibility;
    const { logger } = this.#parts;
    for (const { id: eventId, type, auditQsVersion } of entries) {
      if (auditQsVersion === undefined) {
        logger.debug({ ip, eventId, type, butlerSosVersion }, 'audit event without version info');
        this.#missingVersions.add(ip, (missingVersionCount) =>
          logger.warn(
            { ip, missingVersionCount, butlerSosVersion },
            'audit events without version info were accepted; upgrade Audit.qs to a version that sends X-Audit-QS-Version',
          ),
        );
      } else if (!rejects && !this.compatibility.isCompatible(auditQsVersion)) {
        const version = auditQsVersion.slice(0, LOGGED_CHARACTERS);
        this.#incompatibleVersions.add(version, (count) =>
          logger.warn(
            { auditQsVersion: version, count, butlerSosVersion },
            'events of an incompatible Audit.qs version were accepted, as compatibility.onIncompatible says',
          ),
        );
      }
    }
  }
}

const INCOMPATIBLE = 'Incompatible Audit.qs version';

/** Of a text that a client chose. */
const LOGGED_CHARACTERS = 100;

/** Less than this is not worth a copy. */
const SMALL_BYTES = 16 * 1024;

function withOwnEnvelope(entry: NewLogEntry): NewLogEntry {
  return { ...entry, envelope: Buffer.from(entry.envelope) };
}

function schemaFault(errors: readonly SchemaError[]): InvalidEvent {
  return { status: 400, outcome: 'dropped', reason: 'Schema validation failed', details: { errors } };
}

function tooManyEvents(events: number): Refusal {
  return {
    status: 413,
    outcome: 'dropped',
    reason: `Too many events in one request: the limit is ${MAX_BATCH_EVENTS}`,
    details: { limitEvents: MAX_BATCH_EVENTS, events },
  };
}

function versionOf({ source }: Envelope): string | undefined {
  return source?.version === '' ? undefined : source?.version;
}

/** For the verdict of an event that is refused. */
function eventIdOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const eventId = 'eventId' in value ? value.eventId : undefined;
  return typeof eventId === 'string' ? eventId : undefined;
}
