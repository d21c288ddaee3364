import type { NewLogEntry } from '../domain/log-entry.ts';
import { screenshotRecord, unreadableSubject } from '../domain/screenshot-record.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../domain/sequence.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLog } from './ports/event-log.ts';
import type { LogFactsQueries, LogFactsReader } from './ports/log-facts.ts';
import { screenshotTaskOf } from './screenshot-task.ts';

export interface SettleScreenshotsOptions {
  readonly log: EventLog;
  readonly facts: LogFactsReader & Pick<LogFactsQueries, 'unsettledAwaiting'>;
  readonly clock: Clock;
}

const AT_ONCE = 500;

/**
 * Rule 14, when screenshots are switched off: every event that still awaits one gets its outcome, `disabled`, and is
 * delivered by it. Waits until everything that is in the log by now is known; ingest marks no more. Doing it again does
 * nothing: the records have the same ids.
 * @returns how many were settled. @throws CodedError of the log: go on at the next start
 */
export async function settleScreenshots(options: SettleScreenshotsOptions, signal: AbortSignal): Promise<number> {
  const { log, facts, clock } = options;
  const head = log.head();
  if (head > BEFORE_FIRST) await facts.waitPast(sequence(head - 1), signal);
  let settled = 0;
  for (let after = BEFORE_FIRST; !signal.aborted; ) {
    const subjects = facts.unsettledAwaiting(after, AT_ONCE);
    const last = subjects.at(-1);
    if (last === undefined) break;
    const records: NewLogEntry[] = [];
    for (const subject of subjects) records.push(await disabledRecord(log, subject, clock));
    await log.append(records);
    settled += records.length;
    after = last;
  }
  return settled;
}

async function disabledRecord(log: EventLog, subject: Sequence, clock: Clock): Promise<NewLogEntry> {
  const [item] = await log.read(sequence(subject - 1), { events: 1, bytes: 1 });
  const isThere = item?.kind === 'event' && item.seq === subject;
  const about = isThere ? screenshotTaskOf(item).subject : unreadableSubject(subject);
  const cause = { actor: 'server', request: 'start', at: clock.now() };
  return screenshotRecord(about, { status: 'failed', reason: 'disabled' }, cause);
}
