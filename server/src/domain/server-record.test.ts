import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epochMillis } from './epoch-millis.ts';
import { sequence } from './sequence.ts';
import { serverRecord, serverRecordId, syncedRecord } from './server-record.ts';

const AT = epochMillis(Date.UTC(2026, 10, 23));

describe('server records', () => {
  it('rule 3: the same outcome has the same id, another one another', () => {
    const id = serverRecordId('server.synced', 'a/1');
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const others = [
      serverRecordId('server.synced', 'a/1'),
      serverRecordId('server.synced', 'a/2'),
      serverRecordId('server.x', 'a/1'),
    ];
    assert.deepEqual(
      others.map((other) => other === id),
      [true, false, false],
    );
  });

  it('rule 3: has an envelope of the usual shape, from a source that no client may name', () => {
    const record = serverRecord({
      type: 'server.x',
      about: 'y',
      actor: 'anna',
      request: 'r',
      at: AT,
      payload: { text: 'a\nb' },
    });
    assert.deepEqual(JSON.parse(record.envelope), {
      schemaVersion: 1,
      eventId: record.id,
      timestamp: '2026-11-23T00:00:00.000Z',
      type: 'server.x',
      source: { kind: 'butler-sos-audit', name: 'butler-sos-audit' },
      payload: { text: 'a\nb' },
    });
    assert.ok(!record.envelope.includes('\n'));
    assert.deepEqual([record.origin, record.actor, record.request], ['server', 'anna', 'r']);
  });

  it('rule 7: says what is durable', () => {
    const synced = syncedRecord('log', sequence(9), 'idle', AT);
    assert.deepEqual([synced.type, synced.subject], ['server.synced', 9]);
  });
});
