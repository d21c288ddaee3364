import { messageOf } from '../domain/errors.ts';
import type { Clock } from '../pipeline/ports/clock.ts';
import type { Logger } from '../pipeline/ports/logger.ts';
import type { Metrics } from '../pipeline/ports/metrics.ts';
import type { QlikSessions, ScreenshotSource } from '../pipeline/ports/screenshots.ts';
import type { ScreenshotStatus } from '../pipeline/screenshot-status.ts';
import type { ScreenshotWorker, ScreenshotWorkerOptions } from '../pipeline/screenshot-worker.ts';
import { settleScreenshots } from '../pipeline/settle-screenshots.ts';
import { arePicturesFetched } from './config/are-pictures-fetched.ts';
import type { AuditConfig } from './config/config.ts';

export interface ScreenshotPartOptions extends Pick<ScreenshotWorkerOptions, 'log' | 'facts' | 'paused'> {
  readonly config: AuditConfig;
  readonly logId: string;
  readonly sessions: QlikSessions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What the server does about pictures: fetches them, or, switched off, lets their events go without (rule 14). */
export class ScreenshotPart {
  readonly #options: ScreenshotPartOptions;
  readonly #stopped = new AbortController();
  #worker: ScreenshotWorker | undefined;
  #formerSource: ScreenshotSource | undefined;
  #running: Promise<unknown> | undefined;

  constructor(options: ScreenshotPartOptions) {
    this.#options = options;
  }

  /** Undefined: pictures are not fetched. */
  get worker(): ScreenshotWorker | undefined {
    return this.#worker;
  }

  /** What edits pictures is loaded only where there are some. */
  async start(): Promise<void> {
    const { config, sessions, logger } = this.#options;
    if (arePicturesFetched(config.screenshots)) {
      const { createScreenshotWorker } = await import('./screenshots.ts');
      this.#worker = createScreenshotWorker(config, this.#options);
      this.#running = this.#worker.run();
      return;
    }
    this.#running = settleScreenshots(this.#options, this.#stopped.signal).catch((error: unknown) =>
      logger.warn({ error: messageOf(error) }, 'Events that await pictures are left for the next start.'),
    );
    if (sessions.list().length === 0) return;
    // sessions that a crash left open at Qlik Sense are ended although pictures have been switched off since
    const { createPictureSource } = await import('./screenshots.ts');
    this.#formerSource = createPictureSource(config, this.#options);
  }

  status(): ScreenshotStatus {
    return this.#worker?.status() ?? { state: 'off' };
  }

  publishMetrics(): void {
    this.#worker?.publishMetrics();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#worker?.stop(deadlineMs), this.#formerSource?.close(deadlineMs)]);
    if (this.#worker === undefined) await this.#running;
  }
}
