import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.ts';

test('percentiles are right to two per cent', () => {
  const histogram = new LatencyHistogram();
  for (let i = 1; i <= 10_000; i++) histogram.add(i / 10);
  assert.equal(histogram.count, 10_000);
  assert.equal(histogram.maxMs, 1000);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const exact = share * 1000;
    assert.ok(Math.abs(histogram.percentileMs(share) - exact) <= exact * 0.021, `${share}`);
  }
  assert.equal(histogram.percentileMs(1), 1000);
});

test('nothing, nought and an hour are held', () => {
  const histogram = new LatencyHistogram();
  assert.equal(histogram.percentileMs(0.99), 0);
  histogram.add(0);
  assert.equal(histogram.percentileMs(0.5), 0);
  histogram.add(3_600_000);
  assert.ok(histogram.percentileMs(1) > 600_000);
});
