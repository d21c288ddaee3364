import type { EpochMillis } from '../../domain/epoch-millis.ts';

/** What an authenticated client sent and the server refused because of its contents. */
export interface RefusedEvent {
  readonly at: EpochMillis;
  readonly ip: string;
  readonly status: 400 | 422;
  readonly reason: string;
  readonly details?: object;
  /** The body, or the element of a batch, as it came. */
  readonly body: string | Buffer;
}

/** An audit server does not drop facts in silence; but what is kept of them is bounded, and ingest never waits for it. */
export interface RefusedStore {
  /** Returns at once. What cannot be kept (too much at a time, a full disk) is counted and warned of. */
  add(event: RefusedEvent): void;
  /** Resolves when everything added before has been written, or has failed. */
  close(): Promise<void>;
}
