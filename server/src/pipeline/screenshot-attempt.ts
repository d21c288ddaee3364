import { CodedError, messageOf } from '../domain/errors.ts';
import { annotationLines, type ImageFact, type OffsetMinutesAt } from '../domain/screenshot-annotation.ts';
import type { ScreenshotFile } from '../domain/screenshot-outcome.ts';
import type { Clock } from './ports/clock.ts';
import type { Logger } from './ports/logger.ts';
import type {
  DownloadProblem,
  EditedImage,
  ScreenshotEditor,
  ScreenshotSource,
  ScreenshotStore,
} from './ports/screenshots.ts';
import { type BackOff, Reminder, retryDelayMs } from './retry-policy.ts';
import type { Attempt } from './screenshot-queue.ts';
import type { ScreenshotTask } from './screenshot-task.ts';

export interface PictureParts {
  readonly source: ScreenshotSource;
  readonly editor: ScreenshotEditor;
  readonly store: ScreenshotStore;
  /** What the annotated copy shows; all false: there is none. */
  readonly addInImageMetadata: Readonly<Record<ImageFact, boolean>>;
  readonly offsetMinutesAt: OffsetMinutesAt;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0 … 1 */
  readonly random: () => number;
}

export type AttemptResult =
  | { readonly kind: 'saved'; readonly files: readonly ScreenshotFile[]; readonly note?: string }
  | { readonly kind: 'failed'; readonly problem: DownloadProblem }
  | {
      readonly kind: 'retry';
      readonly problem: DownloadProblem;
      readonly isHostWide: boolean;
      readonly afterMs?: number;
    }
  /** The server stops, or another host needs the place. */
  | { readonly kind: 'brokenOff' };

/** A picture that came in half is fetched again so often. */
const UNREADABLE_TRIES = 3;
/** After so long a folder that cannot be written holds up no picture that another folder has. */
const PATIENCE_MS = 60_000;
const STORE_BACK_OFF: BackOff = { firstDelayMs: 500, maxDelayMs: 5_000 };

/** Fetches one picture, makes what is kept of it, and saves that. */
export class PictureFetcher {
  readonly #parts: PictureParts;
  readonly #writeWarning = new Reminder();
  /** By the monotonic clock; undefined: the last picture was kept in every folder. */
  #notWritableSinceMs: number | undefined;

  constructor(parts: PictureParts) {
    this.#parts = parts;
  }

  /** @param stopped the server stops. A crash anywhere in here: the same again gives the same names and bytes */
  async fetch(task: ScreenshotTask, attempt: Attempt, stopped: AbortSignal): Promise<AttemptResult> {
    const { source } = this.#parts;
    if (task.request === undefined) return failed('no-url', 'The event names no picture that can be fetched.');
    const signal = AbortSignal.any([stopped, attempt.abort.signal]);
    const outcome = await source.download(task.request, signal);
    attempt.isDownloading = false;
    if (outcome.kind === 'downloaded') return this.#keep(task, outcome, attempt, stopped);
    const problem = { reason: outcome.reason, message: outcome.message };
    if (outcome.kind === 'failed') return { kind: 'failed', problem };
    if (signal.aborted) return { kind: 'brokenOff' };
    const { afterMs, hostWide = false } = outcome;
    return { kind: 'retry', problem, isHostWide: hostWide, ...(afterMs === undefined ? {} : { afterMs }) };
  }

  async #keep(
    task: ScreenshotTask,
    { bytes, format }: { readonly bytes: Buffer; readonly format: EditedImage['format'] },
    { picture }: Attempt,
    stopped: AbortSignal,
  ): Promise<AttemptResult> {
    const { editor, addInImageMetadata, offsetMinutesAt } = this.#parts;
    const { eventId, correlationId } = task.name;
    const annotation = annotationLines(task.record, addInImageMetadata, offsetMinutesAt);
    let images: readonly EditedImage[];
    try {
      images = await editor.edit({ bytes, format, crop: task.crop, annotation, eventId, correlationId });
    } catch (thrown) {
      const problem = this.#problemOf(thrown);
      if (problem.reason === 'IMAGE_TOO_LARGE' || ++picture.unreadable >= UNREADABLE_TRIES) {
        return { kind: 'failed', problem };
      }
      return { kind: 'retry', problem, isHostWide: false };
    }
    try {
      return await this.#save(task, images, picture.giveUpAt, stopped);
    } finally {
      for (const { release } of images) release?.();
    }
  }

  /** The bytes stay in memory while a folder cannot be written: Qlik Sense may not have them for long. */
  async #save(
    { name }: ScreenshotTask,
    images: readonly EditedImage[],
    giveUpAt: number,
    stopped: AbortSignal,
  ): Promise<AttemptResult> {
    const { store, clock, random } = this.#parts;
    for (let failures = 1; ; failures++) {
      try {
        const files = await store.save(name, images, 'everywhere');
        this.#writable();
        return saved(files, images);
      } catch (thrown) {
        const problem = this.#problemOf(thrown);
        const isLongSince = this.#notWritable(problem);
        const isOver = clock.now() >= giveUpAt;
        const files = isOver || isLongSince ? await store.save(name, images, 'anywhere').catch(() => []) : [];
        if (files.length > 0) return saved(files, images, problem);
        if (isOver) return { kind: 'failed', problem };
        await clock.sleep(retryDelayMs(STORE_BACK_OFF, failures, random()), stopped);
        if (stopped.aborted) return { kind: 'brokenOff' };
      }
    }
  }

  #problemOf(thrown: unknown): DownloadProblem {
    if (thrown instanceof CodedError) return { reason: thrown.code, message: thrown.message };
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.#parts.logger.error({ error: messageOf(thrown), stack }, 'A picture could not be dealt with.');
    return { reason: 'DEFECT', message: messageOf(thrown) };
  }

  /** @returns whether it has been so for a while */
  #notWritable({ reason, message }: DownloadProblem): boolean {
    const { logger, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#notWritableSinceMs ??= nowMs;
    if (this.#writeWarning.isDue(nowMs)) {
      const consequence = 'events wait and it is tried again; after a minute, other folders are enough.';
      logger.warn({ code: reason, error: message }, `Pictures cannot be kept; their ${consequence}`);
    }
    return nowMs - this.#notWritableSinceMs >= PATIENCE_MS;
  }

  #writable(): void {
    this.#notWritableSinceMs = undefined;
    if (this.#writeWarning.callOff()) this.#parts.logger.info({}, 'Pictures are kept again.');
  }
}

/** @param missing why it is not in every folder */
function saved(
  files: readonly ScreenshotFile[],
  images: readonly EditedImage[],
  missing?: DownloadProblem,
): AttemptResult {
  const notes = [
    images.find((image) => image.note !== undefined)?.note,
    missing && `Not in every folder: ${missing.message}`,
  ];
  const note = notes.filter((text) => text !== undefined).join(' ');
  return { kind: 'saved', files, ...(note === '' ? {} : { note }) };
}

function failed(reason: string, message: string): AttemptResult {
  return { kind: 'failed', problem: { reason, message } };
}
