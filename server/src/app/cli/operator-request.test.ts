import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { epochMillis } from '../../domain/epoch-millis.ts';
import { sequence } from '../../domain/sequence.ts';
import type { DestinationState } from '../../pipeline/ports/destination-states.ts';
import type { StoredRequest } from '../../pipeline/ports/request-queue.ts';
import { answered } from './operator-request.ts';

const ASKED: StoredRequest = {
  id: 7,
  request: { kind: 'replay', destination: 'parquet', from: sequence(101) },
  actor: 'me',
  submittedAt: epochMillis(0),
  state: 'claimed',
};

/** What is printed while a replay of 101 to 300 is carried out, a step each 100 ms. */
async function printed(isTTY: boolean): Promise<string> {
  const clock = new FakeClock();
  let stored = ASKED;
  let state: Partial<DestinationState> | undefined;
  let text = '';
  const done = answered({
    requests: { get: (id) => (id === 7 ? stored : undefined) },
    destinations: {
      get: (name) => (name === 'replay:parquet:7' ? (state as DestinationState | undefined) : undefined),
    },
    id: 7,
    isServed: () => true,
    output: { isTTY, write: (part) => (text += part) },
    clock,
  });
  await clock.advance(100);
  for (const committed of [100, 200, 299]) {
    state = { committed: sequence(committed), end: sequence(300), delivered: committed - 100 };
    await clock.advance(100);
  }
  stored = { ...ASKED, state: 'done', result: 'parquet: 200 events sent again.' };
  await clock.advance(100);
  assert.equal((await done).state, 'done');
  return text;
}

test('a replay shows on a terminal how far it is', async () => {
  const lines = (await printed(true)).split('\r\x1b[K');
  assert.deepEqual(lines, [
    '',
    '  0 %  0 events sent again',
    ' 50 %  100 events sent again',
    ' 99 %  199 events sent again',
    '',
  ]);
});

test('where there is no terminal it prints nothing before its result', async () => {
  assert.equal(await printed(false), '');
});

test('a retry of pictures says on a terminal why it takes so long', async () => {
  const clock = new FakeClock();
  let stored: StoredRequest = {
    ...ASKED,
    request: { kind: 'retry-screenshots', from: sequence(1), failedOnly: true },
  };
  let text = '';
  const done = answered({
    requests: { get: () => stored },
    destinations: { get: () => undefined },
    ...{ id: 7, isServed: () => true, clock },
    output: { isTTY: true, write: (part) => (text += part) },
  });
  await clock.advance(200);
  stored = { ...stored, state: 'done', result: 'No event is without its picture.' };
  await clock.advance(100);
  await done;
  assert.match(text, /tried for up to a minute\.\r/);
});
