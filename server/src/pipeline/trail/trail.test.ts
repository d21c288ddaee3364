import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogItem } from '../../domain/log-entry.ts';
import { sequence } from '../../domain/sequence.ts';
import type { TrailReader } from './reader.ts';
import { Trail, type TrailParts } from './trail.ts';

const READER: TrailReader = {
  name: 'officer',
  role: 'admin',
  apps: null,
  maySeePictures: true,
  maySeeObjectData: true,
};

test('a changed line that a rebuilt table does not have is told from an event that never was', async () => {
  const damage: LogItem = { kind: 'damaged', first: sequence(2), last: sequence(3), reason: 'the digest differs' };
  const parts = {
    index: { rows: () => [] },
    ids: { firstWithId: (_origin: string, id: string) => (id === 'known' ? sequence(3) : undefined) },
    log: { read: async () => [damage] },
  };
  const trail = new Trail(parts as unknown as TrailParts);
  await assert.rejects(trail.event(READER, 'known', undefined), { code: 'EVENT_LOG_DAMAGED' });
  await assert.rejects(trail.event(READER, 'known', sequence(3)), { code: 'EVENT_LOG_DAMAGED' });
  assert.equal(await trail.event(READER, 'known', sequence(9)), undefined);
  assert.equal(await trail.event(READER, 'unknown', undefined), undefined);
  // of which app it was is not known any more
  assert.equal(await trail.event({ ...READER, role: 'reader', apps: ['x'] }, 'known', undefined), undefined);
});
