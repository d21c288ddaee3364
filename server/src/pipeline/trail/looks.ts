import { type EpochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import { messageOf } from '../../domain/errors.ts';
import type { NewLogEntry } from '../../domain/log-entry.ts';
import { serverRecord } from '../../domain/server-record.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLogAppender } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { ViewerSession } from '../ports/viewer-access.ts';

/** What somebody did here; `server.viewer.<kind>` in the log. */
export type LookKind =
  | 'searched'
  | 'opened'
  | 'pictured'
  | 'exported'
  | 'followed'
  | 'retried'
  | 'signed-in'
  | 'signed-out'
  | 'refused';

export interface LooksOptions {
  readonly appender: EventLogAppender;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Facts = Readonly<Record<string, unknown>>;

interface Look {
  readonly kind: LookKind;
  readonly actor: string;
  readonly session: string | null;
  readonly firstAt: EpochMillis;
  readonly dueMs: number;
  facts: Facts;
  times: number;
  /** Of a search: its longest text so far. */
  typed: string;
  /** What comes along with a search, and is recorded only where there is none. */
  isBeside: boolean;
}

export interface LookLikeness {
  /** Looks of one session and kind with the same text become one while they wait. */
  readonly alike: string;
  /** Of a search: the words. While they wait, those that begin with each other are one search that is being typed. */
  readonly typed?: string;
  /** Shows no more than a search with the same filter, and is no record beside one. */
  readonly isBeside?: boolean;
}

/** So long alike looks become one. */
const GATHER_MS: Readonly<Partial<Record<LookKind, number>>> = {
  searched: 3000,
  opened: 3000,
  pictured: 3000,
  refused: 10_000,
};
/** Whoever is not logged in does not fill the log. */
const MAX_NAME_LENGTH = 200;
const FLUSH_MS = 1000;
const MAX_WAITING = 2000;
const MAX_APPENDED = 50;
const WARNING_MS = 60_000;

/**
 * Every look is an event of the same log. Looks wait here for a second or a few, alike ones become one, and one small
 * append is in flight at a time, so that nobody who looks can delay what is received. While the log takes none, they
 * wait; what does not find room any more is counted in the next record.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #waiting = new Map<string, Look>();
  #number = 0;
  #lost = 0;
  #lastWarningMs = Number.NEGATIVE_INFINITY;

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  note(session: ViewerSession, kind: LookKind, facts: Facts, likeness: LookLikeness = { alike: '' }): void {
    const { name, role } = session.reader;
    const { alike, typed = '', isBeside = false } = likeness;
    const about = { role, by: session.by, ...facts };
    const look = { ...this.#begun(kind, name, session.id, about), typed, isBeside };
    this.#add(`${session.id} ${kind} ${alike}`, look);
  }

  /** Nobody that is known. @param alike of one address and reason: those with the same text become one */
  noteRefused(
    facts: { readonly user: string; readonly address: string; readonly reason: string },
    alike: string,
  ): void {
    const user = facts.user.slice(0, MAX_NAME_LENGTH).toWellFormed();
    const look = this.#begun('refused', user, null, { ...facts, user });
    this.#add(`${facts.address} ${facts.reason} ${alike.slice(0, MAX_NAME_LENGTH)}`, look);
  }

  /** Until the signal aborts, and then what waits. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(FLUSH_MS, signal);
      await this.#flush(signal.aborted ? Number.POSITIVE_INFINITY : this.#options.clock.monotonicMs());
    }
  }

  #begun(kind: LookKind, actor: string, session: string | null, facts: Facts): Look {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + (GATHER_MS[kind] ?? 0);
    return { kind, actor, session, firstAt: clock.now(), dueMs, facts, times: 1, typed: '', isBeside: false };
  }

  #add(key: string, look: Look): void {
    const known = this.#waiting.get(key);
    if (known !== undefined && isSameSearch(known.typed, look.typed)) {
      join(known, look);
    } else if (this.#waiting.size >= MAX_WAITING) {
      this.#lost++;
    } else {
      // another search does not hide the one before
      if (known !== undefined) this.#waiting.set(`${key} ${this.#number++}`, known);
      this.#waiting.set(key, look);
    }
  }

  async #flush(nowMs: number): Promise<void> {
    const due = [...this.#waiting].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (let i = 0; i < due.length; i += MAX_APPENDED) {
      const part = due.slice(i, i + MAX_APPENDED);
      // taken out before the append: what comes meanwhile is a look of its own
      for (const [key] of part) this.#waiting.delete(key);
      const lost = this.#lost;
      try {
        await this.#options.appender.append(part.map(([, look], n) => this.#record(look, n === 0 ? lost : 0)));
        this.#lost -= lost;
      } catch (thrown) {
        this.#putBack(part);
        this.#warn(thrown);
        return;
      }
    }
  }

  #record({ kind, actor, session, firstAt, facts, times }: Look, lost: number): NewLogEntry {
    const about = `${session ?? 'nobody'}/${kind}/${toIsoString(firstAt)}/${this.#number++}`;
    const payload = { session, ...facts, times, ...(lost === 0 ? {} : { looksNotRecorded: lost }) };
    return serverRecord({ type: `server.viewer.${kind}`, about, actor, request: 'viewer', at: firstAt, payload });
  }

  #putBack(looks: readonly (readonly [string, Look])[]): void {
    for (const [key, look] of looks) this.#add(key, look);
  }

  #warn(thrown: unknown): void {
    const { clock, logger } = this.#options;
    if (clock.monotonicMs() - this.#lastWarningMs < WARNING_MS) return;
    this.#lastWarningMs = clock.monotonicMs();
    logger.warn(
      { error: messageOf(thrown), waiting: this.#waiting.size },
      'Who looked at the audit trail cannot be recorded yet.',
    );
  }
}

/** A list without words is a look of its own. */
function isSameSearch(before: string, now: string): boolean {
  if (before === '' || now === '') return before === now;
  return now.startsWith(before) || before.startsWith(now);
}

function join(known: Look, look: Look): void {
  if (look.isBeside && !known.isBeside) return;
  const replaces = known.isBeside && !look.isBeside;
  known.times = replaces ? look.times : known.times + look.times;
  known.isBeside = look.isBeside;
  if (look.typed.length < known.typed.length && !replaces) return;
  known.facts = look.facts;
  known.typed = look.typed;
}
