import type { EpochMillis } from './epoch-millis.ts';
import type { NewLogEntry } from './log-entry.ts';
import type { ScreenshotFile, ScreenshotOutcome } from './screenshot-outcome.ts';
import type { Sequence } from './sequence.ts';
import { serverRecord } from './server-record.ts';

/** The event that a picture belongs to. */
export interface ScreenshotSubject {
  readonly subject: Sequence;
  readonly subjectEventId: string;
  readonly correlationId: string | null;
  readonly selectionTxnId: string | null;
}

/** `message`: for people, without secrets. */
export type ScreenshotEnding =
  | { readonly status: 'saved'; readonly files: readonly ScreenshotFile[]; readonly message?: string }
  | { readonly status: 'failed'; readonly reason: string; readonly message?: string };

/** An event that cannot be read any more is settled too; what follows the log makes a dead letter of it. */
export function unreadableSubject(subject: Sequence): ScreenshotSubject {
  return { subject, subjectEventId: 'unreadable', correlationId: null, selectionTxnId: null };
}

/** Who and what caused an outcome; `late`: an operator's request, whose picture is news of its own (rule 14). */
export interface ScreenshotCause {
  readonly actor: string;
  readonly request: string;
  readonly at: EpochMillis;
  readonly late?: { readonly requestId: number };
}

/**
 * Rule 14: what became of the picture of one event. The same outcome of the same event has the same id whenever it is
 * learnt; a late one has an id of its own, derived from event and request.
 */
export function screenshotRecord(
  about: ScreenshotSubject,
  ending: ScreenshotEnding,
  { actor, request, at, late }: ScreenshotCause,
): NewLogEntry & { readonly envelope: string } {
  const { subject, subjectEventId, correlationId, selectionTxnId } = about;
  const reason = ending.status === 'failed' ? ending.reason : null;
  const files = ending.status === 'saved' ? ending.files : [];
  const { message } = ending;
  const payload: ScreenshotOutcome & { readonly message?: string } = {
    subjectEventId,
    correlationId,
    selectionTxnId,
    status: ending.status,
    reason,
    files,
    ...(message === undefined ? undefined : { message }),
  };
  return serverRecord({
    type: `server.screenshot.${ending.status}`,
    about: `${subjectEventId}/${subject}${late === undefined ? '' : `/${late.requestId}`}`,
    subject,
    actor,
    request,
    at,
    ...(correlationId === null ? undefined : { correlationId }),
    payload: { ...payload },
  });
}
