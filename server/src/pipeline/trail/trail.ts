import type { AuditRecord } from '../../domain/audit-record.ts';
import { type EpochMillis, epochMillis } from '../../domain/epoch-millis.ts';
import { CodedError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/event-id.ts';
import { parseExact } from '../../domain/exact-json.ts';
import type { DamagedLines, LogItem, StoredEvent } from '../../domain/log-entry.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type {
  SummaryBy,
  SummaryOrder,
  TrailApp,
  TrailEvent,
  TrailEventDetail,
  TrailHistogram,
  TrailPage,
  TrailScreenshotFile,
  TrailSuggestion,
  TrailSummary,
  TrailTimeline,
  TrailTransaction,
  TrailUser,
} from '../../domain/trail.ts';
import type { EventLogReader } from '../ports/event-log.ts';
import type { LogFactsQueries } from '../ports/log-facts.ts';
import type { TrailIndex, TrailKey, TrailRow } from '../ports/trail-index.ts';
import { type DeliveryFacts, deliveriesOf } from './deliveries.ts';
import { exportedRecords } from './export.ts';
import { histogramOf } from './histogram.ts';
import { ANYTHING, limitedTo, type TrailQuestion } from './limited-filter.ts';
import { trailRecord } from './look-text.ts';
import { objectDataOf } from './object-data.ts';
import type { TrailReader } from './reader.ts';
import { briefRecordMembers } from './record-members.ts';
import { selectionsOf } from './selections.ts';
import { sentenceOf } from './sentence.ts';
import { suggestionsFor } from './suggestions.ts';
import { appsOf, summaryRows } from './summary.ts';
import { isWholeIdentity, oneUserOf, timelineOf } from './timeline.ts';
import { filesOfVariant, isoTime, type PictureVariant, pictureUrl, trailEvent, trailUser } from './trail-event.ts';
import { visibleEvent } from './visible-event.ts';

export interface TrailParts {
  readonly index: TrailIndex;
  readonly log: EventLogReader;
  readonly ids: Pick<LogFactsQueries, 'firstWithId'>;
  readonly deliveries: DeliveryFacts;
  readonly logId: string;
}

const MAX_NEIGHBOURS = 200;
const MAX_STEPS = 1000;
const MAX_TIMELINE_EVENTS = 5000;
const DAY_MS = 86_400_000;
/** Lines that a follower is given to look at in one go. */
const FOLLOWED_LINES = 500;

/**
 * What people ask the audit trail. Every method takes who asks and answers with what that reader may see; what lies
 * outside is as if it were not there.
 */
export class Trail {
  readonly #parts: TrailParts;

  constructor(parts: TrailParts) {
    this.#parts = parts;
  }

  events(
    reader: TrailReader,
    question: TrailQuestion,
    before: TrailKey | undefined,
    limit: number,
  ): TrailPage<TrailEvent> {
    const rows = this.rows(reader, question, before, limit + 1);
    const shown = rows.slice(0, limit);
    const last = rows.length > limit ? shown.at(-1) : undefined;
    return { items: shown.map((row) => trailEvent(row, reader)), nextCursor: last?.key ?? null };
  }

  /** Newest first: for exports, which go from page to page. */
  rows(reader: TrailReader, question: TrailQuestion, before: TrailKey | undefined, limit: number): readonly TrailRow[] {
    return this.#parts.index.page(limitedTo(reader, this.#withIds(question)), before, limit);
  }

  /**
   * @param at the sequence of one of several lines with this id: conflicts have the id of another event
   * @throws CodedError EVENT_LOG_DAMAGED: it was received, and its line is not what was written
   */
  async event(reader: TrailReader, eventId: string, at: Sequence | undefined): Promise<TrailEventDetail | undefined> {
    const row = this.#rowOf(reader, eventId, at);
    if (row === undefined) return this.#unindexed(reader, eventId, at);
    const item = await this.#itemAt(row.sequence);
    if (item?.kind === 'damaged') throw damagedEvent(row.sequence, eventId, item);
    return item === undefined ? undefined : this.#detail(reader, row, visibleEvent(item, reader));
  }

  transaction(reader: TrailReader, selectionTxnId: string): TrailTransaction | undefined {
    const rows = this.#ofTransaction(reader, selectionTxnId, MAX_STEPS);
    const first = rows.find(({ eventType }) => eventType === 'selection.state.changed') ?? rows[0];
    if (first === undefined) return undefined;
    return {
      selectionTxnId,
      sentence: sentenceOf(first),
      steps: rows.map((row, i) => {
        const before = rows[i - 1];
        return { event: trailEvent(row, reader), gapMs: before === undefined ? null : row.time - before.time };
      }),
    };
  }

  /**
   * Without times: the last day on which the user did something. Undefined: no such user.
   * @throws CodedError TRAIL_USER_AMBIGUOUS
   */
  timeline(
    reader: TrailReader,
    user: string,
    times: { from?: EpochMillis; to?: EpochMillis },
  ): TrailTimeline | undefined {
    const { index } = this.#parts;
    const always = limitedTo(reader, { ...ANYTHING, user: [user] });
    const newest = index.page(always, undefined, isWholeIdentity(user) ? 1 : MAX_TIMELINE_EVENTS);
    const isTheirs = oneUserOf(index, always, newest, user);
    const last = (newest.find(isTheirs) ?? newest[0])?.time;
    if (last === undefined) return undefined;
    const day = Math.floor((times.to === undefined ? last : times.to - 1) / DAY_MS) * DAY_MS;
    const from = times.from ?? epochMillis(day);
    const to = times.to ?? epochMillis(Math.max(day, from) + DAY_MS);
    const question = { ...ANYTHING, user: [user], from, to };
    const rows = index.page(limitedTo(reader, question), undefined, MAX_TIMELINE_EVENTS + 1);
    const shown = rows.slice(0, MAX_TIMELINE_EVENTS).filter(isTheirs);
    return timelineOf(user, from, to, shown, rows.length > MAX_TIMELINE_EVENTS, reader);
  }

  async users(reader: TrailReader, q: string, limit: number) {
    const { index } = this.#parts;
    const named = q.trim() === '' ? undefined : suggestionsFor(index, limitedTo(reader, ANYTHING), q, ['user'], limit);
    if (named?.length === 0) return { items: [] };
    const user = named?.map(({ value }) => value) ?? [];
    const { rows } = await index.counts(limitedTo(reader, { ...ANYTHING, user }), 'user', limit);
    type Item = TrailUser & { events: number; firstSeen: string; lastSeen: string };
    const items = rows.flatMap(({ key, events, firstTime, lastTime }): Item[] =>
      typeof key !== 'string'
        ? []
        : [{ ...trailUser(key), events, firstSeen: isoTime(firstTime), lastSeen: isoTime(lastTime) }],
    );
    return { items };
  }

  async apps(
    reader: TrailReader,
    question: TrailQuestion,
    limit: number,
  ): Promise<{ readonly items: readonly TrailApp[]; readonly isPartial: boolean; readonly isApproximate: boolean }> {
    const counts = await this.#parts.index.counts(limitedTo(reader, this.#withIds(question)), 'app', limit);
    return { items: appsOf(counts), isPartial: counts.isPartial, isApproximate: counts.hasApproximateUsers };
  }

  async summary(
    reader: TrailReader,
    by: SummaryBy,
    question: TrailQuestion,
    limit: number,
    order: SummaryOrder,
  ): Promise<TrailSummary> {
    const counts = await this.#parts.index.counts(limitedTo(reader, this.#withIds(question)), by, limit, order);
    return {
      by,
      rows: summaryRows(by, counts.rows),
      isPartial: counts.isPartial,
      isApproximate: counts.hasApproximateMedians || counts.hasApproximateUsers,
    };
  }

  histogram(reader: TrailReader, question: TrailQuestion, buckets: number): Promise<TrailHistogram> {
    return histogramOf(this.#parts.index, limitedTo(reader, this.#withIds(question)), buckets);
  }

  suggest(reader: TrailReader, q: string, limit: number): { readonly items: readonly TrailSuggestion[] } {
    const text = q.trim();
    const filter = limitedTo(reader, ANYTHING);
    const kinds = ['user', 'app', 'sheet', 'eventType'] as const;
    const named = suggestionsFor(this.#parts.index, filter, text, kinds, limit);
    return { items: isUuid(text) ? [...this.#idSuggestions(reader, text), ...named] : named };
  }

  /** Only files that an outcome record names. */
  picture(reader: TrailReader, eventId: string, variant: PictureVariant): readonly ScreenshotFile[] | undefined {
    if (!reader.maySeePictures) return undefined;
    const row = this.#rowOf(reader, eventId, undefined);
    return row?.picture == null ? undefined : filesOfVariant(row.picture.files, variant);
  }

  /** Everything that matches, as rows, in batches: see `exportedRecords`. */
  records(reader: TrailReader, question: TrailQuestion): AsyncGenerator<readonly AuditRecord[], void, undefined> {
    return exportedRecords(this, this.#parts.log, reader, question);
  }

  /** What came after a sequence, in the order of the log, and how far that looked. */
  after(reader: TrailReader, question: TrailQuestion, after: Sequence) {
    const { rows, upTo } = this.#parts.index.after(limitedTo(reader, this.#withIds(question)), after, FOLLOWED_LINES);
    return { events: rows.map((row) => trailEvent(row, reader)), upTo };
  }

  /** Of the log; the table of searches may be behind. */
  head(): Sequence {
    return this.#parts.log.head();
  }

  position(): Sequence {
    return this.#parts.index.position();
  }

  /** A table that was rebuilt lacks what was damaged; ids that were seen once are kept. @throws CodedError EVENT_LOG_DAMAGED */
  async #unindexed(reader: TrailReader, eventId: string, at: Sequence | undefined): Promise<undefined> {
    // of which app it was, the line said
    if (reader.apps !== null) return;
    for (const seq of this.#sequencesOf(eventId)) {
      const item = at === undefined || at === seq ? await this.#itemAt(seq) : undefined;
      if (item?.kind === 'damaged') throw damagedEvent(seq, eventId, item);
    }
  }

  /** Undefined: retention has deleted it. */
  async #itemAt(seq: Sequence): Promise<LogItem | undefined> {
    const [item] = await this.#parts.log.read(sequence(seq - 1), { events: 1, bytes: 1 });
    const isIt =
      item !== undefined && (item.kind === 'event' ? item.seq === seq : item.first <= seq && seq <= item.last);
    return isIt ? item : undefined;
  }

  async #detail(reader: TrailReader, row: TrailRow, stored: StoredEvent): Promise<TrailEventDetail> {
    const { logId, deliveries } = this.#parts;
    const outcome = row.picture?.firstOutcome ?? undefined;
    const outcomeLine = outcome === undefined ? undefined : await this.#itemAt(outcome);
    const record = trailRecord(stored, outcomeLine?.kind === 'event' ? visibleEvent(outcomeLine, reader) : undefined);
    const parts = stored.private();
    const neighbours =
      row.selectionTxnId === null ? [] : this.#ofTransaction(reader, row.selectionTxnId, MAX_NEIGHBOURS);
    return {
      event: trailEvent(row, reader),
      sentence: sentenceOf(row),
      envelope: parts === undefined ? null : exactOr(parts.envelopeText, parts.envelope),
      record: briefRecordMembers(record),
      receipt: {
        receivedAt: isoTime(stored.at),
        ip: parts?.ip ?? null,
        auditQsVersion: parts?.auditQsVersion ?? null,
        digest: stored.digest,
        logId,
      },
      selections: selectionsOf(record.selectionDetails),
      objectData: objectDataOf(record.objectData),
      deliveries: deliveriesOf(stored, stored.awaits === undefined ? stored.seq : outcome, deliveries, reader),
      screenshots: screenshotFiles(row, reader),
      neighbours: neighbours.filter(({ key }) => key !== row.key).map((other) => trailEvent(other, reader)),
    };
  }

  #rowOf(reader: TrailReader, eventId: string, at: Sequence | undefined): TrailRow | undefined {
    const sequences = at === undefined ? this.#sequencesOf(eventId) : [at];
    const rows = this.#parts.index.rows(limitedTo(reader, { ...ANYTHING, withHidden: true }), sequences);
    return rows.find((row) => row.eventId.toLowerCase() === eventId.toLowerCase());
  }

  #ofTransaction(reader: TrailReader, selectionTxnId: string, limit: number): readonly TrailRow[] {
    const question = { ...ANYTHING, selectionTxnId: [selectionTxnId] };
    return this.#parts.index.page(limitedTo(reader, question), undefined, limit).toReversed();
  }

  #withIds(question: TrailQuestion): TrailQuestion {
    const q = question.q.trim();
    return isUuid(q) ? { ...question, sequences: this.#sequencesOf(q) } : question;
  }

  #sequencesOf(eventId: string): readonly Sequence[] {
    const { ids } = this.#parts;
    return [ids.firstWithId('client', eventId), ids.firstWithId('server', eventId)].filter((seq) => seq !== undefined);
  }

  #idSuggestions(reader: TrailReader, id: string): readonly TrailSuggestion[] {
    const event = this.#rowOf(reader, id, undefined);
    const first = this.#ofTransaction(reader, id, 1)[0];
    return [
      ...(event === undefined ? [] : [{ kind: 'event' as const, value: id, label: sentenceOf(event), events: null }]),
      ...(first === undefined
        ? []
        : [{ kind: 'transaction' as const, value: id, label: sentenceOf(first), events: null }]),
    ];
  }
}

function damagedEvent(seq: Sequence, eventId: string, { reason }: DamagedLines): CodedError {
  const message =
    `This event was received, at position ${seq} of the log, but its line is not what was written any more: ${reason}. ` +
    'Nothing of it is shown, because nobody can vouch for it. Restore the line from a backup of the log.';
  return new CodedError('EVENT_LOG_DAMAGED', message, { sequence: seq, eventId });
}

function screenshotFiles(
  { picture, eventId, isConflict }: TrailRow,
  reader: TrailReader,
): readonly TrailScreenshotFile[] {
  if (picture === null || isConflict) return [];
  return picture.files.flatMap((file): TrailScreenshotFile[] => {
    const { role } = file;
    if (role !== 'seen' && role !== 'annotated' && role !== 'downloaded') return [];
    const variant = role === 'seen' ? 'original' : role;
    const url = reader.maySeePictures ? pictureUrl(eventId, variant) : null;
    return [{ ...file, role, path: reader.maySeePictures ? file.path : '', url }];
  });
}

/** Numbers as they were sent. */
function exactOr(text: string, parsed: unknown): unknown {
  try {
    return parseExact(text);
  } catch {
    return parsed ?? null;
  }
}
