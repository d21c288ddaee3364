import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrailEvent } from '../../../../server/src/domain/trail.ts';
import { EMPTY_LIVE, type LiveAction, reduceLive } from './live-list.ts';

const events = (...sequences: number[]): LiveAction => ({
  kind: 'events',
  events: sequences.map((sequence) => ({ sequence }) as TrailEvent),
});
const run = (...actions: LiveAction[]) => actions.reduce(reduceLive, EMPTY_LIVE);
const shown = (...actions: LiveAction[]) => run(...actions).shown.map(({ sequence }) => sequence);

test('events stand newest first, each once, however often they come', () => {
  assert.deepEqual(shown(events(1, 2, 3), events(5), events(3, 4, 5)), [5, 4, 3, 2, 1]);
});

test('a pause holds what comes, and nothing of it is lost', () => {
  const paused = run(events(1), { kind: 'pause' }, events(2), events(3, 1));
  assert.deepEqual(
    paused.shown.map(({ sequence }) => sequence),
    [1],
  );
  assert.deepEqual(
    paused.held.map(({ sequence }) => sequence),
    [3, 2],
  );
  assert.deepEqual(
    reduceLive(paused, { kind: 'resume' }).shown.map(({ sequence }) => sequence),
    [3, 2, 1],
  );
});

test('the list stays bounded', () => {
  assert.equal(run(...Array.from({ length: 1000 }, (_, at) => events(at + 1))).shown.length, 300);
});

test('only what came while the reader looked is new', () => {
  assert.equal(run(events(1, 2), events(3)).seenUpTo, 2);
});
