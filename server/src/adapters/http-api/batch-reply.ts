import type { EpochMillis } from '../../domain/epoch-millis.ts';
import type { EventVerdict } from '../../pipeline/ingest.ts';
import type { Refusal } from '../../pipeline/refusal.ts';

/** What the batch needs of `Replies`: the body that each event would have got alone. */
export interface SingleBodies {
  acceptedBody(receivedAt: EpochMillis): string;
  refusalBody(refusal: Refusal): string;
}

/**
 * `{"status":"ok","accepted":n,"refused":n,"results":[…]}`: for each event, in order, its `eventId`, the `statusCode` that
 * it would have had alone, and the members of the body that it would have had alone.
 */
export function batchBody(verdicts: readonly EventVerdict[], receivedAt: EpochMillis, bodies: SingleBodies): string {
  const acceptedMembers = `"statusCode":202,${bodies.acceptedBody(receivedAt).slice(1)}`;
  const refusals = new Map<Refusal, string>();
  let refused = 0;
  let results = '';
  for (const { eventId, refusal } of verdicts) {
    let members = acceptedMembers;
    if (refusal !== undefined) {
      refused++;
      members = refusals.get(refusal) ?? `"statusCode":${refusal.status},${bodies.refusalBody(refusal).slice(1)}`;
      refusals.set(refusal, members);
    }
    const id = eventId === undefined ? 'null' : JSON.stringify(eventId);
    results += `${results === '' ? '' : ','}{"eventId":${id},${members}`;
  }
  return `{"status":"ok","accepted":${verdicts.length - refused},"refused":${refused},"results":[${results}]}`;
}
