import { type AuditRecord, auditRecordOf } from '../domain/audit-record.ts';
import type { StoredEvent } from '../domain/log-entry.ts';
import { eventValue, membersOf, payloadPlaces } from '../domain/payload-member.ts';
import type { ScreenshotSubject } from '../domain/screenshot-record.ts';
import type { ScreenshotCrop, ScreenshotName, ScreenshotRequest } from './ports/screenshots.ts';

/** Everything about one picture that its event says. */
export interface ScreenshotTask {
  readonly subject: ScreenshotSubject;
  readonly record: AuditRecord;
  /** Undefined: the event names no picture, or was erased. */
  readonly request: ScreenshotRequest | undefined;
  readonly crop: ScreenshotCrop | undefined;
  readonly name: ScreenshotName;
}

/** Never throws, whatever the envelope holds. */
export function screenshotTaskOf(event: StoredEvent): ScreenshotTask {
  const record = auditRecordOf(event);
  const { eventId, correlationId, selectionTxnId, screenshotUrl, userId, timestamp } = record;
  const subjectEventId = eventId ?? event.id;
  return {
    subject: { subject: event.seq, subjectEventId, correlationId, selectionTxnId },
    record,
    request: screenshotUrl === null ? undefined : { url: screenshotUrl, userIdentity: userId },
    crop: cropOf(event.private()?.envelope),
    name: { atMs: timestamp === null ? event.at : Number(timestamp), eventId: subjectEventId, correlationId },
  };
}

/** Whose trouble it is when a download fails: `host:port` in lower case, empty where the URL names none. */
export function imageHostOf(event: StoredEvent): string {
  const url = eventValue(payloadPlaces(event.private()?.envelope), 'screenshotUrl');
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).host : '';
}

/** As the extension asks; the position is also taken as `x` and `y`. Without a size there is nothing to cut. */
function cropOf(envelope: unknown): ScreenshotCrop | undefined {
  const places = payloadPlaces(envelope);
  const crop = membersOf(eventValue(places, 'crop'));
  const width = numberOf(crop.width);
  const height = numberOf(crop.height);
  if (width === undefined || height === undefined) return undefined;
  const optional = (name: 'scrollTop' | 'scrollAreaOffsetY' | 'renderingOverflow') => {
    const value = numberOf(crop[name]);
    return value === undefined ? undefined : { [name]: value };
  };
  return {
    top: numberOf(crop.top) ?? numberOf(crop.y) ?? 0,
    left: numberOf(crop.left) ?? numberOf(crop.x) ?? 0,
    width,
    height,
    ...optional('scrollTop'),
    ...optional('scrollAreaOffsetY'),
    ...optional('renderingOverflow'),
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
