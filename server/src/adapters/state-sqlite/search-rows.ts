import { epochMillis } from '../../domain/epoch-millis.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import type { Sequence } from '../../domain/sequence.ts';
import type { TrailKey, TrailPicture, TrailRow } from '../../pipeline/ports/trail-index.ts';
import { numberOf, sequenceOf, textOf } from './cells.ts';
import { FLAGS } from './search-tables.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';
import { textOfStored } from './text-dictionary.ts';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** Columns of `events e`; what a JavaScript number cannot hold is cut to what it can, or comes as text. */
export const ROW_COLUMNS = `CAST(e.key AS TEXT) AS key, e.seq, e.time, e.received_at, e.flags, e.event_type, e.user, e.app,
  e.app_name, e.sheet, e.sheet_name, e.object, e.object_type, e.selection_txn, e.correlation, e.selections, e.event_id,
  min(max(e.duration_ms, -${MAX_SAFE}), ${MAX_SAFE}) AS duration_ms`;

const CACHED_TEXTS = 50_000;
const CACHED_LENGTH = 300;

/** Makes rows readable: numbers of the dictionary become texts, pictures are looked up. */
export class SearchRows {
  readonly #file: SqliteFile;
  readonly #texts = new Map<number, string>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  read(row: Row): TrailRow {
    const flags = numberOf(row, 'flags');
    const sequence = sequenceOf(row, 'seq');
    const text = (column: string) => this.text(row[column]);
    return {
      key: textOf(row, 'key') as TrailKey,
      sequence,
      eventId: textOfStored(row.event_id),
      eventType: text('event_type') ?? '',
      origin: (flags & FLAGS.server) === 0 ? 'client' : 'server',
      isConflict: (flags & FLAGS.conflict) !== 0,
      isHidden: (flags & FLAGS.hidden) !== 0,
      time: epochMillis(numberOf(row, 'time')),
      receivedAt: epochMillis(numberOf(row, 'received_at')),
      userId: text('user'),
      appId: text('app'),
      appName: text('app_name'),
      sheetId: text('sheet'),
      sheetName: text('sheet_name'),
      objectId: text('object'),
      objectType: text('object_type'),
      selectionTxnId: storedOrNull(row.selection_txn),
      correlationId: storedOrNull(row.correlation),
      durationMs: row.duration_ms === null ? null : numberOf(row, 'duration_ms'),
      visible: (flags & FLAGS.hasVisible) === 0 ? null : (flags & FLAGS.visible) !== 0,
      selections: row.selections === null ? null : textOf(row, 'selections'),
      picture: (flags & FLAGS.awaitsPicture) === 0 ? null : this.#picture(sequence),
    };
  }

  /** @param id a number of the dictionary, or null */
  text(id: unknown): string | null {
    if (typeof id !== 'number' || id === 0) return null;
    const known = this.#texts.get(id);
    if (known !== undefined) return known;
    const found = this.#file.get((row) => textOfStored(row.text), 'SELECT text FROM texts WHERE id = ?', id) ?? '';
    if (found.length > CACHED_LENGTH) return found;
    if (this.#texts.size >= CACHED_TEXTS) this.#texts.clear();
    this.#texts.set(id, found);
    return found;
  }

  /** The newest that was saved, else the newest outcome. */
  #picture(subject: Sequence): TrailPicture {
    const sql = `SELECT status, reason, files, (SELECT min(seq) FROM pictures WHERE subject = ?1) AS first
      FROM pictures WHERE subject = ?1 ORDER BY status = 'saved' DESC, seq DESC LIMIT 1`;
    return this.#file.get(pictureOf, sql, subject) ?? WAITING;
  }
}

const WAITING: TrailPicture = { status: 'waiting', reason: null, files: [], firstOutcome: null };

function pictureOf(row: Row): TrailPicture {
  return {
    status: textOf(row, 'status') === 'saved' ? 'saved' : 'failed',
    reason: row.reason === null ? null : textOf(row, 'reason'),
    files: JSON.parse(textOf(row, 'files')) as readonly ScreenshotFile[],
    firstOutcome: sequenceOf(row, 'first'),
  };
}

function storedOrNull(stored: unknown): string | null {
  return stored === null ? null : textOfStored(stored);
}
