import type { ScreenshotEnding } from '../domain/screenshot-record.ts';
import type { Histogram, Metrics } from './ports/metrics.ts';
import type { AttemptResult } from './screenshot-attempt.ts';

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];

/** What has become of pictures since the start. */
export class ScreenshotCounts {
  readonly #metrics: Metrics;
  readonly #seconds: Histogram;
  #saved = 0;
  #failed = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
    this.#seconds = metrics.histogram(
      'butler_sos_audit_screenshot_seconds',
      'From the start of a download until its outcome is in the log; attempts that are repeated are left out.',
      SECONDS,
    );
    this.publish(0, 0);
  }

  get saved(): number {
    return this.#saved;
  }

  get failed(): number {
    return this.#failed;
  }

  attempted(kind: AttemptResult['kind'], durationMs: number): void {
    if (kind === 'saved' || kind === 'failed') this.#seconds.observe(durationMs / 1000);
  }

  retried(reason: string): void {
    this.#count('retried', 'Downloads that did not work out and are repeated, by reason.', { reason });
  }

  ended(ending: ScreenshotEnding, isLate: boolean): void {
    if (ending.status === 'saved') {
      this.#saved++;
      this.#count('saved', 'Events whose picture was saved.', { late: String(isLate) });
      return;
    }
    this.#failed++;
    this.#count('failed', 'Events for which no picture came, by reason.', { reason: ending.reason });
  }

  publish(inFlight: number, waiting: number): void {
    const gauge = (name: string, help: string) => this.#metrics.gauge(`butler_sos_audit_screenshots_${name}`, help);
    gauge('in_flight', 'Pictures that are being fetched, edited or saved.').set(inFlight);
    gauge('waiting', 'Events that await their picture.').set(waiting);
  }

  #count(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    this.#metrics.counter(`butler_sos_audit_screenshots_${name}_total`, help, labels).add();
  }
}
