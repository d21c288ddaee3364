import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';

/** What to fetch, and for whom. Both come from a browser: bait until proven otherwise (design, Screenshots). */
export interface ScreenshotRequest {
  /** As sent, at most 2048 characters. */
  readonly url: string;
  /** The event's identity string (`UserDirectory=LAB; UserId=john`); null where the event has none. A claim, not proof. */
  readonly userIdentity: string | null;
}

export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'gif';

/**
 * Why there is no picture: a fixed word per cause (it stands in outcome records, rows and metrics) and a sentence for
 * people. Neither ever holds a ticket, a cookie, or the query of the URL.
 */
export interface DownloadProblem {
  readonly reason: string;
  readonly message: string;
}

export type DownloadOutcome =
  | { readonly kind: 'downloaded'; readonly bytes: Buffer; readonly format: ImageFormat } // format by signature
  | ({
      readonly kind: 'retry'; // may come right by itself
      readonly afterMs?: number;
      /** The host, or Qlik Sense's ticket service, is the trouble and not this picture: others there would fare no better. */
      readonly hostWide?: boolean;
    } & DownloadProblem)
  | ({ readonly kind: 'failed' } & DownloadProblem); // asking again changes nothing

/** Where pictures come from. */
export interface ScreenshotSource {
  /** One try. Never throws for what can go wrong outside. An aborted signal answers `retry`. */
  download(request: ScreenshotRequest, signal: AbortSignal): Promise<DownloadOutcome>;
  /** Ends the sessions it holds at Qlik Sense, best effort, within `deadlineMs`. May be called twice. */
  close(deadlineMs: number): Promise<void>;
}

/** The extension's wish, all in pixels of the picture; fractions allowed. */
export interface ScreenshotCrop {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
  /** How far the user had scrolled down: so many rows, those from `scrollAreaOffsetY` on, are taken out. */
  readonly scrollTop?: number;
  /** Where the part that scrolls begins: the height of the title above it. */
  readonly scrollAreaOffsetY?: number;
  /** So many rows above the table's bottom grid line are cut off. */
  readonly renderingOverflow?: number;
}

/** A line of the header of the annotated copy. */
export interface AnnotationLine {
  readonly label: string;
  /** Any script; empty values are left out by the caller. */
  readonly value: string;
}

export interface EditRequest {
  readonly bytes: Buffer;
  readonly format: ImageFormat;
  readonly crop: ScreenshotCrop | undefined;
  /** In order; empty = no annotated copy. */
  readonly annotation: readonly AnnotationLine[];
  /** Written as PNG text chunks of the annotated copy, with the SHA-256 of the downloaded bytes. */
  readonly eventId: string;
  readonly correlationId: string | null;
}

/** One picture to keep. */
export interface EditedImage {
  readonly role: 'seen' | 'annotated' | 'downloaded';
  readonly format: ImageFormat;
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  /** Only with `seen`: a sentence for people, where the crop that was asked for could not be done, or not all of it. */
  readonly note?: string;
  /** Gives the memory of `bytes` back, which are empty then. For when they are saved, or never will be. */
  readonly release?: () => void;
}

/** Makes the pictures that are kept. The same request gives the same bytes. */
export interface ScreenshotEditor {
  /**
   * @returns in the order `seen`, `annotated`, `downloaded`. `seen` are the bytes as they came when nothing was cropped,
   *   and `downloaded` is only there when something was
   * @throws CodedError IMAGE_UNREADABLE, IMAGE_TOO_LARGE (pixels, found before decoding)
   */
  edit(request: EditRequest): Promise<readonly EditedImage[]>;
}

/** What the names of the files of one event are made of. */
export interface ScreenshotName {
  /** Event time, milliseconds UTC; the time of receipt where the event has none. */
  readonly atMs: number;
  readonly eventId: string;
  readonly correlationId: string | null;
}

/** The folders where pictures are kept. */
export interface ScreenshotStore {
  /**
   * Files and folders are synced when it resolves. The same call after a crash gives the same names and bytes; a file of
   * another event is never replaced.
   * @param where `everywhere`: in all folders; `anywhere`: in those that can be written, one at least
   * @returns one per image and folder, paths absolute
   * @throws CodedError when a folder cannot be written now; the others have the files then (try again)
   */
  save(
    name: ScreenshotName,
    images: readonly EditedImage[],
    where: 'everywhere' | 'anywhere',
  ): Promise<readonly ScreenshotFile[]>;
}

/** A session that we opened at Qlik Sense, as it must be known to end it after a crash. */
export interface QlikSession {
  readonly host: string;
  readonly port: number;
  /** Empty: the default virtual proxy. */
  readonly virtualProxy: string;
  /** `DIRECTORY\user`, for people. */
  readonly user: string;
  /** The cookie's value: a secret. */
  readonly sessionId: string;
}

/** Sessions that are open, in the durable database (rule 15). */
export interface QlikSessions {
  /** Durable before the session is used. */
  remember(session: QlikSession): void;
  forget(sessionId: string): void;
  list(): readonly QlikSession[];
}
