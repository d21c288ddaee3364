import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventFileName } from './event-file-name.ts';

describe('eventFileName', () => {
  it('is the time, the event id in lower case and the correlation id', () => {
    const name = eventFileName({ timestamp: 1766814400337n, eventId: 'DB277423-1291', correlationId: 'AbC' });
    assert.equal(name, '20251227T054640.337Z_db277423-1291_AbC');
  });
  it('has a name for what is absent', () => {
    assert.equal(eventFileName({ timestamp: null, eventId: null, correlationId: '' }), 'none_none_none');
  });
  it('stays within what every file system takes', () => {
    const hostile = { timestamp: 0n, eventId: `../${'é'.repeat(999)}`, correlationId: `C:\\${'x'.repeat(999)}` };
    const name = eventFileName(hostile);
    assert.match(name, /^[A-Za-z0-9._-]+$/);
    assert.ok(name.length < 240);
  });
});
