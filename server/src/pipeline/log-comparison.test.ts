import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epochMillis } from '../domain/epoch-millis.ts';
import { sequence } from '../domain/sequence.ts';
import { compareWithLog, type DestinationPosition, type LogState, type StateFacts } from './log-comparison.ts';

function state(committed: number, more: Partial<DestinationPosition> = {}): StateFacts {
  return {
    seen: { logId: 'log-1', head: sequence(100), headDigest: 'digest of 100' },
    destinations: [{ name: 'parquet', committed: sequence(committed), ...more }],
  };
}

function log(head: number, more: Partial<LogState> = {}): LogState {
  return { logId: 'log-1', head: sequence(head), firstRetained: sequence(1), ...more };
}

function verdict(facts: StateFacts, found: LogState): string {
  const { log: kind, destinations } = compareWithLog(facts, found);
  const parquet = destinations.get('parquet');
  const about =
    parquet?.kind === 'stopped'
      ? parquet.error.code
      : parquet?.kind === 'gap'
        ? `${parquet.error.code} ${parquet.range.first}-${parquet.range.last}`
        : '';
  return `${kind}: ${parquet?.kind} ${about}`.trim();
}

describe('rule 11: log and durable database are compared at start', () => {
  it('the ordinary start', () => {
    assert.equal(verdict(state(100), log(100, { digestAtSeenHead: 'digest of 100' })), 'same: ok');
    assert.equal(verdict(state(40), log(120)), 'same: ok');
    assert.equal(verdict(state(120), log(120)), 'same: ok', 'the head was seen before the last deliveries');
    assert.equal(compareWithLog(state(40), log(120)).error, undefined);
  });

  it('both begin', () => {
    const nothing: StateFacts = { seen: undefined, destinations: [] };
    assert.equal(compareWithLog(nothing, log(0)).log, 'new');
  });

  it('a log that was seen while it was empty says nothing: its id goes with its empty segment', () => {
    const empty: StateFacts = { seen: { logId: 'log-0', head: sequence(0) }, destinations: [] };
    assert.equal(compareWithLog(empty, log(0)).log, 'new');
    assert.equal(compareWithLog(empty, log(0)).error, undefined);
    assert.equal(compareWithLog(empty, log(7)).error, undefined);
  });

  it('the durable database is missing beside a log with events', () => {
    const { log: kind, error } = compareWithLog({ seen: undefined, destinations: [] }, log(7));
    assert.deepEqual([kind, error?.code], ['state-missing', 'STATE_DATABASE_MISSING']);
  });

  it('killed at the first start, after registering and before the log was noted', () => {
    assert.equal(verdict({ ...state(0), seen: undefined }, log(3)), 'same: ok');
  });

  it('an older copy of the log was put back: stops who was given more', () => {
    assert.equal(verdict(state(95), log(90)), 'older: stopped CURSOR_BEYOND_LOG');
    assert.equal(verdict(state(80), log(90)), 'older: ok');
    assert.equal(compareWithLog(state(80), log(90)).error?.code, 'CURSOR_BEYOND_LOG');
  });

  it('an older copy of the log that has grown since is known by its line', () => {
    const grown = log(130, { digestAtSeenHead: 'another digest' });
    assert.equal(verdict(state(100), grown), 'older: stopped CURSOR_BEYOND_LOG');
    assert.equal(verdict(state(80), grown), 'older: ok');
  });

  it('stops who had begun a range that the log does not have', () => {
    const begun = { first: sequence(81), last: sequence(95) };
    assert.equal(verdict(state(80, { begun }), log(90)), 'older: stopped CURSOR_BEYOND_LOG');
    assert.equal(verdict(state(80, { begun }), log(95)), 'older: ok');
  });

  it('another log stops everybody', () => {
    const comparison = compareWithLog(state(0), log(5, { logId: 'log-2' }));
    assert.equal(comparison.error?.code, 'LOG_REPLACED');
    assert.equal(verdict(state(0), log(5, { logId: 'log-2' })), 'replaced: stopped LOG_REPLACED');
  });

  it('who was stopped stays so when the log has grown past its cursor, until an operator has decided', () => {
    const held = { code: 'CURSOR_BEYOND_LOG', message: 'as it was', at: epochMillis(0) };
    const { destinations } = compareWithLog(state(95, { held }), log(200));
    const parquet = destinations.get('parquet');
    assert.ok(parquet?.kind === 'stopped');
    assert.deepEqual([parquet.error.code, parquet.error.message], ['CURSOR_BEYOND_LOG', 'as it was']);
  });

  it('an older copy of the durable database was put back: stops who holds more than it says', () => {
    assert.equal(verdict(state(60, { holdsUpTo: sequence(90) }), log(120)), 'same: stopped CURSOR_BEHIND_DELIVERY');
    assert.equal(verdict(state(60, { holdsUpTo: sequence(60) }), log(120)), 'same: ok');
  });

  it('a file published before its commit is explained by the attempt', () => {
    const begun = { first: sequence(61), last: sequence(90) };
    assert.equal(verdict(state(60, { begun, holdsUpTo: sequence(90) }), log(120)), 'same: ok');
    assert.equal(
      verdict(state(60, { begun, holdsUpTo: sequence(91) }), log(120)),
      'same: stopped CURSOR_BEHIND_DELIVERY',
    );
  });

  it('retention took sequences: a dead letter for exactly those', () => {
    const found = log(300, { firstRetained: sequence(201) });
    assert.equal(verdict(state(150), found), 'same: gap EVENTS_NOT_RETAINED 151-200');
    assert.equal(verdict(state(199), found), 'same: gap EVENTS_NOT_RETAINED 200-200');
    assert.equal(verdict(state(200), found), 'same: ok');
  });

  it('an older database and retention: the gap is told, not skipped', () => {
    const facts = { ...state(10), seen: { logId: 'log-1', head: sequence(20) } };
    assert.equal(verdict(facts, log(300, { firstRetained: sequence(201) })), 'same: gap EVENTS_NOT_RETAINED 11-200');
  });
});
