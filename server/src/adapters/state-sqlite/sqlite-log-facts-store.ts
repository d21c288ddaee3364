import { setImmediate } from 'node:timers/promises';
import type { Origin } from '../../domain/log-entry.ts';
import type { Sequence, SequenceRange } from '../../domain/sequence.ts';
import type {
  FactBatch,
  FactCounts,
  FactLine,
  IdHit,
  LogFacts,
  LogFactsQueries,
  LogFactsStore,
  PictureMissing,
  RepeatedLine,
  RetiredId,
} from '../../pipeline/ports/log-facts.ts';
import { numberOf, sequenceOf } from './cells.ts';
import { idKey, LOG_FACTS_SCHEMA, logFactsIn, logFactsQueries } from './log-facts-tables.ts';
import { RebuildableFile, type RebuildableOptions } from './rebuildable-file.ts';

type Kinds = ReadonlyMap<Sequence, RepeatedLine['kind']>;

interface KeyedLine {
  readonly key: string;
  readonly line: { readonly seq: Sequence; readonly origin: Origin };
}

const CACHE_KIB = 16 * 1024;
const RETIRED_AT_ONCE = 8000;

/** Nothing of a batch is recorded while it is not known what its hits are: thrown to roll back, never seen outside. */
class HitsFound extends Error {
  readonly hits: readonly IdHit[];
  constructor(hits: readonly IdHit[]) {
    super('ids that were there before');
    this.hits = hits;
  }
}

/** `ids.sqlite`, written by the deduplicator alone. */
export class SqliteLogFactsStore implements LogFactsStore {
  readonly #rebuildable: RebuildableFile;
  readonly #queries: LogFactsQueries;

  constructor(options: Omit<RebuildableOptions, 'cacheKib'>) {
    this.#rebuildable = new RebuildableFile(LOG_FACTS_SCHEMA, { ...options, cacheKib: CACHE_KIB });
    this.#queries = logFactsQueries(() => this.#rebuildable.file);
  }

  position(): Sequence {
    return this.#rebuildable.position();
  }

  lastDigest(): string | undefined {
    return this.#rebuildable.lastDigest();
  }

  facts(range: SequenceRange): LogFacts {
    return logFactsIn(this.#rebuildable.file, range);
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

  record(batch: FactBatch, kinds: Kinds = new Map()): { hits: readonly IdHit[] } | { recorded: FactCounts } {
    const lines = batch.lines.map((line) => ({ key: idKey(line.id), line }));
    try {
      return { recorded: this.#rebuildable.file.transaction(() => this.#record(batch, lines, kinds)) };
    } catch (thrown) {
      if (thrown instanceof HitsFound) return { hits: thrown.hits };
      throw thrown;
    }
  }

  hasRetiredIds(): boolean {
    const { file } = this.#rebuildable;
    return file.get((row) => numberOf(row, 'only'), 'SELECT only FROM retired_ids_loaded') !== undefined;
  }

  /** A crash before the end leaves ids without the mark: they are loaded again, which changes nothing. */
  async loadRetiredIds(ids: AsyncIterable<RetiredId>): Promise<number> {
    let loaded = 0;
    let waiting: KeyedLine[] = [];
    const flush = () => {
      this.#rebuildable.file.transaction(() => this.#insertIds(waiting));
      loaded += waiting.length;
      waiting = [];
    };
    for await (const { id, seq, origin } of ids) {
      waiting.push({ key: idKey(id), line: { seq, origin } });
      if (waiting.length === RETIRED_AT_ONCE) flush();
    }
    flush();
    const { file } = this.#rebuildable;
    file.transaction(() => file.run('INSERT INTO retired_ids_loaded VALUES (0)'));
    return loaded;
  }

  forgetLinesBefore(firstRetained: Sequence): void {
    const { file } = this.#rebuildable;
    file.transaction(() => {
      // a rebuild would find the outcome but not its event: a picture without one is a row of its own
      file.run('DELETE FROM outcomes WHERE subject < ? AND is_picture = 0', firstRetained);
      file.run('UPDATE outcomes SET is_first = 0 WHERE subject < ?', firstRetained);
      for (const table of ['repeats', 'outcomes', 'awaiting']) {
        file.run(`DELETE FROM ${table} WHERE seq < ?`, firstRetained);
      }
      file.run('DELETE FROM damaged WHERE last_seq < ?', firstRetained);
    });
  }

  /** In slices, because the table is not sorted by sequence and deliveries wait for this thread. */
  async forgetIdsBefore(seq: Sequence): Promise<void> {
    const { file } = this.#rebuildable;
    for (const table of ['client_ids', 'server_ids']) {
      for (let slice = 0; slice < 256; slice++) {
        const from = Buffer.of(slice);
        const to = slice === 255 ? null : Buffer.of(slice + 1);
        const sql = `DELETE FROM ${table} WHERE id >= ?1 AND (?2 IS NULL OR id < ?2) AND seq < ?3`;
        file.transaction(() => file.run(sql, from, to, seq));
        await setImmediate();
      }
    }
  }

  startOver(reason: 'damaged' | 'other log' | 'reindex'): void {
    this.#rebuildable.startOver(reason);
  }

  close(): void {
    this.#rebuildable.close();
  }

  #record(batch: FactBatch, lines: readonly (KeyedLine & { line: FactLine })[], kinds: Kinds): FactCounts {
    const hits = this.#insertIds(lines);
    const repeated = this.#insertRepeats(hits, kinds);
    const { file } = this.#rebuildable;
    const awaits = file.statement('INSERT INTO awaiting VALUES (?, NULL)');
    for (const { line } of lines) {
      if (repeated.has(line.seq)) continue;
      if (line.awaits !== undefined && line.origin === 'client') awaits.run(line.seq);
      else if (line.origin === 'server' && line.subject !== undefined) this.#settle(line, line.subject);
    }
    for (const { first, last } of batch.damaged) file.run('INSERT OR REPLACE INTO damaged VALUES (?, ?)', first, last);
    this.#rebuildable.moveTo(batch.position, batch.lastDigest);
    const conflicts = [...repeated.values()].filter((kind) => kind === 'conflict').length;
    return { repeats: repeated.size - conflicts, conflicts };
  }

  /** Sorted, so that neighbours in the tree are written together: with random ids that is most of the cost. */
  #insertIds(lines: readonly KeyedLine[]): readonly (IdHit & { readonly origin: Origin })[] {
    const { file } = this.#rebuildable;
    const statement = (sql: string, origin: Origin) => file.statement(sql.replace('_ids', `${origin}_ids`));
    const insert = "INSERT OR IGNORE INTO _ids VALUES (unhex(?, '-'), ?)";
    const insertInto = { client: statement(insert, 'client'), server: statement(insert, 'server') };
    const sorted = [...lines].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.line.seq - b.line.seq));
    const hits: (IdHit & { origin: Origin })[] = [];
    for (const { key, line } of sorted) {
      if (insertInto[line.origin].run(key, line.seq).changes !== 0) continue;
      const sql = `SELECT seq FROM ${line.origin}_ids WHERE id = unhex(?, '-')`;
      const firstSeq = file.get((row) => sequenceOf(row, 'seq'), sql, key);
      // a retired segment that is still there: the line meets its own id
      if (firstSeq === undefined || firstSeq === line.seq) continue;
      hits.push({ seq: line.seq, firstSeq, origin: line.origin });
    }
    return hits;
  }

  #insertRepeats(
    hits: readonly (IdHit & { readonly origin: Origin })[],
    kinds: Kinds,
  ): ReadonlyMap<Sequence, RepeatedLine['kind']> {
    const unknown = hits.filter(({ seq, origin }) => origin === 'client' && !kinds.has(seq));
    if (unknown.length > 0) throw new HitsFound(unknown.map(({ seq, firstSeq }) => ({ seq, firstSeq })));
    const repeated = new Map<Sequence, RepeatedLine['kind']>();
    for (const { seq, firstSeq } of hits) {
      const kind = kinds.get(seq) ?? 'repeat';
      repeated.set(seq, kind);
      const isConflict = kind === 'conflict' ? 1 : 0;
      this.#rebuildable.file.run('INSERT INTO repeats VALUES (?, ?, ?)', seq, isConflict, firstSeq);
    }
    return repeated;
  }

  /** Rule 14: the first outcome settles the event; afterwards only a picture is news. */
  #settle(line: FactLine, subject: Sequence): void {
    if (line.type !== 'server.screenshot.saved' && line.type !== 'server.screenshot.failed') return;
    const { file } = this.#rebuildable;
    const isPicture = line.type === 'server.screenshot.saved' ? 1 : 0;
    const settled = 'UPDATE awaiting SET outcome = ? WHERE seq = ? AND outcome IS NULL';
    const isFirst = file.run(settled, line.seq, subject);
    if (isFirst === 0 && isPicture === 0) return;
    file.run('INSERT INTO outcomes VALUES (?, ?, ?, ?)', line.seq, subject, isFirst, isPicture);
  }
}
