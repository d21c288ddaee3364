import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { startDeadline } from './deadline.ts';

const NEVER = new AbortController().signal;

test('a deadline aborts when its time is over, or with the signal given, and says which', async () => {
  const clock = new FakeClock();
  const outer = new AbortController();
  const [late, ended] = [startDeadline(clock, 1000, NEVER), startDeadline(clock, 5000, outer.signal)];
  await clock.advance(1000);
  assert.deepEqual([late.signal.aborted, late.isOver(), ended.signal.aborted], [true, true, false]);
  outer.abort();
  await clock.advance(5000);
  assert.deepEqual([ended.signal.aborted, ended.isOver()], [true, false]);
  assert.equal(startDeadline(clock, 1000, outer.signal).signal.aborted, true);
});

test('a deadline that is cancelled does not abort any more', async () => {
  const clock = new FakeClock();
  const outer = new AbortController();
  const deadline = startDeadline(clock, 1000, outer.signal);
  deadline.cancel();
  await clock.advance(2000);
  outer.abort();
  assert.deepEqual([deadline.signal.aborted, deadline.isOver()], [false, false]);
});

test('nothing of a deadline that is cancelled stays in memory, whatever listens to it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const work = () => {
    const deadline = startDeadline(new FakeClock(), 1000, AbortSignal.any([NEVER, new AbortController().signal]));
    deadline.signal.addEventListener('abort', () => deadline.isOver());
    deadline.cancel();
    return new WeakRef(deadline.signal);
  };
  const signal = work();
  for (let i = 0; i < 20 && signal.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collectGarbage();
  }
  assert.equal(signal.deref(), undefined);
});
