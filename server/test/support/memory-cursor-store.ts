import { CodedError } from '../../src/domain/errors.ts';
import type { Sequence, SequenceRange } from '../../src/domain/sequence.ts';
import type {
  Attempt,
  CommitDetails,
  Cursor,
  CursorStore,
  PreparedFile,
  Registration,
  Rejection,
} from '../../src/pipeline/ports/cursor-store.ts';

interface Entry {
  committed: Sequence;
  begun: Attempt | undefined;
  delivered: number;
  readonly target: string;
  readonly partsOf: string;
}

export interface RecordedRejection {
  readonly destination: string;
  readonly rejection: Rejection;
}

/** A cursor store without a disk, as strict as the real one. Outlives the workers of a test as the database would. */
export class MemoryCursorStore implements CursorStore {
  /** Dead letters: the last one for each destination and range. */
  rejections: RecordedRejection[] = [];
  /** Every call that changed something, for assertions about order. */
  readonly calls: string[] = [];
  /** Thrown by the next call that would change something, once: the disk did not take it. */
  failNext: CodedError | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #nextParts = new Map<string, number>();

  load(destination: string): Cursor | undefined {
    const entry = this.#entries.get(destination);
    if (entry === undefined) return undefined;
    return { committed: entry.committed, ...(entry.begun === undefined ? {} : { begun: entry.begun }) };
  }

  register(destination: string, committed: Sequence, details: Registration = {}): void {
    this.#change(`register ${destination}`);
    if (this.#entries.has(destination)) return;
    const target = details.target ?? destination;
    const partsOf = details.sharesPartsOfTarget === true ? target : destination;
    this.#entries.set(destination, { committed, begun: undefined, delivered: 0, target, partsOf });
  }

  begin(destination: string, range: SequenceRange, reserve?: { readonly day: string }): Attempt {
    const entry = this.#entryAt(destination, range);
    const open = entry.begun;
    const isSame = open?.range.first === range.first && open.range.last === range.last;
    if (open?.prepared !== undefined && !isSame) throw new CodedError('DEFECT', `${destination}: prepared for another`);
    this.#change(`begin ${destination} ${range.first}-${range.last}`);
    const part = open?.part ?? (reserve === undefined ? undefined : this.#reserve(entry, reserve.day, 1));
    entry.begun = {
      destination,
      range,
      number: isSame ? open.number + 1 : 1,
      ...(part === undefined ? {} : { part }),
      ...(open?.prepared === undefined ? {} : { prepared: open.prepared }),
    };
    return entry.begun;
  }

  prepare(attempt: Attempt, file: PreparedFile): Attempt {
    const entry = this.#entryOf(attempt);
    this.#change(`prepare ${attempt.destination}`);
    entry.begun = { ...attempt, prepared: file };
    return entry.begun;
  }

  reserveNext(attempt: Attempt, atLeast = 1): Attempt {
    const entry = this.#entryOf(attempt);
    const { prepared: _, ...unprepared } = attempt;
    if (attempt.part === undefined) throw new CodedError('DEFECT', `${attempt.destination} reserves no part`);
    this.#change(`reserveNext ${attempt.destination}`);
    entry.begun = { ...unprepared, part: this.#reserve(entry, attempt.part.day, atLeast) };
    return entry.begun;
  }

  raisePartTo(destination: string, day: string, atLeast: number): void {
    const key = `${this.#entry(destination).partsOf} ${day}`;
    this.#change(`raisePartTo ${destination} ${day} ${atLeast}`);
    this.#nextParts.set(key, Math.max(this.#nextParts.get(key) ?? 1, atLeast));
  }

  commit(destination: string, range: SequenceRange, rejected: readonly Rejection[], details: CommitDetails = {}): void {
    const entry = this.#entryAt(destination, range);
    this.#change(`commit ${destination} ${range.first}-${range.last}`);
    for (const rejection of rejected) {
      this.rejections = this.rejections.filter(
        (r) => r.destination !== entry.target || !isSameRange(r.rejection, rejection),
      );
      this.rejections.push({ destination: entry.target, rejection });
    }
    entry.delivered += details.delivered ?? 0;
    entry.committed = range.last;
    entry.begun = undefined;
  }

  #change(call: string): void {
    const failure = this.failNext;
    this.failNext = undefined;
    if (failure !== undefined) throw failure;
    this.calls.push(call);
  }

  #entry(destination: string): Entry {
    const entry = this.#entries.get(destination);
    if (entry === undefined) throw new CodedError('DESTINATION_UNKNOWN', `${destination} was never registered`);
    return entry;
  }

  #entryAt(destination: string, range: SequenceRange): Entry {
    const entry = this.#entry(destination);
    if (entry.committed !== range.first - 1 || range.last < range.first) {
      throw new CodedError('CURSOR_MOVED', `${destination} is at ${entry.committed}, not before ${range.first}`);
    }
    return entry;
  }

  #entryOf(attempt: Attempt): Entry {
    const entry = this.#entry(attempt.destination);
    const { begun } = entry;
    if (begun?.number !== attempt.number || !isSameRange(begun, attempt)) {
      throw new CodedError('CURSOR_MOVED', `this attempt of ${attempt.destination} is over`);
    }
    return entry;
  }

  #reserve(entry: Entry, day: string, atLeast: number): { day: string; part: number } {
    const key = `${entry.partsOf} ${day}`;
    const part = Math.max(this.#nextParts.get(key) ?? 1, atLeast);
    this.#nextParts.set(key, part + 1);
    return { day, part };
  }
}

function isSameRange(a: { readonly range: SequenceRange }, b: { readonly range: SequenceRange }): boolean {
  return a.range.first === b.range.first && a.range.last === b.range.last;
}
