import { randomUUID } from 'node:crypto';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import type { NewLogEntry, StoredEvent } from '../../src/domain/log-entry.ts';
import { membersOf } from '../../src/domain/payload-member.ts';
import { IMAGE_FACTS, type ImageFact } from '../../src/domain/screenshot-annotation.ts';
import type { ScreenshotFile } from '../../src/domain/screenshot-outcome.ts';
import { type Sequence, sequence } from '../../src/domain/sequence.ts';
import type { AppendReceipt } from '../../src/pipeline/ports/event-log.ts';
import type {
  DownloadOutcome,
  EditedImage,
  EditRequest,
  ScreenshotName,
  ScreenshotRequest,
} from '../../src/pipeline/ports/screenshots.ts';
import { ScreenshotCounts } from '../../src/pipeline/screenshot-counts.ts';
import { ScreenshotWorker, type ScreenshotWorkerOptions } from '../../src/pipeline/screenshot-worker.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { MemoryEventLog } from '../support/memory-event-log.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

/** How a host behaves, by `host:port`: an answer for every download, or `hang`, or what a function says. */
export type HostBehaviour = DownloadOutcome | 'hang' | ((url: string) => DownloadOutcome | 'hang');

export const PICTURE: DownloadOutcome = { kind: 'downloaded', bytes: Buffer.from('picture'), format: 'png' };
export const NOT_THERE: DownloadOutcome = { kind: 'retry', reason: 'http-404', message: 'HTTP 404.' };
export const DOWN: DownloadOutcome = { kind: 'retry', reason: 'network', message: 'No connection.', hostWide: true };
export const REFUSED: DownloadOutcome = { kind: 'failed', reason: 'host', message: 'This host is not allowed.' };

export interface Outcome extends StoredEvent {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly actor: string | undefined;
}

const TIMEOUT_MS = 15_000;

/** A worker with a log, hosts that behave as told, and a folder; time passes when the test says so. */
export class ScreenshotWorld {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly metrics = new PrometheusMetrics();
  readonly log = new MemoryEventLog();
  readonly hosts = new Map<string, HostBehaviour>();
  readonly downloads: { readonly url: string; readonly atMs: number }[] = [];
  readonly edits: EditRequest[] = [];
  readonly saves: ScreenshotName[] = [];
  /** Of which events the memory of the pictures was given back. */
  readonly released: string[] = [];
  /** What the editor or the folder throws from now on. */
  editFails: unknown;
  saveFails: unknown;
  /** Then there is another folder, which takes what it is given. */
  otherFolderWorks = false;
  isPaused = false;
  closed: number[] = [];
  inFlight = 0;
  mostInFlight = 0;
  worker: ScreenshotWorker;
  readonly #awaiting = new Map<number, { outcome?: string; hasPicture: boolean }>();
  readonly #overrides: Partial<ScreenshotWorkerOptions>;

  constructor(overrides: Partial<ScreenshotWorkerOptions> = {}) {
    this.#overrides = overrides;
    this.worker = this.#newWorker();
  }

  /** The process was killed and starts again: the log is what it knows. */
  restart(): void {
    this.worker = this.#newWorker();
  }

  /** An event that awaits its picture. */
  async event(
    url: string,
    members: Readonly<Record<string, unknown>> = {},
    id: string = randomUUID(),
  ): Promise<number> {
    const envelope = {
      schemaVersion: 1,
      eventId: id,
      timestamp: new Date(this.clock.now()).toISOString(),
      correlationId: `correlation-${id.slice(0, 4)}`,
      type: 'screenshot.url.received',
      payload: {
        context: { user: 'UserDirectory=LAB; UserId=anna', appName: 'Sales' },
        event: { screenshotUrl: url, selectionTxnId: 'txn', ...members },
      },
    };
    const [receipt] = await this.append([
      {
        ...{ origin: 'client', id, type: envelope.type, at: this.clock.now(), awaits: 'screenshot' },
        envelope: JSON.stringify(envelope),
      },
    ]);
    return receipt?.seq ?? 0;
  }

  async append(entries: readonly NewLogEntry[]): Promise<readonly AppendReceipt[]> {
    const receipts = await this.log.append(entries);
    for (const [i, entry] of entries.entries()) {
      const seq = receipts[i]?.seq ?? 0;
      if (entry.awaits !== undefined) this.#awaiting.set(seq, { hasPicture: false });
      const subject = entry.subject === undefined ? undefined : this.#awaiting.get(entry.subject);
      if (subject === undefined || !entry.type.startsWith('server.screenshot.')) continue;
      subject.outcome ??= entry.type;
      if (entry.type === 'server.screenshot.saved') subject.hasPicture = true;
    }
    return receipts;
  }

  /** Every outcome record, in log order. */
  async outcomes(): Promise<readonly Outcome[]> {
    const items = await this.log.read(sequence(0), { events: 1e6, bytes: 1e12 });
    return items.flatMap((item) => {
      if (item.kind !== 'event' || item.origin !== 'server') return [];
      const payload = membersOf(membersOf(item.private()?.envelope).payload);
      return [{ ...item, payload, actor: item.private()?.actor }];
    });
  }

  /** `5 saved`, `7 failed expired`, in log order. */
  async outline(): Promise<string[]> {
    return (await this.outcomes()).map(({ subject, payload }) =>
      [subject, payload.status, payload.reason].filter((part) => part !== null).join(' '),
    );
  }

  async run(forMs = 0): Promise<void> {
    void this.worker.run();
    await settle(20);
    await this.clock.advance(forMs);
    await settle(20);
  }

  #newWorker(): ScreenshotWorker {
    const unsettled = () => [...this.#awaiting].filter(([, { outcome }]) => outcome === undefined);
    const after = (all: (readonly [number, unknown])[], seq: Sequence, limit: number) =>
      all
        .map(([one]) => sequence(one))
        .filter((one) => one > seq)
        .slice(0, limit);
    const { log, clock } = this;
    return new ScreenshotWorker({
      log: {
        append: (entries) => this.append(entries),
        read: (...args) => log.read(...args),
        head: () => log.head(),
        firstRetained: () => log.firstRetained(),
        waitPast: (...args) => log.waitPast(...args),
      },
      facts: {
        position: () => log.head(),
        waitPast: (seq, signal) => log.waitPast(seq, signal),
        facts: () => ({ repeats: new Map(), outcomes: new Map() }),
        unsettledAwaiting: (seq, limit) => after(unsettled(), seq, limit),
        unsettledCount: () => unsettled().length,
        withoutPicture: (seq, limit) =>
          after(
            [...this.#awaiting].filter(([, one]) => one.outcome !== undefined && !one.hasPicture),
            seq,
            limit,
          ).map((subject) => ({ subject, outcome: subject })),
      },
      source: {
        download: (request, signal) => this.#download(request, signal),
        close: async (deadlineMs) => void this.closed.push(deadlineMs),
      },
      editor: { edit: async (request) => this.#edit(request) },
      store: { save: async (name, images, where) => this.#save(name, images, where) },
      addInImageMetadata: Object.fromEntries(IMAGE_FACTS.map((fact) => [fact, true])) as Record<ImageFact, boolean>,
      offsetMinutesAt: () => 0,
      counts: new ScreenshotCounts(this.metrics),
      maxConcurrent: 4,
      maxWaitMs: 3_600_000,
      paused: () => this.isPaused,
      random: () => 0.5,
      clock,
      logger: this.logger,
      ...this.#overrides,
    });
  }

  async #download({ url }: ScreenshotRequest, signal: AbortSignal): Promise<DownloadOutcome> {
    this.downloads.push({ url, atMs: this.clock.monotonicMs() });
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    const behaviour = this.hosts.get(new URL(url).host) ?? PICTURE;
    const answer = typeof behaviour === 'function' ? behaviour(url) : behaviour;
    if (answer === 'hang') await this.clock.sleep(TIMEOUT_MS, signal);
    else await settle(1);
    this.inFlight--;
    if (answer !== 'hang') return answer;
    return { kind: 'retry', reason: 'timeout', message: 'No answer.', hostWide: true };
  }

  #edit(request: EditRequest): readonly EditedImage[] {
    this.edits.push(request);
    if (this.editFails !== undefined) throw this.editFails;
    const { bytes, format } = request;
    return [{ role: 'seen', format, bytes, width: 1, height: 1, release: () => this.released.push(request.eventId) }];
  }

  #save(name: ScreenshotName, images: readonly EditedImage[], where: string): readonly ScreenshotFile[] {
    const isEnough = where === 'anywhere' && this.otherFolderWorks;
    if (this.saveFails !== undefined && !isEnough) throw this.saveFails;
    this.saves.push(name);
    return images.map(({ role, bytes, width, height }) => ({
      ...{ path: `/pictures/${name.eventId}`, role, sha256: '00', bytes: bytes.length, width, height },
    }));
  }
}
