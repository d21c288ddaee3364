import { basename, join } from 'node:path';
import type { EpochMillis } from '../../domain/epoch-millis.ts';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { SequenceRange } from '../../domain/sequence.ts';
import { type TableColumn, tableColumns } from '../../domain/table-row.ts';
import type { PreparedFile } from '../../pipeline/ports/cursor-store.ts';
import type { PublishedPart, WaitingDay } from '../../pipeline/ports/daily-merges.ts';
import type { DayMerger, Pace } from '../../pipeline/ports/day-merger.ts';
import { type DurableFolder, sha256Of, type WritePiece } from './durable-file.ts';
import { publishPrepared } from './publish-prepared.ts';

/** Which part of which log a file holds. */
export interface WrittenFrom {
  readonly logId: string;
  readonly range: SequenceRange;
}

/** What a part says of itself. */
export interface PartFacts {
  readonly columns: readonly string[];
  readonly from: WrittenFrom | undefined;
}

export interface DailyFileFacts {
  readonly day: string;
  readonly parts: number;
  readonly columns: readonly TableColumn[];
  /** Of each log, from the lowest to the highest sequence. */
  readonly from: readonly WrittenFrom[];
  readonly createdAt: EpochMillis;
}

/** What merging must know of a file format. */
export interface PartFormat {
  readonly extension: string;
  /** May throw anything for bytes that it does not understand. */
  factsOf(part: Uint8Array): Promise<PartFacts>;
  /**
   * Writes the rows of all parts, in their order. `parts` reads one after the other; what is thrown for the bytes of a
   * part goes through its `decode`.
   */
  write(facts: DailyFileFacts, parts: readonly PartInOrder[], write: WritePiece, pace: Pace): Promise<void>;
}

export interface PartInOrder {
  /** Its bytes, which are those that were published. `decode`'s failure is told as that of this part. */
  read<T>(decode: (bytes: Uint8Array) => Promise<T>): Promise<T>;
}

export interface PartMergerOptions {
  /** Where parts appear. */
  readonly exports: DurableFolder;
  /** Where the daily file does. */
  readonly daily: DurableFolder;
  readonly format: PartFormat;
}

interface KnownPart extends PartFacts {
  readonly part: PublishedPart;
}

const NAMES_IN_A_MESSAGE = 5;

/** Merges the parts of a day in the order of the log; where retries delivered older events, by where each part begins. */
export class PartMerger implements DayMerger {
  readonly #exports: DurableFolder;
  readonly #daily: DurableFolder;
  readonly #format: PartFormat;

  constructor({ exports, daily, format }: PartMergerOptions) {
    this.#exports = exports;
    this.#daily = daily;
    this.#format = format;
  }

  async encode({ day, closedAt }: WaitingDay, parts: readonly PublishedPart[], pace: Pace): Promise<PreparedFile> {
    await this.#refuseUnknownParts(day, parts);
    const known = inLogOrder(await this.#look(day, parts, pace));
    const facts: DailyFileFacts = {
      day,
      parts: known.length,
      columns: columnsOf(known),
      from: originsOf(known),
      createdAt: closedAt,
    };
    const inOrder = known.map(({ part }): PartInOrder => ({ read: (decode) => this.#read(part, decode) }));
    await this.#daily.create();
    const temporary = await this.#daily.writeTemporaryPieces((write) =>
      this.#format.write(facts, inOrder, write, pace),
    );
    // afterwards "gone" means "published"
    await this.#daily.sync();
    const path = join(this.#daily.directory, `${day}.${this.#format.extension}`);
    return { temporaryPath: temporary.path, path, sha256: temporary.sha256 };
  }

  async publish(file: PreparedFile): Promise<'published' | 'lost'> {
    const temporary = await this.#daily.inspect(file.temporaryPath);
    // one name: it was never published
    if (temporary?.links === 1 && (await this.#daily.hashOf(file.temporaryPath)) !== file.sha256) {
      await this.#daily.removeTemporary(file.temporaryPath);
      return 'lost';
    }
    if ((await publishPrepared(this.#daily, file)) === 'published') return 'published';
    throw new CodedError(
      'DAILY_MERGE_NAME_TAKEN',
      `${file.path} is there already with other contents. Move it away; the daily file takes its place by itself.`,
      { file: file.path },
    );
  }

  async discard(file: PreparedFile): Promise<void> {
    await this.#daily.removeTemporary(file.temporaryPath);
  }

  async removeStrays(keep: readonly PreparedFile[]): Promise<void> {
    await this.#daily.removeStrays(...keep.map(({ temporaryPath }) => temporaryPath));
  }

  /** A load over the day's parts would find rows that the daily file has not: somebody else's, or of a lost database. */
  async #refuseUnknownParts(day: string, parts: readonly PublishedPart[]): Promise<void> {
    const known = new Set(parts.map(({ path }) => this.#exports.keyOf(path)));
    const name = new RegExp(`^${day}_part\\d+\\.${this.#format.extension}$`);
    const names = (await this.#exports.list()).filter(
      (one) => name.test(one) && !known.has(this.#exports.keyOf(join(this.#exports.directory, one))),
    );
    if (names.length === 0) return;
    throw notWhole(
      day,
      `this destination never published ${listed(names)} in ${this.#exports.directory}. Move that away`,
    );
  }

  /** Every part is there with the bytes that were published, before anything is written. */
  async #look(day: string, parts: readonly PublishedPart[], pace: Pace): Promise<readonly KnownPart[]> {
    const known: KnownPart[] = [];
    const missing: string[] = [];
    const altered: string[] = [];
    for (const part of parts) {
      await pace();
      const bytes = await this.#exports.read(part.path);
      if (bytes === undefined) {
        if (part.isCertain) missing.push(basename(part.path));
      } else if (sha256Of(bytes) !== part.sha256) altered.push(basename(part.path));
      else known.push({ part, ...(await decoded(part, () => this.#format.factsOf(bytes))) });
    }
    if (missing.length > 0) throw notWhole(day, `somebody took ${listed(missing)} away. Put that back`);
    if (altered.length > 0) throw notWhole(day, `somebody changed ${listed(altered)}. Put the original back`);
    if (known.length === 0) throw notWhole(day, 'none of its parts is there');
    return known;
  }

  async #read<T>(part: PublishedPart, decode: (bytes: Uint8Array) => Promise<T>): Promise<T> {
    const bytes = await this.#exports.read(part.path);
    if (bytes === undefined || sha256Of(bytes) !== part.sha256) {
      throw notWhole(
        part.day,
        `somebody took ${basename(part.path)} away or changed it meanwhile. Put the original back`,
      );
    }
    return decoded(part, () => decode(bytes));
  }
}

function inLogOrder(parts: readonly KnownPart[]): readonly KnownPart[] {
  const logs = [...new Set(parts.map(({ from }) => from?.logId))];
  const logOf = ({ from }: KnownPart): number => logs.indexOf(from?.logId);
  const firstOf = ({ from }: KnownPart): number => from?.range.first ?? 0;
  const lastOf = ({ from }: KnownPart): number => from?.range.last ?? 0;
  // stable: otherwise by their part numbers
  return [...parts].sort((a, b) => logOf(a) - logOf(b) || firstOf(a) - firstOf(b) || lastOf(a) - lastOf(b));
}

/** All columns that any part has: the field set may have been changed in mid-day. Where a part has none, cells are null. */
function columnsOf(parts: readonly KnownPart[]): readonly TableColumn[] {
  const all = tableColumns('extended', []);
  const present = new Set<string>();
  for (const { part, columns } of parts) {
    for (const name of columns) {
      if (!all.some((column) => column.name === name)) {
        throw unreadable(part, `it has a column ${name}, which this version does not know`);
      }
      present.add(name);
    }
  }
  return all.filter(({ name }) => present.has(name));
}

function originsOf(parts: readonly KnownPart[]): readonly WrittenFrom[] {
  const origins = new Map<string, WrittenFrom>();
  for (const { from } of parts) {
    if (from === undefined) continue;
    const range = origins.get(from.logId)?.range ?? from.range;
    const first = range.first < from.range.first ? range.first : from.range.first;
    const last = range.last > from.range.last ? range.last : from.range.last;
    origins.set(from.logId, { logId: from.logId, range: { first, last } });
  }
  return [...origins.values()];
}

async function decoded<T>(part: PublishedPart, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw unreadable(part, messageOf(error), error);
  }
}

function unreadable(part: PublishedPart, reason: string, cause?: unknown): CodedError {
  return new CodedError(
    'DAILY_MERGE_PART_UNREADABLE',
    `${part.path} cannot be merged: ${reason}. Was it written by a later version? Start that one.`,
    { file: part.path, day: part.day },
    cause,
  );
}

function notWhole(day: string, problem: string): CodedError {
  return new CodedError(
    'DAILY_MERGE_DAY_NOT_WHOLE',
    `No daily file for ${day}: ${problem}, or leave it at the parts that are there.`,
    { day },
  );
}

/** `a.parquet, b.parquet and 3 more` */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_IN_A_MESSAGE).join(', ');
  const more = names.length - NAMES_IN_A_MESSAGE;
  return `${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
