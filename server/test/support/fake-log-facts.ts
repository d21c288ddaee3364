import type { LogItem } from '../../src/domain/log-entry.ts';
import { type Sequence, type SequenceRange, sequence } from '../../src/domain/sequence.ts';
import type { LogFacts, LogFactsReader, Outcome, RepeatedLine } from '../../src/pipeline/ports/log-facts.ts';

/** What a deduplicator would have found in these lines, worked out anew at every question. */
export class FakeLogFacts implements LogFactsReader {
  readonly #lines: () => readonly LogItem[];
  #seenTo: number | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(lines: () => readonly LogItem[]) {
    this.#lines = lines;
  }
  /** From now on the deduplicator has seen this far; undefined: everything. */
  seenTo(seq: number | undefined): void {
    this.#seenTo = seq;
    this.moved();
  }
  moved(): void {
    for (const look of [...this.#waiting]) look();
  }
  position(): Sequence {
    const last = this.#lines().at(-1);
    const head = last === undefined ? 0 : last.kind === 'event' ? last.seq : last.last;
    return sequence(Math.min(head, this.#seenTo ?? head));
  }
  async waitPast(seq: Sequence, signal: AbortSignal): Promise<void> {
    if (this.position() > seq || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (this.position() <= seq && !signal.aborted) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', look, { once: true });
    });
  }
  facts({ first, last }: SequenceRange): LogFacts {
    const repeats = new Map<Sequence, RepeatedLine>();
    const outcomes = new Map<Sequence, Outcome>();
    const firsts = new Map<string, { seq: Sequence; text: string | undefined }>();
    const settled = new Set<Sequence>();
    for (const line of this.#lines()) {
      if (line.kind === 'damaged' || line.seq > last) continue;
      const text = line.private()?.envelopeText;
      const known = firsts.get(`${line.origin} ${line.id}`);
      if (known === undefined) firsts.set(`${line.origin} ${line.id}`, { seq: line.seq, text });
      if (line.origin === 'client' && known !== undefined && line.seq >= first) {
        repeats.set(line.seq, { kind: known.text === text ? 'repeat' : 'conflict', firstSeq: known.seq });
      }
      if (!line.type.startsWith('server.screenshot.') || line.subject === undefined || known !== undefined) continue;
      if (line.seq >= first) outcomes.set(line.seq, { subject: line.subject, first: !settled.has(line.subject) });
      settled.add(line.subject);
    }
    return { repeats, outcomes };
  }
}
