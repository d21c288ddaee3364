import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextValue, eventValue, findContextMember, findEventMember, payloadPlaces } from './payload-member.ts';

describe('payload members', () => {
  it('are found in their own place first', () => {
    const places = payloadPlaces({ payload: { x: 'p', context: { x: 'c' }, event: { x: 'e' } } });
    assert.equal(eventValue(places, 'x'), 'e');
    assert.equal(contextValue(places, 'x'), 'c');
    assert.deepEqual(findEventMember(places, 'x'), { value: 'e', path: '/payload/event/x' });
    assert.deepEqual(findContextMember(places, 'x'), { value: 'c', path: '/payload/context/x' });
  });
  it('are looked for elsewhere when absent or null; false, 0 and "" are present', () => {
    const places = payloadPlaces({
      payload: { a: 1, event: { a: null, b: false, c: 0, d: '' }, context: { b: 1, e: 2 } },
    });
    assert.deepEqual(findEventMember(places, 'a'), { value: 1, path: '/payload/a' });
    assert.equal(findEventMember(places, 'b')?.value, false);
    assert.equal(findEventMember(places, 'c')?.value, 0);
    assert.equal(findEventMember(places, 'd')?.value, '');
    assert.deepEqual(findEventMember(places, 'e'), { value: 2, path: '/payload/context/e' });
    assert.equal(findEventMember(places, 'f'), undefined);
  });
  it('are nowhere in what is not an object', () => {
    for (const odd of [
      undefined,
      null,
      1,
      'text',
      true,
      [],
      { payload: [] },
      { payload: { event: 'x', context: 7 } },
    ]) {
      assert.equal(findEventMember(payloadPlaces(odd), 'length'), undefined);
    }
  });
});
