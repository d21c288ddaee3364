import { createHash } from 'node:crypto';
import { membersOf } from '../../server/src/domain/payload-member.ts';
import type {
  TrailEvent,
  TrailEventDetail,
  TrailObjectData,
  TrailScreenshotSummary,
  TrailSelection,
} from '../../server/src/domain/trail.ts';
import { parseUserIdentity } from '../../server/src/domain/user-identity.ts';
import type { Envelope, MockEnvelope } from './history.ts';

/** An event as the mock keeps it. */
export interface Kept {
  readonly event: TrailEvent;
  readonly envelope: Envelope;
  readonly timeMs: number;
  /** What `q` looks through, in lower case. */
  readonly text: string;
}

type Members = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function keep(item: MockEnvelope, sequence: number): Kept {
  const { envelope, receivedAtMs } = item;
  const context = membersOf(envelope.payload.context);
  const event = membersOf(envelope.payload.event);
  const user = textOf(context.user);
  const identity = user === null ? null : parseUserIdentity(user);
  const isServer = envelope.type.startsWith('server.');
  const projected: TrailEvent = {
    sequence,
    eventId: envelope.eventId,
    eventType: envelope.type,
    origin: isServer ? 'server' : 'client',
    time: new Date(envelope.timestamp).toISOString(),
    receivedAt: new Date(receivedAtMs).toISOString(),
    user: user === null ? null : { id: user, directory: identity?.directory ?? null, name: identity?.user ?? user },
    appId: textOf(context.appId),
    appName: textOf(context.appName),
    sheetId: textOf(context.sheetId),
    sheetName: textOf(context.sheetName),
    objectId: textOf(event.objectId),
    objectType: textOf(event.objectType) ?? textOf(event.vizType),
    selectionTxnId: textOf(event.selectionTxnId),
    correlationId: envelope.correlationId ?? null,
    durationMs: typeof event.duration === 'number' ? event.duration : null,
    visible: typeof event.visible === 'boolean' ? event.visible : null,
    selections:
      envelope.type === 'selection.state.changed' ? selectionsOf(event).map(selectionText).join('; ') || null : null,
    screenshot: envelope.type === 'screenshot.url.received' ? screenshotOf(envelope, sequence) : null,
    isConflict: event.isConflict === true,
  };
  return { event: projected, envelope, timeMs: Date.parse(projected.time), text: searchText(projected) };
}

function searchText(event: TrailEvent): string {
  const { user, appId, appName, sheetId, sheetName, objectId, selections, eventType } = event;
  const names = [user?.id, appName, sheetName, selections, eventType];
  const ids = [appId, sheetId, objectId, event.eventId, event.selectionTxnId, event.correlationId];
  return [...names, ...ids]
    .filter((part) => typeof part === 'string')
    .join(' ')
    .toLowerCase();
}

function screenshotOf(envelope: Envelope, sequence: number): TrailScreenshotSummary {
  const url = (variant: string) => `/api/v1/trail/screenshots/${envelope.eventId}?variant=${variant}`;
  if (sequence % 17 === 3)
    return {
      status: 'failed',
      reason: 'Qlik Sense no longer had the picture (404).',
      originalUrl: null,
      annotatedUrl: null,
    };
  return { status: 'saved', reason: null, originalUrl: url('original'), annotatedUrl: url('annotated') };
}

export function selectionsOf(event: Members): readonly TrailSelection[] {
  const details = Array.isArray(event.details) ? (event.details as Members[]) : [];
  return details.map((detail) => {
    const values = String(detail.qSelected ?? '').split(', ');
    return { field: String(detail.qField ?? ''), values, count: Number(detail.qSelectedCount ?? values.length) };
  });
}

function selectionText({ field, values }: TrailSelection): string {
  return `${field} = ${values.join(', ')}`;
}

export function objectDataOf(event: Members): TrailObjectData | null {
  const data = event.objectData as
    | { dimensions?: { label: string; values: string[] }[]; measures?: { label: string; values: string[] }[] }
    | undefined;
  if (data === undefined) return null;
  const columns = [...(data.dimensions ?? []), ...(data.measures ?? [])];
  const totalRows = Math.max(0, ...columns.map(({ values }) => values.length));
  const rows = Array.from({ length: Math.min(1000, totalRows) }, (_, row) =>
    columns.map(({ values }) => {
      const value = values[row] ?? null;
      return value !== null && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    }),
  );
  return { title: textOf(event.title), columns: columns.map(({ label }) => label), rows, totalRows };
}

/** As the server says it. */
export function sentenceOf({ event }: Kept): string {
  const who = event.user?.name ?? 'Somebody';
  const where = [event.appName, event.sheetName].filter((name) => name !== null).join(' / ');
  const at = where === '' ? '' : ` in ${where}`;
  const object = `${event.objectType ?? 'object'} ${event.objectId ?? ''}`.trim();
  switch (event.eventType) {
    case 'selection.state.changed':
      return `${who} selected ${event.selections ?? 'something'}${at}`;
    case 'app.model.validated':
      return `Qlik Sense had calculated what ${who} selected${at}`;
    case 'screenshot.url.received':
      return `${who} saw the ${object}${at}`;
    case 'object.view.duration':
      return `${who} viewed the ${object} for ${((event.durationMs ?? 0) / 1000).toFixed(1)} s${at}`;
    case 'object.visibility.changed':
      return `The ${object} came into ${who}’s view${at}`;
    case 'navigation.sheet.loaded':
      return `${who} opened ${where}`;
    default:
      return `${event.eventType} by ${who}${at}`;
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function detailOf(kept: Kept, neighbours: readonly TrailEvent[]): TrailEventDetail {
  const { event, envelope } = kept;
  const payload = membersOf(envelope.payload.event);
  const picture = event.screenshot?.status === 'saved' ? event.screenshot : null;
  const file = (role: 'seen' | 'annotated', url: string | null, height: number) => ({
    role,
    path: `audit-events/screenshots/${event.time.slice(0, 10)}/${event.eventId}-${role}.png`,
    sha256: sha256(event.eventId + role),
    bytes: 48_213 + (event.sequence % 9000),
    width: 1280,
    height,
    url,
  });
  return {
    event,
    sentence: sentenceOf(kept),
    envelope,
    record: { ...event, user: undefined, userId: event.user?.id ?? null, tags: { qs_env: 'prod' } },
    receipt: {
      receivedAt: event.receivedAt,
      ip: '10.20.4.17',
      auditQsVersion: '0.3.2',
      digest: sha256(event.eventId),
      logId: '0198a3c4-77d1-7c55-9a3e-0d4f3f0b6c11',
    },
    selections: event.eventType === 'selection.state.changed' ? selectionsOf(payload) : [],
    objectData: objectDataOf(payload),
    deliveries:
      event.origin === 'server'
        ? []
        : [
            { destination: 'parquet', state: 'delivered', reason: null },
            { destination: 'qvd', state: 'delivered', reason: null },
            event.sequence % 11 === 5
              ? { destination: 'influxdb', state: 'dead-letter', reason: 'The point was refused: field type conflict.' }
              : { destination: 'influxdb', state: event.sequence % 5 === 0 ? 'waiting' : 'delivered', reason: null },
          ],
    screenshots:
      picture === null ? [] : [file('seen', picture.originalUrl, 720), file('annotated', picture.annotatedUrl, 806)],
    neighbours,
  };
}
