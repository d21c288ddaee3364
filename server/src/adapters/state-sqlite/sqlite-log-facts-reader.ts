import { statSync } from 'node:fs';
import { CodedError } from '../../domain/errors.ts';
import type { Origin } from '../../domain/log-entry.ts';
import { BEFORE_FIRST, type Sequence, type SequenceRange } from '../../domain/sequence.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { LogFacts, LogFactsQueries, LogFactsReader, PictureMissing } from '../../pipeline/ports/log-facts.ts';
import { sequenceOf } from './cells.ts';
import { logFactsIn, logFactsQueries } from './log-facts-tables.ts';
import { SqliteFile } from './sqlite-file.ts';

const POLL_MS = 200;

/**
 * What the deduplicator of another thread or process knows, read from its file. Follows it when the file is replaced.
 * Before the file exists, and while it is built again, the position is 0.
 */
export class SqliteLogFactsReader implements LogFactsReader, LogFactsQueries {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #queries: LogFactsQueries;
  #open: { readonly file: SqliteFile; readonly inode: bigint } | undefined;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.#queries = logFactsQueries(() => this.#file());
  }

  position(): Sequence {
    try {
      return positionIn(this.#file());
    } catch (thrown) {
      if (thrown instanceof CodedError && thrown.code === 'INDEX_REBUILDING') return BEFORE_FIRST;
      throw thrown;
    }
  }

  facts(range: SequenceRange): LogFacts {
    const file = this.#file();
    return file.snapshot(() => {
      if (range.last > positionIn(file)) throw rebuilding(range);
      return logFactsIn(file, range);
    });
  }

  firstWithId(origin: Origin, id: string): Sequence | undefined {
    return this.#queries.firstWithId(origin, id);
  }

  unsettledAwaiting(after: Sequence, limit: number): readonly Sequence[] {
    return this.#queries.unsettledAwaiting(after, limit);
  }

  unsettledCount(): number {
    return this.#queries.unsettledCount();
  }

  withoutPicture(after: Sequence, limit: number): readonly PictureMissing[] {
    return this.#queries.withoutPicture(after, limit);
  }

  holdsAwaiting(range: SequenceRange, cursor: Sequence): boolean {
    return this.#queries.holdsAwaiting(range, cursor);
  }

  damaged(): readonly SequenceRange[] {
    return this.#queries.damaged();
  }

  async waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.position() <= seq) await this.#clock.sleep(POLL_MS, signal);
  }

  close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** @throws CodedError INDEX_REBUILDING when there is no file */
  #file(): SqliteFile {
    const inode = statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino;
    if (inode === undefined) throw rebuilding({ first: BEFORE_FIRST, last: BEFORE_FIRST });
    if (this.#open?.inode === inode) return this.#open.file;
    this.close();
    const file = new SqliteFile(this.#path, {
      synchronous: 'NORMAL',
      failed: 'INDEX_REBUILDING',
      damaged: 'INDEX_REBUILDING',
    });
    this.#open = { file, inode };
    return file;
  }
}

function positionIn(file: SqliteFile): Sequence {
  return file.get((row) => sequenceOf(row, 'position'), 'SELECT position FROM progress') ?? BEFORE_FIRST;
}

function rebuilding({ last }: SequenceRange): CodedError {
  return new CodedError('INDEX_REBUILDING', `The table of event ids does not reach ${last} yet.`, { last });
}
