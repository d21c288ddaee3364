import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SqliteFile } from '../../src/adapters/state-sqlite/sqlite-file.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { sequence } from '../../src/domain/sequence.ts';
import type { Rejection } from '../../src/pipeline/ports/cursor-store.ts';
import { range } from '../conformance/cursor-store.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

function rejection(first: number, more: Partial<Rejection> = {}): Rejection {
  return { range: range(first, first), error: new CodedError('ROW_NOT_ENCODABLE', `event ${first}`), ...more };
}

describe('rule 15: the durable database', () => {
  let folder: StateFolder;
  beforeEach(() => {
    folder = openStateFolder();
  });
  afterEach(() => folder.remove());

  it('is readable by its owner only, and syncs every commit', () => {
    folder.open();
    const file = join(folder.path, 'durable.sqlite');
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('two connections see each other at once, and compare and set across them', () => {
    const [server, command] = [folder.open(), folder.open()];
    server.cursors.register('parquet', sequence(0));
    const attempt = server.cursors.begin('parquet', range(1, 5));
    command.cursors.commit('parquet', range(1, 8), [rejection(1)]);
    assert.throws(() => server.cursors.commit('parquet', range(1, 5), [rejection(2)]), { code: 'CURSOR_MOVED' });
    assert.throws(() => server.cursors.prepare(attempt, { temporaryPath: 'a', path: 'b', sha256: 'c' }), {
      code: 'CURSOR_MOVED',
    });
    assert.deepEqual(server.cursors.load('parquet'), { committed: 8 });
    assert.equal(server.deadLetters.list({}, { limit: 9 }).length, 1);
  });

  it('rule 21: a commit that fails half way changes nothing', () => {
    const state = folder.open();
    state.cursors.register('parquet', sequence(0));
    state.cursors.begin('parquet', range(1, 5));
    const before = state.destinations.get('parquet');
    const unstorable = new CodedError('ROW_NOT_ENCODABLE', undefined as unknown as string);
    Object.defineProperty(unstorable, 'message', { value: {} });
    assert.throws(() =>
      state.cursors.commit('parquet', range(1, 5), [rejection(2), rejection(3, { error: unstorable })]),
    );
    assert.deepEqual(state.deadLetters.list({}, { limit: 9 }), []);
    assert.deepEqual(state.destinations.get('parquet'), before);
    assert.deepEqual(before?.begun, range(1, 5));
    state.cursors.commit('parquet', range(1, 5), []);
  });

  it('lists dead letters by every filter, page by page, and counts them', () => {
    const state = folder.open();
    const at = folder.clock.now();
    const eventId = 'A0000000-0000-4000-8000-000000000001';
    state.cursors.register('json', sequence(0));
    state.cursors.register('parquet', sequence(0));
    state.cursors.commit('json', range(1, 9), [rejection(3)]);
    const skipped = { range: range(4, 7), error: new CodedError('DESTINATION_SKIPPED', 'by anna') };
    const whole = rejection(2, { eventId, eventType: 'audit.event', envelope: '{"eventId":"…"}' });
    state.cursors.commit('parquet', range(1, 9), [whole, skipped, rejection(9)]);

    const ranges = (...asked: Parameters<typeof state.deadLetters.list>) =>
      state.deadLetters.list(...asked).map((d) => `${d.destination} ${d.range.first}-${d.range.last}`);
    assert.deepEqual(ranges({}, { limit: 2 }), ['json 3-3', 'parquet 2-2']);
    assert.deepEqual(ranges({}, { afterId: 2, limit: 9 }), ['parquet 4-7', 'parquet 9-9']);
    assert.deepEqual(ranges({ destination: 'json' }, { limit: 9 }), ['json 3-3']);
    assert.deepEqual(ranges({ code: 'DESTINATION_SKIPPED' }, { limit: 9 }), ['parquet 4-7']);
    assert.deepEqual(ranges({ eventId: eventId.toLowerCase() }, { limit: 9 }), ['parquet 2-2']);
    assert.deepEqual(ranges({ range: range(6, 9) }, { limit: 9 }), ['parquet 4-7', 'parquet 9-9']);
    assert.deepEqual(ranges({ ids: [1, 4] }, { limit: 9 }), ['json 3-3', 'parquet 9-9']);
    assert.deepEqual(Object.fromEntries(state.deadLetters.countByDestination()), { json: 1, parquet: 3 });
    assert.deepEqual(state.deadLetters.get(2), {
      id: 2,
      destination: 'parquet',
      range: range(2, 2),
      eventId: eventId.toLowerCase(),
      eventType: 'audit.event',
      envelope: '{"eventId":"…"}',
      code: 'ROW_NOT_ENCODABLE',
      message: 'event 2',
      at,
    });
    assert.equal(state.deadLetters.get(99), undefined);
  });

  it('rule 21: a dead letter is removed in the commit of its delivery, in log order', () => {
    const state = folder.open();
    state.cursors.register('parquet', sequence(0));
    state.cursors.commit('parquet', range(1, 9), [rejection(7), rejection(2)]);
    state.cursors.register('retry:1', sequence(0), { target: 'parquet', end: sequence(9) });
    const due = state.deadLetters.due('parquet', sequence(0), sequence(9), 10);
    assert.deepEqual(
      due.map((d) => d.range.first),
      [2, 7],
    );
    state.cursors.begin('retry:1', range(1, 2));
    assert.equal(folder.open().deadLetters.list({}, { limit: 9 }).length, 2, 'killed before the commit');
    state.cursors.commit('retry:1', range(1, 2), [], { resolvedDeadLetters: due.slice(0, 1).map((d) => d.id) });
    assert.deepEqual(
      state.deadLetters.due('parquet', sequence(0), sequence(9), 10).map((d) => d.range.first),
      [7],
    );
  });

  it('rule 16: says what is known of each destination, without a server', async () => {
    const state = folder.open();
    const start = folder.clock.now();
    state.cursors.register('parquet', sequence(10), { startFrom: 'now' });
    state.cursors.register('replay:7', sequence(2), {
      type: 'parquet',
      target: 'parquet',
      end: sequence(9),
      startFrom: '3',
    });
    await folder.clock.advance(5000);
    state.destinations.markConfigured(['parquet', 'unknown']);
    state.destinations.recordFailure('parquet', new CodedError('EXPORT_WRITE_FAILED', 'read-only'));
    state.cursors.begin('parquet', range(11, 20));
    state.cursors.commit('parquet', range(11, 20), [rejection(12)], { delivered: 9 });
    state.cursors.begin('parquet', range(21, 30));
    const later = folder.clock.now();
    const [parquet, replay] = folder.open().destinations.list();
    assert.deepEqual(parquet, {
      name: 'parquet',
      type: 'parquet',
      startFrom: 'now',
      addedAt: start,
      configuredAt: later,
      committed: 20,
      begun: range(21, 30),
      delivered: 9,
      rejected: 1,
      retried: 1,
      lastError: { code: 'EXPORT_WRITE_FAILED', message: 'read-only', at: later },
      lastSuccessAt: later,
    });
    assert.deepEqual(
      [replay?.target, replay?.end, replay?.type, replay?.configuredAt],
      ['parquet', 9, 'parquet', undefined],
    );
  });

  it('rule 11: a hold survives restarts and ends when an operator says where to go on', () => {
    const state = folder.open();
    state.cursors.register('parquet', sequence(95));
    state.cursors.begin('parquet', range(96, 99));
    state.destinations.hold('parquet', new CodedError('CURSOR_BEYOND_LOG', 'older log'));
    assert.equal(folder.open().destinations.get('parquet')?.held?.code, 'CURSOR_BEYOND_LOG');
    state.destinations.restartAt('parquet', sequence(40));
    const parquet = folder.open().destinations.get('parquet');
    assert.deepEqual([parquet?.committed, parquet?.held, parquet?.begun], [40, undefined, undefined]);
  });

  it('a finished replay is removed with its attempt', () => {
    const state = folder.open();
    state.cursors.register('replay:7', sequence(0));
    state.cursors.begin('replay:7', range(1, 2));
    state.destinations.remove('replay:7');
    assert.equal(state.cursors.load('replay:7'), undefined);
    state.cursors.register('replay:7', sequence(0));
    assert.deepEqual(state.cursors.load('replay:7'), { committed: 0 });
  });

  it('a request from another process is claimed once, done and read back', () => {
    const [server, command] = [folder.open(), folder.open()];
    assert.equal(server.requests.claim(), undefined);
    const request = { kind: 'replay', destination: 'parquet', from: sequence(5) } as const;
    const id = command.requests.submit(request, 'anna');
    const second = command.requests.submit({ kind: 'reindex' }, 'anna');
    assert.deepEqual(server.requests.claim(), {
      id,
      request,
      actor: 'anna',
      submittedAt: folder.clock.now(),
      state: 'claimed',
    });
    assert.equal(folder.open().requests.claim()?.id, second);
    assert.equal(server.requests.claim(), undefined);
    server.requests.finish(id, 'done', '17 events');
    const answer = command.requests.get(id);
    assert.deepEqual([answer?.state, answer?.result, answer?.finishedAt], ['done', '17 events', folder.clock.now()]);
    assert.deepEqual(
      command.requests.list(5).map((r) => [r.id, r.state]),
      [
        [second, 'claimed'],
        [id, 'done'],
      ],
    );
  });

  it('what a killed server had claimed is done by the next; a stop meant for it does not stop the next', () => {
    const killed = folder.open();
    const stop = killed.requests.submit({ kind: 'stop' }, 'anna');
    const reindex = killed.requests.submit({ kind: 'reindex' }, 'anna');
    killed.requests.claim();
    killed.requests.claim();
    const lateStop = killed.requests.submit({ kind: 'stop' }, 'anna');
    const next = folder.open();
    assert.equal(next.requests.recover(), 1);
    assert.equal(next.requests.claim()?.id, reindex);
    assert.equal(next.requests.claim(), undefined);
    assert.deepEqual(
      [stop, lateStop].map((id) => next.requests.get(id)?.state),
      ['done', 'done'],
    );
  });

  it('rule 11: remembers the log it has seen, and whether the last server ended in order', () => {
    const state = folder.open();
    assert.equal(state.seenLog(), undefined);
    assert.equal(state.endedInOrder(), false);
    state.recordSeenLog({ logId: 'log-1', head: sequence(7), headDigest: 'd' });
    state.markEndedInOrder(true);
    const next = folder.open();
    assert.deepEqual(next.seenLog(), { logId: 'log-1', head: 7, headDigest: 'd' });
    assert.equal(next.endedInOrder(), true);
    next.markEndedInOrder(false);
    assert.equal(state.endedInOrder(), false);
  });

  it('refuses a file of a later version, one that is no database, and a folder that is not there', () => {
    const path = join(folder.path, 'durable.sqlite');
    folder.open().close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    assert.throws(() => folder.open(), { code: 'STATE_DATABASE_NEWER' });
    writeFileSync(
      path,
      'not a database at all, and long enough for the header to be looked at, which is 100 bytes'.repeat(9),
    );
    assert.throws(() => folder.open(), { code: 'STATE_DATABASE_DAMAGED', message: /Restore it from the backup/ });
    const options = {
      synchronous: 'FULL',
      failed: 'STATE_DATABASE_FAILED',
      damaged: 'STATE_DATABASE_DAMAGED',
    } as const;
    assert.throws(() => new SqliteFile(join(folder.path, 'no', 'x.sqlite'), options), {
      code: 'STATE_DATABASE_FAILED',
    });
  });

  it('rule 8: a full disk fails the call with nothing changed, and is got over', () => {
    const file = new SqliteFile(join(folder.path, 'full.sqlite'), {
      synchronous: 'FULL',
      failed: 'STATE_DATABASE_FAILED',
      damaged: 'STATE_DATABASE_DAMAGED',
    });
    file.exec('CREATE TABLE t (x TEXT); PRAGMA max_page_count = 3');
    const fill = () =>
      file.transaction(() => {
        for (let i = 0; i < 10; i++) file.run('INSERT INTO t VALUES (?)', 'x'.repeat(4000));
      });
    assert.throws(fill, { code: 'STATE_DATABASE_FAILED' });
    const rows = () => file.get((row) => row.n, 'SELECT count(*) AS n FROM t');
    assert.equal(rows(), 0);
    file.exec('PRAGMA max_page_count = 1000');
    fill();
    assert.equal(rows(), 10);
    file.close();
  });
});
