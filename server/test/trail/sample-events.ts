import type { LineSketch } from '../state/array-log.ts';
import { uuid } from '../state/array-log.ts';

export const SALES = '7d5f6e2a-1111-4222-8333-444444444444';
export const FINANCE = '7d5f6e2a-2222-4222-8333-444444444444';

export interface EventSketch {
  readonly id: number;
  readonly type?: string;
  /** Milliseconds since 1970. */
  readonly at?: number;
  readonly user?: string | null;
  readonly app?: string | null;
  readonly appName?: string;
  readonly sheet?: string;
  readonly sheetName?: string;
  readonly object?: string;
  readonly txn?: string;
  readonly correlation?: string;
  readonly durationMs?: number;
  readonly details?: unknown;
  readonly objectData?: unknown;
  readonly screenshotUrl?: string;
  readonly awaits?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

export const START = Date.UTC(2026, 10, 23, 7);

/** An event as Audit.qs sends it. Without a time: a second after the one before, by its id. */
export function eventLine(sketch: EventSketch): LineSketch {
  const { id, type = 'object.view.duration', at = START + id * 1000, awaits } = sketch;
  const given = (members: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
  const envelope = {
    schemaVersion: 1,
    eventId: uuid(id),
    timestamp: new Date(at).toISOString(),
    ...given({ correlationId: sketch.correlation ?? sketch.txn }),
    type,
    payload: {
      context: given({
        appId: sketch.app === undefined ? SALES : sketch.app,
        appName: sketch.appName ?? (sketch.app === FINANCE ? 'Finance' : 'Försäljning'),
        user: sketch.user === undefined ? 'UserDirectory=LAB; UserId=anna.öberg' : sketch.user,
        sheetId: sketch.sheet,
        sheetName: sketch.sheetName,
      }),
      event: given({
        objectId: sketch.object,
        selectionTxnId: sketch.txn,
        duration: sketch.durationMs,
        details: sketch.details,
        objectData: sketch.objectData,
        screenshotUrl: sketch.screenshotUrl,
        ...sketch.more,
      }),
    },
  };
  return { id, type, at: at + 5, text: JSON.stringify(envelope), ...(awaits === true ? { awaits: true } : {}) };
}

/** `server.screenshot.saved` for the line `subject`. */
export function savedLine(id: number, subject: number, files: readonly object[], txn?: string): LineSketch {
  const payload = {
    subjectEventId: uuid(subject),
    correlationId: null,
    selectionTxnId: txn ?? null,
    status: 'saved',
    reason: null,
    files,
  };
  return {
    id,
    origin: 'server',
    type: 'server.screenshot.saved',
    subject,
    text: JSON.stringify({ eventId: uuid(id), type: 'server.screenshot.saved', payload }),
  };
}

export const ids = (items: readonly { readonly eventId: string }[]): readonly number[] =>
  items.map(({ eventId }) => Number(eventId.slice(-12)));
