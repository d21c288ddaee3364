import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sequence } from '../../domain/sequence.ts';
import { KnownPlaces, SegmentPlaces } from './known-places.ts';

const LINE = 1000;
const MOST_BYTES = 128 * 1024;

test('a line that is found stands at or a little before the wanted one, in whatever order lines were read', () => {
  const wanted = fc.integer({ min: 1, max: 2000 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 300 }), wanted, (read, seq) => {
      const places = new SegmentPlaces();
      for (const line of read) places.note(sequence(line), line * LINE);
      const offset = places.before(sequence(seq));
      if (offset === undefined) return;
      assert.ok(read.includes(offset / LINE));
      assert.ok(offset <= seq * LINE && offset > seq * LINE - MOST_BYTES, `${offset} for ${seq}`);
    }),
  );
});

test('after all lines were read each of them is found, and none behind them', () => {
  const places = new SegmentPlaces();
  for (let line = 1; line <= 1500; line++) places.note(sequence(line), line * LINE);
  for (let line = 1; line <= 1500; line++)
    assert.ok(line * LINE - (places.before(sequence(line)) ?? 0) < 17_000, `${line}`);
  assert.equal(places.before(sequence(1501)), undefined);
});

test('what two readers far apart have read is found, what lies between them is not', () => {
  const places = new SegmentPlaces();
  for (let i = 0; i < 400; i++) {
    places.note(sequence(5000 + i), (5000 + i) * LINE);
    places.note(sequence(1 + i), (1 + i) * LINE);
  }
  assert.equal(places.before(sequence(1)), LINE);
  assert.ok(places.before(sequence(300)) !== undefined);
  assert.equal(places.before(sequence(2500)), undefined);
  assert.ok(places.before(sequence(5100)) !== undefined);
});

test('a segment that nobody has asked for since sixteen others is forgotten', () => {
  const known = new KnownPlaces();
  for (let segment = 1; segment <= 17; segment++) {
    known.of(sequence(segment * 10)).note(sequence(segment * 10), 50);
    known.of(sequence(10));
  }
  assert.equal(known.of(sequence(10)).before(sequence(10)), 50);
  assert.equal(known.of(sequence(170)).before(sequence(170)), 50);
  assert.equal(known.of(sequence(20)).before(sequence(20)), undefined);
});
