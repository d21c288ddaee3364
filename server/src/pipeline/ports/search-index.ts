import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { Origin } from '../../domain/log-entry.ts';
import type { Sequence } from '../../domain/sequence.ts';

/** What the viewer shows in lists, filters and sorts by; everything else it reads from the log, by sequence. */
export interface SearchEntry {
  readonly sequence: Sequence;
  readonly eventId: string;
  readonly origin: Origin;
  /** Its id is that of another event (rule 13): shown, and delivered nowhere. */
  readonly isConflict: boolean;
  /** Left out of lists unless its type is asked for: what the log says about itself and about who looks at it. */
  readonly isHidden: boolean;
  /** A picture follows (rule 2). */
  readonly awaitsPicture: boolean;
  /** When it happened, by the browser's clock; where that says nothing, when it was received. */
  readonly time: EpochMillis;
  readonly receivedAt: EpochMillis;
  readonly eventType: string;
  readonly userId: string | null;
  readonly appId: string | null;
  readonly appName: string | null;
  readonly sheetId: string | null;
  readonly sheetName: string | null;
  readonly objectId: string | null;
  readonly objectType: string | null;
  readonly selectionTxnId: string | null;
  readonly correlationId: string | null;
  readonly durationMs: bigint | null;
  readonly visible: boolean | null;
  /** A short text for people; null unless it is a selection. */
  readonly selections: string | null;
  /** Fields and values that were selected, to be found by. */
  readonly selectionTexts: readonly string[];
}

/** What became of the picture of one event; a later one is an entry of its own. */
export interface PictureEntry {
  /** The event. */
  readonly subject: Sequence;
  /** The outcome record. */
  readonly sequence: Sequence;
  readonly status: string;
  readonly reason: string | null;
  /** JSON array of `ScreenshotFile`. */
  readonly files: string;
}

export interface SearchBatch {
  readonly entries: readonly SearchEntry[];
  readonly pictures: readonly PictureEntry[];
  readonly position: Sequence;
  readonly lastDigest?: string;
}

/** Write side of the viewer's table. Rebuildable. @throws CodedError INDEX_DAMAGED: `startOver` and read again */
export interface SearchIndex {
  position(): Sequence;
  /** The digest of the line at `position()`. */
  lastDigest(): string | undefined;
  /** Rows and position in one transaction. */
  record(batch: SearchBatch): void;
  /** Retention deleted everything before. In pieces, between which others may write and read. */
  forgetBefore(firstRetained: Sequence): Promise<void>;
  startOver(reason: 'damaged' | 'other log' | 'reindex'): void;
}
