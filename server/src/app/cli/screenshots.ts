import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteLogFactsReader } from '../../adapters/state-sqlite/sqlite-log-facts-reader.ts';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { toIsoString } from '../../domain/epoch-millis.ts';
import type { StoredEvent } from '../../domain/log-entry.ts';
import { membersOf } from '../../domain/payload-member.ts';
import { readScreenshotOutcome } from '../../domain/screenshot-outcome.ts';
import { BEFORE_FIRST, type Sequence, sequence } from '../../domain/sequence.ts';
import type { EventLogReader } from '../../pipeline/ports/event-log.ts';
import { imageHostOf } from '../../pipeline/screenshot-task.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { type LogLook, lookIntoLog } from './log-look.ts';
import { firstAtOrAfter } from './log-position.ts';
import { carryOut } from './operator-request.ts';
import { print } from './output.ts';
import type { CommonOptions, ScreenshotOptions } from './program.ts';
import { formatTable } from './table.ts';

/** An event without its picture. */
interface Missing {
  readonly sequence: Sequence;
  readonly eventId: string;
  readonly receivedAt: string;
  readonly host: string;
  readonly state: 'waiting' | 'failed';
  readonly reason: string | null;
  readonly message: string | null;
}

/** Rule 14: what comes now is a row of its own. */
export async function screenshotsRetry(options: CommonOptions & ScreenshotOptions): Promise<void> {
  const loaded = loadCommandConfig(options);
  const from = await firstMeant(await lookIntoLog(loaded.config), options.since);
  await carryOut(loaded, { kind: 'retry-screenshots', from, failedOnly: options.failed === true });
}

/** Beside a running server or without one. */
export async function screenshotsList(
  options: CommonOptions & ScreenshotOptions & { readonly limit: number; readonly json?: true },
): Promise<void> {
  const { config } = loadCommandConfig(options);
  const look = await lookIntoLog(config);
  const path = join(config.eventLog.directory, 'ids.sqlite');
  if (!existsSync(path)) throw new CommandFailure('Nothing is known of pictures yet: no server has read this log.');
  const facts = new SqliteLogFactsReader(path, systemClock);
  try {
    const after = sequence(Math.max(0, (await firstMeant(look, options.since)) - 1));
    const failed = facts.withoutPicture(after, options.limit);
    const waiting = options.failed === true ? [] : facts.unsettledAwaiting(after, options.limit);
    const both = [...failed, ...waiting.map((subject) => ({ subject, outcome: undefined }))];
    const missing: Missing[] = [];
    for (const { subject, outcome } of both.sort((a, b) => a.subject - b.subject).slice(0, options.limit)) {
      missing.push(await describe(look.reader, subject, outcome));
    }
    if (options.json) print(missing.map((one) => `${JSON.stringify(one)}\n`).join(''));
    else print(table(missing));
  } finally {
    facts.close();
  }
}

async function firstMeant({ reader }: LogLook, since: string | undefined): Promise<Sequence> {
  return since === undefined ? sequence(BEFORE_FIRST + 1) : firstAtOrAfter(reader, since);
}

async function describe(reader: EventLogReader, subject: Sequence, outcome: Sequence | undefined): Promise<Missing> {
  const event = await eventAt(reader, subject);
  const record = outcome === undefined ? undefined : await eventAt(reader, outcome);
  const envelope = record?.private()?.envelope;
  const { message } = membersOf(membersOf(envelope).payload);
  return {
    sequence: subject,
    eventId: event?.id ?? 'unreadable',
    receivedAt: event === undefined ? '' : toIsoString(event.at),
    host: event === undefined ? '' : imageHostOf(event),
    state: outcome === undefined ? 'waiting' : 'failed',
    reason: record === undefined ? null : readScreenshotOutcome(record.type, envelope).reason,
    message: typeof message === 'string' ? message : null,
  };
}

async function eventAt(reader: EventLogReader, seq: Sequence): Promise<StoredEvent | undefined> {
  const [item] = await reader.read(sequence(seq - 1), { events: 1, bytes: 1 });
  return item?.kind === 'event' && item.seq === seq ? item : undefined;
}

function table(missing: readonly Missing[]): string {
  const rows = missing.map((one) => [
    ...[one.sequence, one.eventId, one.receivedAt, one.host, one.state, one.reason ?? '', one.message ?? ''],
  ]);
  const columns = ['sequence', 'event id', 'received', 'host', 'state', 'reason', 'message'];
  return formatTable(columns, rows) || 'No event is without its picture.\n';
}
