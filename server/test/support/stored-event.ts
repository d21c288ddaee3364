import { epochMillis } from '../../src/domain/epoch-millis.ts';
import type { Origin, StoredEvent } from '../../src/domain/log-entry.ts';
import { sequence } from '../../src/domain/sequence.ts';

export interface StoredEventSketch {
  readonly seq?: number;
  readonly at?: number;
  readonly origin?: Origin;
  readonly id?: string;
  readonly type?: string;
  readonly erased?: boolean;
}

/** A line as a follower reads it, from the text of an envelope. */
export function storedEvent(envelopeText: string, sketch: StoredEventSketch = {}): StoredEvent {
  const envelope: unknown = JSON.parse(envelopeText);
  return {
    kind: 'event',
    seq: sequence(sketch.seq ?? 1),
    at: epochMillis(sketch.at ?? Date.UTC(2026, 10, 23, 7, 0, 0, 123)),
    origin: sketch.origin ?? 'client',
    id: sketch.id ?? 'a0000000-0000-4000-8000-000000000001',
    type: sketch.type ?? 'object.view.duration',
    digest: '',
    private: () => (sketch.erased ? undefined : { envelope, envelopeText }),
  };
}

/** An envelope like those of real clients, with the given members below `payload.event`. */
export function envelopeText(event: Readonly<Record<string, unknown>> = {}, id = 1): string {
  return JSON.stringify({
    schemaVersion: 1,
    eventId: `a0000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    correlationId: '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
    timestamp: '2025-12-27T05:46:40.337Z',
    type: 'object.view.duration',
    source: { kind: 'qlik-sense-extension', name: 'audit-qs', version: '0.3.1' },
    payload: {
      timestamp: '2025-12-27T05:46:40.337Z',
      context: {
        appId: '7d5f6e2a-1111-4222-8333-444444444444',
        appName: 'Försäljning 数据',
        user: 'UserDirectory=LAB; UserId=anna.öberg',
        userAgent: 'Mozilla/5.0',
        sheetId: 'a1b2c3d4-e5f6-7890-abcd-ef0123456789',
        sheetName: 'Übersicht',
      },
      event: {
        type: 'view.duration',
        objectId: 'WpLRKj',
        enteredAt: '2025-12-27T05:46:20.337Z',
        leftAt: '2025-12-27T05:46:40.337Z',
        duration: 20000,
        visible: false,
        selectionTxnId: '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
        dataStateId: 1766814362573,
        ...event,
      },
    },
  });
}
