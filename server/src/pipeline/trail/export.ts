import { type AuditRecord, damagedRecord } from '../../domain/audit-record.ts';
import { type DamagedLines, type LogItem, lastSequenceOf } from '../../domain/log-entry.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { EventLogReader } from '../ports/event-log.ts';
import type { TrailKey, TrailRow } from '../ports/trail-index.ts';
import type { TrailQuestion } from './limited-filter.ts';
import { trailRecord } from './look-text.ts';
import type { TrailReader } from './reader.ts';
import type { Trail } from './trail.ts';
import { visibleEvent } from './visible-event.ts';

/** Derived and encoded within a few milliseconds, then others have their turn. */
const ROWS_AT_ONCE = 200;
const READ_LINES = 256;
const READ_BYTES = 1 << 20;
/** So many wanted lines among the next `READ_LINES`: reading all of them is cheaper than looking for each. */
const DENSE = 8;

/**
 * Everything that matches, newest first, as the rows that destinations get; in batches, so that whoever takes them can
 * let others run in between. A damaged line is a row that says so; what retention has deleted by now is left out.
 */
export async function* exportedRecords(
  trail: Trail,
  log: EventLogReader,
  reader: TrailReader,
  question: TrailQuestion,
): AsyncGenerator<readonly AuditRecord[], void, undefined> {
  for (let before: TrailKey | undefined; ; ) {
    const rows = trail.rows(reader, question, before, ROWS_AT_ONCE);
    const last = rows.at(-1);
    if (last === undefined) return;
    const lines = await linesOf(log, rows);
    yield rows.flatMap((row) => recordOf(row, lines, reader));
    if (rows.length < ROWS_AT_ONCE) return;
    before = last.key;
  }
}

function recordOf(row: TrailRow, lines: ReadonlyMap<Sequence, LogItem>, reader: TrailReader): readonly AuditRecord[] {
  const line = lines.get(row.sequence);
  if (line === undefined) return [];
  if (line.kind === 'damaged') return [damagedRow(row, line)];
  const outcome = row.picture?.firstOutcome == null ? undefined : lines.get(row.picture.firstOutcome);
  const picture = outcome?.kind === 'event' ? visibleEvent(outcome, reader) : undefined;
  return [trailRecord(visibleEvent(line, reader), picture)];
}

/** What the line said is not known any more; that there was an event, and when, the search table tells. */
function damagedRow(
  { sequence: seq, receivedAt: at, eventId: id, eventType: type, time }: TrailRow,
  { reason }: DamagedLines,
) {
  return damagedRecord({ seq, at, id, type, time }, reason);
}

/** In the order of the log, neighbours in one read. */
async function linesOf(log: EventLogReader, rows: readonly TrailRow[]): Promise<ReadonlyMap<Sequence, LogItem>> {
  const wanted = rows
    .flatMap(({ sequence: seq, picture }) => (picture?.firstOutcome == null ? [seq] : [seq, picture.firstOutcome]))
    .toSorted((a, b) => a - b);
  const found = new Map<Sequence, LogItem>();
  for (let i = 0; i < wanted.length; ) {
    const first = wanted[i] ?? sequence(0);
    const isDense = (wanted[i + DENSE] ?? Number.POSITIVE_INFINITY) < first + READ_LINES;
    const limit = isDense ? { events: READ_LINES, bytes: READ_BYTES } : { events: 1, bytes: 1 };
    const items = await log.read(sequence(first - 1), limit);
    for (const item of items) if (item.kind === 'event') found.set(item.seq, item);
    const reached = Math.max(first, lastOf(items));
    for (; i < wanted.length && (wanted[i] ?? 0) <= reached; i++) {
      const seq = wanted[i] ?? first;
      const damage = items.find((item) => item.kind === 'damaged' && item.first <= seq && seq <= item.last);
      if (damage !== undefined) found.set(seq, damage);
    }
  }
  return found;
}

function lastOf(items: readonly LogItem[]): number {
  const last = items.at(-1);
  return last === undefined ? 0 : lastSequenceOf(last);
}
