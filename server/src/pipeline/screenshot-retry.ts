import type { Sequence } from '../domain/sequence.ts';
import { sequence } from '../domain/sequence.ts';
import type { Clock } from './ports/clock.ts';
import type { EventLogReader } from './ports/event-log.ts';
import type { LogFactsQueries, LogFactsReader } from './ports/log-facts.ts';
import type { DownloadProblem } from './ports/screenshots.ts';
import type { ScreenshotQueue } from './screenshot-queue.ts';
import { waitingPicture } from './screenshot-scan.ts';
import { imageHostOf } from './screenshot-task.ts';

export interface RetryParts {
  readonly log: EventLogReader;
  readonly facts: LogFactsReader & Pick<LogFactsQueries, 'withoutPicture'>;
  readonly queue: ScreenshotQueue;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
  /** As long as an event waits for its picture. */
  readonly maxWaitMs: number;
  /** There is something new to do. */
  readonly wake: () => void;
}

export interface ScreenshotRetry {
  readonly requestId: number;
  readonly actor: string;
  /** The first event that is meant. */
  readonly from: Sequence;
  /** False: those that still wait are tried at once as well. */
  readonly failedOnly: boolean;
}

const AT_ONCE = 100;
/** An operator waits no longer. What does not come by then is tried once, unless its host fails anyway. */
const TRY_FOR_MS = 60_000;

/**
 * Fetches the pictures of events that were delivered without one; each that comes is a record, and a row, of its own (rule
 * 14). Repeated after a crash it leaves out those that have one by then.
 * @returns for people; undefined: the server stops, and the rest is done by the next one
 */
export async function retryScreenshots(request: ScreenshotRetry, parts: RetryParts): Promise<string | undefined> {
  const { log, facts, queue, clock, stopped, maxWaitMs, wake } = parts;
  await facts.waitPast(sequence(Math.max(0, log.head() - 1)), stopped);
  const hurried = request.failedOnly ? 0 : queue.tryAllNow(clock.monotonicMs());
  if (hurried > 0) wake();
  const through = facts.position();
  const giveUpAt = clock.now() + Math.min(TRY_FOR_MS, maxWaitMs);
  const results: LateResult[] = [];
  for (let after = sequence(Math.max(0, request.from - 1)); !stopped.aborted; ) {
    const page = facts.withoutPicture(after, AT_ONCE).filter(({ subject }) => subject <= through);
    const last = page.at(-1);
    if (last === undefined) break;
    results.push(...(await Promise.all(page.map(({ subject }) => tryAgain(subject, giveUpAt, request, parts)))));
    after = last.subject;
  }
  if (stopped.aborted || results.includes('stopped')) return undefined;
  await facts.waitPast(sequence(Math.max(0, log.head() - 1)), stopped); // the next request knows what this one has done
  return answer(results, hurried);
}

type LateResult = 'saved' | 'stopped' | 'gone' | DownloadProblem;

async function tryAgain(
  seq: Sequence,
  giveUpAt: number,
  { requestId, actor }: ScreenshotRetry,
  { log, queue, stopped, wake }: RetryParts,
): Promise<LateResult> {
  const [item] = await log.read(sequence(seq - 1), { events: 1, bytes: 1 });
  if (item?.kind !== 'event' || item.seq !== seq) return 'gone';
  if (stopped.aborted) return 'stopped';
  const result = new Promise<LateResult>((ended) => {
    const late = { requestId, actor, ended };
    queue.add(waitingPicture(seq, imageHostOf(item), giveUpAt, late));
  });
  wake();
  return result;
}

function answer(results: readonly LateResult[], hurried: number): string {
  const saved = results.filter((result) => result === 'saved').length;
  const problems = results.filter((result) => typeof result === 'object');
  const waiting =
    hurried === 0 ? '' : ` ${hurried} that still ${hurried === 1 ? 'waits is' : 'wait are'} tried at once.`;
  if (results.length === 0) return `No event is without its picture.${waiting}`;
  const pictures = `${saved} ${saved === 1 ? 'picture' : 'pictures'} saved`;
  if (problems.length === 0) return `${pictures}.${waiting}`;
  const left = `${problems.length} ${problems.length === 1 ? 'event is' : 'events are'} still without.`;
  const byReason = new Map<string, DownloadProblem[]>();
  for (const problem of problems) byReason.set(problem.reason, [...(byReason.get(problem.reason) ?? []), problem]);
  const reasons = [...byReason].map(([reason, all]) => `\n  ${all.length} × ${reason}: ${all[0]?.message ?? ''}`);
  return `${pictures}, ${left}${waiting}${reasons.join('')}`;
}
