/**
 * The answers of the trail API (`/api/v1/trail/…`): what people ask the audit trail, and what they get. All members are
 * plain JSON. The page imports these types and nothing else of the server.
 *
 * Times are ISO 8601 text in UTC with milliseconds. Sequences are numbers. What an event does not say is null.
 */

/** Every filter may be given several times: any of its values. Different filters: all of them. */
export interface TrailFilter {
  /** Inclusive; ISO 8601 with an offset, or a date (its start, UTC). */
  readonly from?: string;
  /** Exclusive; a date is its start. */
  readonly to?: string;
  /** An identity string as stored, or a user name, in any letter case. */
  readonly user?: readonly string[];
  readonly appId?: readonly string[];
  readonly sheetId?: readonly string[];
  readonly objectId?: readonly string[];
  /**
   * `server.viewer.*`: all that begin so. Without this filter, lists leave out what the log says about itself:
   * `server.synced`, `server.screenshot.*` (pictures are shown at their event) and `server.viewer.*` (who looked).
   */
  readonly eventType?: readonly string[];
  readonly selectionTxnId?: readonly string[];
  readonly correlationId?: readonly string[];
  /** Of `time`: hours 0-23, UTC. */
  readonly hour?: readonly number[];
  /** Of `time`: 1-7, Monday first, UTC. */
  readonly weekday?: readonly number[];
  /** Words; all must occur (as beginnings of words) in names, users, selections or ids. */
  readonly q?: string;
}

/** Newest first; `cursor` of one answer gives the next, and stays valid while events arrive. */
export interface TrailPage<T> {
  readonly items: readonly T[];
  /** Null: the end. */
  readonly nextCursor: string | null;
}

/** One line of a list. */
export interface TrailEvent {
  readonly sequence: number;
  readonly eventId: string;
  readonly eventType: string;
  /** `client`, or `server` for what the server itself learnt. */
  readonly origin: 'client' | 'server';
  /** By the browser's clock; the time of receipt where that says nothing. */
  readonly time: string;
  readonly receivedAt: string;
  readonly user: TrailUser | null;
  readonly appId: string | null;
  readonly appName: string | null;
  readonly sheetId: string | null;
  readonly sheetName: string | null;
  readonly objectId: string | null;
  readonly objectType: string | null;
  readonly selectionTxnId: string | null;
  readonly correlationId: string | null;
  readonly durationMs: number | null;
  readonly visible: boolean | null;
  /** A short text for people: `Region = Europe, Asia`; of a look at the trail, what was asked for. Null for all else. */
  readonly selections: string | null;
  readonly screenshot: TrailScreenshotSummary | null;
  /** Its id is that of an earlier event with other contents: kept, shown, delivered nowhere. */
  readonly isConflict: boolean;
}

export interface TrailUser {
  /** As stored: what the filter `user` takes. */
  readonly id: string;
  readonly directory: string | null;
  /** What to show. */
  readonly name: string;
}

export interface TrailScreenshotSummary {
  readonly status: 'waiting' | 'saved' | 'failed';
  readonly reason: string | null;
  /** Absolute path (`/api/v1/trail/screenshots/…`); null when there is no picture, or this reader may not see pictures. */
  readonly originalUrl: string | null;
  readonly annotatedUrl: string | null;
}

export interface TrailEventDetail {
  readonly event: TrailEvent;
  /** A sentence for people: `Anna selected Region = Europe, Asia in Sales / Overview`. */
  readonly sentence: string;
  /** Exactly as received. Null once erased. */
  readonly envelope: unknown;
  /**
   * The derived fields as destinations get them (docs/audit-record.md), 64-bit integers as text beyond 2^53; without
   * `objectData` and `rawEnvelope`, which stand in the envelope.
   */
  readonly record: Readonly<Record<string, unknown>>;
  readonly receipt: {
    readonly receivedAt: string;
    readonly ip: string | null;
    readonly auditQsVersion: string | null;
    /** Of the log line's private part. */
    readonly digest: string;
    readonly logId: string;
  };
  readonly selections: readonly TrailSelection[];
  /** Null: none came with it, or this reader may not see object data. */
  readonly objectData: TrailObjectData | null;
  readonly deliveries: readonly TrailDelivery[];
  readonly screenshots: readonly TrailScreenshotFile[];
  /** Others of its transaction, in order of time. */
  readonly neighbours: readonly TrailEvent[];
}

export interface TrailSelection {
  readonly field: string;
  readonly values: readonly string[];
  /** How many there are when not all were sent. */
  readonly count: number;
}

export interface TrailObjectData {
  readonly title: string | null;
  readonly columns: readonly string[];
  /** At most 1000; `totalRows` says how many were sent. The text of a cell is cut after 10,000 characters. */
  readonly rows: readonly (readonly (string | number | null)[])[];
  readonly totalRows: number;
}

export interface TrailDelivery {
  readonly destination: string;
  /** `skipped`: by an operator, or older than the destination's beginning. */
  readonly state: 'delivered' | 'waiting' | 'dead-letter' | 'not-delivered';
  /** The error of a dead letter; why it is not delivered. */
  readonly reason: string | null;
}

export interface TrailScreenshotFile {
  readonly role: 'seen' | 'annotated' | 'downloaded';
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Null where this reader may not see pictures. */
  readonly url: string | null;
}

/** selection → validated → screenshot → durations. */
export interface TrailTransaction {
  readonly selectionTxnId: string;
  readonly sentence: string;
  readonly steps: readonly {
    readonly event: TrailEvent;
    /** Since the step before; null for the first. */
    readonly gapMs: number | null;
  }[];
}

/** One user's time, as lanes by app and sheet. */
export interface TrailTimeline {
  readonly user: TrailUser;
  readonly from: string;
  readonly to: string;
  readonly lanes: readonly {
    readonly appId: string | null;
    readonly appName: string | null;
    readonly sheetId: string | null;
    readonly sheetName: string | null;
    readonly spans: readonly {
      readonly from: string;
      readonly to: string;
      readonly durationMs: number;
      readonly objectId: string | null;
      readonly eventId: string;
    }[];
    readonly events: readonly TrailEvent[];
  }[];
  /** More events than can be shown; narrow the time. */
  readonly isCut: boolean;
}

export interface TrailApp {
  readonly appId: string;
  readonly appName: string | null;
  readonly events: number;
  readonly users: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

export type SummaryBy = 'app' | 'sheet' | 'object' | 'user' | 'hour' | 'weekday' | 'day' | 'eventType' | 'first-open';

/** By what the rows of a summary are ranked, the most first. */
export type SummaryOrder = 'events' | 'views' | 'users' | 'time';

export interface TrailSummary {
  readonly by: SummaryBy;
  readonly rows: readonly TrailSummaryRow[];
  /** More events match than could be counted in time: the newest were. Narrow the filter. */
  readonly isPartial?: boolean;
  /** Medians are those of the newest 2,000 views, or users those who were ever there and did anything in that time. */
  readonly isApproximate?: boolean;
}

export interface TrailSummaryRow {
  /** Value for the filter of the same name; `hour` 0-23 and `weekday` 1-7 (Monday first) in UTC; `day` YYYY-MM-DD. */
  readonly key: string;
  /** What to show. */
  readonly label: string;
  /** Of `user` and `first-open`: who. Of `first-open`, `key` is the app. */
  readonly user: TrailUser | null;
  readonly firstAt: string | null;
  readonly events: number;
  /** Object views: events with a duration. */
  readonly views: number;
  readonly users: number;
  readonly totalMs: number;
  readonly medianMs: number | null;
}

/** For the bars above the list. */
export interface TrailHistogram {
  readonly from: string;
  readonly to: string;
  readonly bucketMs: number;
  /** Ascending; empty buckets are left out. */
  readonly buckets: readonly { readonly at: string; readonly events: number }[];
  readonly total: number;
}

/** What the search box suggests. */
export interface TrailSuggestion {
  readonly kind: 'user' | 'app' | 'sheet' | 'eventType' | 'event' | 'transaction';
  readonly value: string;
  readonly label: string;
  readonly events: number | null;
}

/** Who is looking, and what they may do. */
export interface TrailSession {
  readonly name: string;
  readonly role: 'reader' | 'admin';
  /** Null: all. */
  readonly apps: readonly string[] | null;
  readonly maySeePictures: boolean;
  readonly maySeeObjectData: boolean;
  /** Goes as `X-CSRF-Token` with every POST and DELETE. */
  readonly csrfToken: string;
}

/** Which ways lead in, besides link and password. */
export interface TrailLogInOptions {
  /** An identity provider, by the name to show; null: none. */
  readonly provider: { readonly label: string } | null;
}

/** Where the browser has to go. */
export interface TrailRedirect {
  readonly url: string;
}

/** What `/api/v1/status` says; the page copes with members that are missing. */
export interface TrailSystem {
  readonly product?: { readonly name: string; readonly version: string };
  readonly log?: {
    readonly directory: string;
    readonly logId: string;
    readonly head: number;
    readonly disk?: { readonly isFull: boolean; readonly freeBytes?: number | undefined };
  };
  readonly logBytes?: number | undefined;
  readonly queue?: {
    readonly queueSize: number;
    readonly queueMaxSize: number;
    readonly utilizationPct: number;
    readonly backpressureActive: boolean;
  };
  readonly destinations?: readonly TrailDestination[];
  readonly deduplicator?: { readonly position: number };
  readonly searchIndex?: { readonly position: number };
}

export interface TrailDestination {
  readonly name: string;
  /** `idle`, `waiting`, `delivering`, `retrying`, `stopped`. */
  readonly state: string;
  readonly committed: number;
  readonly head: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly delivered: number;
  readonly deadLetters: number;
  /** Bytes of the log that retention keeps for it. */
  readonly heldBytes?: number;
  /** Times in milliseconds since 1970. */
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: number };
  readonly lastSuccessAt?: number;
}

export interface TrailDeadLetter {
  readonly id: number;
  readonly destination: string;
  readonly range: { readonly first: number; readonly last: number };
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly code: string;
  readonly message: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Every error: one sentence that says what to do. */
export interface TrailError {
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * The paths, below `/api/v1/trail`:
 *
 * - `GET session` → TrailSession, 401 without one; `POST session` {link}, {user, password} or {callback} → TrailSession; `DELETE session`
 * - `GET log-in-options` → TrailLogInOptions, without a session
 * - `POST session/provider` → TrailRedirect: the browser goes there and comes back to `/login?code=…&state=…`, whose query
 *   the page takes from the address and sends as `callback`
 * - `GET events?…TrailFilter&limit&cursor` → TrailPage<TrailEvent>
 * - `GET events/{eventId}?sequence` → TrailEventDetail; `sequence` chooses among lines with one id (`isConflict`)
 * - `GET transactions/{selectionTxnId}` → TrailTransaction
 * - `GET users/{user}/timeline?from&to` → TrailTimeline
 * - `GET users?q&limit` → { items: (TrailUser & {events, firstSeen, lastSeen})[] }
 * - `GET apps?…TrailFilter` → { items: TrailApp[] }
 * - `GET summary?by&…TrailFilter&limit` → TrailSummary
 * - `GET histogram?…TrailFilter&buckets` → TrailHistogram
 * - `GET suggest?q` → { items: TrailSuggestion[] }
 * - `GET screenshots/{eventId}?variant=original|annotated|downloaded` → the picture
 * - `GET live?…TrailFilter` → server-sent events; `id:` is the sequence, `data:` a TrailEvent; resumes by `Last-Event-ID`
 * - `GET export?format=ndjson|csv|parquet|qvd&…TrailFilter` → a file
 * - `GET system` → admin: TrailSystem
 * - `GET dead-letters?destination&cursor` → admin: TrailPage<TrailDeadLetter>
 * - `POST dead-letters/retry` {destination, ids?} → admin: 202
 * - `GET openapi.json`
 *
 * The page's own addresses, all answered with its index.html: `/`, `/events/{eventId}`, `/transactions/{selectionTxnId}`,
 * `/story`, `/insights`, `/live`, `/system`, `/login` (which also takes `#link=TOKEN`, and the query of an identity provider). Its files are below `/assets/`.
 */
export const TRAIL_ROOT = '/api/v1/trail';
