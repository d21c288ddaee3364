import { type AuditRecord, auditRecordOf } from '../domain/audit-record.ts';
import { epochMillis } from '../domain/epoch-millis.ts';
import { type LogItem, lastSequenceOf, type StoredEvent } from '../domain/log-entry.ts';
import { nextSequence, type Sequence, type SequenceRange } from '../domain/sequence.ts';
import { SERVER_SYNCED } from '../domain/server-record.ts';
import { isKnownUser } from '../domain/user-identity.ts';
import { LogFollower, lastDigestOf, lastPositionOf, type StartOverReason } from './log-follower.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogReader } from './ports/event-log.ts';
import type { LogFacts, LogFactsReader } from './ports/log-facts.ts';
import type { Logger } from './ports/logger.ts';
import type { Counter, Metrics } from './ports/metrics.ts';
import type { PictureEntry, SearchBatch, SearchEntry, SearchIndex } from './ports/search-index.ts';
import { isLook, lookText, viewerOf } from './trail/look-text.ts';
import { pictureFilesOf } from './trail/picture-files.ts';
import { selectionsOf, selectionsText, selectionTexts } from './trail/selections.ts';

export interface SearchIndexerOptions {
  readonly log: EventLogReader;
  /** Few large batches instead of many small ones; 0 if not given. */
  readonly gatherMs?: number;
  /** Says which lines are repeats; the indexer goes no further than it. */
  readonly facts: LogFactsReader;
  readonly index: SearchIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Rule 8: the disk is nearly full. */
  readonly paused: () => boolean;
}

const LIMIT = { events: 250, bytes: 512 << 10 };

/**
 * Follows the log behind the deduplicator and keeps the columns that the viewer filters and sorts by. Delivery never
 * waits for it. Repeats are not indexed, conflicts are. What the log says about itself and about who looks at it is indexed
 * but hidden: it is found by its type.
 */
export class SearchIndexer {
  readonly #options: SearchIndexerOptions;
  readonly #follower: LogFollower;
  readonly #events: Counter;

  constructor(options: SearchIndexerOptions) {
    this.#options = options;
    const { log, facts, index } = options;
    this.#events = options.metrics.counter('butler_sos_audit_search_events_total', 'Log lines that were indexed.');
    this.#follower = new LogFollower({
      ...options,
      table: index,
      limit: LIMIT,
      end: () => lower(log.head(), facts.position()),
      // either may be ahead of the other, as this thread hears of them
      waitForEnd: async (seq, signal) => {
        await log.waitPast(seq, signal);
        await facts.waitPast(seq, signal);
      },
      take: (items) => this.#take(items),
    });
  }

  /** Resolves when the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void> {
    return this.#follower.run(signal);
  }

  position(): Sequence {
    return this.#follower.position();
  }

  waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    return this.#follower.waitPast(seq, signal);
  }

  /** `reindex`: builds the table again from the log. */
  startOver(reason: StartOverReason): void {
    this.#follower.startOver(reason);
  }

  async #take(read: readonly LogItem[]): Promise<Sequence> {
    const { facts, index } = this.#options;
    const before = index.position();
    const known = facts.position();
    const items = read.filter((item) => lastSequenceOf(item) <= known);
    const position = lastPositionOf(items, before);
    if (position === before) return before;
    const range = { first: nextSequence(before), last: position };
    index.record(searchBatchOf(items, facts.facts(range), range));
    this.#events.add(items.length);
    return position;
  }
}

function searchBatchOf(items: readonly LogItem[], facts: LogFacts, { last }: SequenceRange): SearchBatch {
  const entries: SearchEntry[] = [];
  const pictures: PictureEntry[] = [];
  for (const item of items) {
    if (item.kind === 'damaged') continue;
    const repeat = facts.repeats.get(item.seq)?.kind;
    if (repeat === 'repeat') continue;
    const record = auditRecordOf(item);
    entries.push(entryOf(item, record, repeat === 'conflict'));
    const outcome = facts.outcomes.get(item.seq);
    if (outcome !== undefined) pictures.push(pictureOf(outcome.subject, item, record));
  }
  const lastDigest = lastDigestOf(items);
  return { entries, pictures, position: last, ...(lastDigest === undefined ? {} : { lastDigest }) };
}

function entryOf(event: StoredEvent, record: AuditRecord, isConflict: boolean): SearchEntry {
  const selections = selectionsOf(record.selectionDetails);
  return {
    sequence: event.seq,
    eventId: record.eventId ?? event.id,
    origin: event.origin,
    isConflict,
    isHidden: event.origin === 'server' && isHiddenType(event.type),
    awaitsPicture: event.awaits === 'screenshot' && !isConflict,
    time: record.timestamp === null ? event.at : epochMillis(Number(record.timestamp)),
    receivedAt: event.at,
    eventType: record.eventType ?? event.type,
    userId: viewerOf(event) ?? knownUser(record.userId),
    appId: record.appId,
    appName: record.appName,
    sheetId: record.sheetId,
    sheetName: record.sheetName,
    objectId: record.objectId,
    objectType: record.objectType,
    selectionTxnId: record.selectionTxnId,
    correlationId: record.correlationId,
    durationMs: record.durationMs,
    visible: record.visible,
    selections: isLook(event) ? lookText(event.private()?.envelope) : selectionsText(selections),
    selectionTexts: selectionTexts(selections),
  };
}

/** Pictures are shown at their event; who looks would push down what is looked for. */
function isHiddenType(type: string): boolean {
  return type === SERVER_SYNCED || type.startsWith('server.screenshot.') || type.startsWith('server.viewer.');
}

/** `N/A` and the like are nobody. */
function knownUser(userId: string | null): string | null {
  return userId !== null && isKnownUser(userId) ? userId : null;
}

function pictureOf(subject: Sequence, event: StoredEvent, record: AuditRecord): PictureEntry {
  return {
    subject,
    sequence: record.sequence,
    status: record.screenshotStatus ?? 'unknown',
    reason: record.screenshotReason,
    files: JSON.stringify(pictureFilesOf(event.private()?.envelope)),
  };
}

function lower(a: Sequence, b: Sequence): Sequence {
  return a < b ? a : b;
}
