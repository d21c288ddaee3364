import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RateLimit } from './rate-limit.ts';

test('so many a minute, counted from the first', async () => {
  const clock = new FakeClock();
  const limit = new RateLimit(5, clock);
  assert.equal(limit.take('a', 3), 3);
  await clock.advance(30_000);
  assert.equal(limit.take('a', 3), 2);
  assert.deepEqual(limit.state('a'), { limit: 5, remaining: 0, resetSeconds: 30 });
  assert.equal(limit.take('a', 1), 0);
  await clock.advance(29_999);
  assert.equal(limit.take('a', 1), 0);
  assert.equal(limit.state('a').resetSeconds, 1);
  await clock.advance(1);
  assert.equal(limit.take('a', 9), 5);
});

test('each key has its own', () => {
  const limit = new RateLimit(1, new FakeClock());
  assert.equal(limit.take('a', 1), 1);
  assert.equal(limit.take('b', 1), 1);
  assert.equal(limit.take('a', 1), 0);
});

test('a step of the wall clock changes nothing', () => {
  const clock = new FakeClock();
  const limit = new RateLimit(1, clock);
  limit.take('a', 1);
  clock.stepWallClock(-3_600_000);
  clock.stepWallClock(7_200_000);
  assert.equal(limit.take('a', 1), 0);
});

test('the number of keys is bounded: the oldest is forgotten first', () => {
  const limit = new RateLimit(1, new FakeClock());
  for (let i = 0; i <= 10_000; i++) limit.take(`key ${i}`, 1);
  assert.equal(limit.take('key 1', 1), 0);
  assert.equal(limit.take('key 0', 1), 1);
});
