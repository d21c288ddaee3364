import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SqliteLogFactsReader } from '../../src/adapters/state-sqlite/sqlite-log-facts-reader.ts';
import { type SequenceRange, sequence } from '../../src/domain/sequence.ts';
import type { LogFacts } from '../../src/pipeline/ports/log-facts.ts';
import { settle } from '../support/fake-clock.ts';
import { ArrayLog, FAILED, SAVED, uuid } from './array-log.ts';
import { damagePages, FactsFolder, reached } from './facts-folder.ts';

const range = (first: number, last: number): SequenceRange => ({ first: sequence(first), last: sequence(last) });

/** `seq kind of first`, `seq first|late of subject` */
function told({ repeats, outcomes }: LogFacts): readonly string[] {
  return [
    ...[...repeats].map(([seq, { kind, firstSeq }]) => `${seq} ${kind} of ${firstSeq}`),
    ...[...outcomes].map(([seq, { subject, first }]) => `${seq} ${first ? 'first' : 'late'} of ${subject}`),
  ];
}

/** An event sent twice, one under its id, an event with two outcomes, damage. */
function eventfulLog(): ArrayLog {
  return new ArrayLog()
    .add({ id: 1, text: '{"a":1}' }, { id: 2, awaits: true }, { id: 1, text: '{"a":1}' })
    .add({ id: 1, text: '{"a":2}' }, { id: 9, origin: 'server', type: FAILED, subject: 2 })
    .addDamage(3)
    .add({ id: 10, origin: 'server', type: SAVED, subject: 2 }, { id: 3, awaits: true });
}

describe('deduplicator', () => {
  let folder: FactsFolder;
  beforeEach(() => {
    folder = new FactsFolder();
  });
  afterEach(() => folder.remove());

  it('rule 13: same id and same bytes is a repeat, other bytes a conflict, in one batch and across batches', async () => {
    const log = new ArrayLog().add({ id: 1, text: '{"a":1}' }, { id: 1, text: '{"a":1}' });
    const { deduplicator } = await folder.follow(log);
    log.add({ id: 1, text: '{"a":2}' }, { id: 1, text: '{"a":1}' }, { id: 2 });
    await reached(deduplicator, log);
    assert.deepEqual(told(deduplicator.facts(range(1, 5))), ['2 repeat of 1', '3 conflict of 1', '4 repeat of 1']);
    assert.deepEqual(told(deduplicator.facts(range(4, 5))), ['4 repeat of 1']);
    assert.deepEqual([folder.count('events'), folder.count('repeats'), folder.count('conflicts')], [5, 2, 1]);
  });

  it('rule 13: ids compare in any letter case', async () => {
    const log = new ArrayLog().add({ id: uuid(1).toUpperCase(), text: '{}' }, { id: uuid(1), text: '{}' });
    const { deduplicator } = await folder.follow(log);
    assert.deepEqual(told(deduplicator.facts(range(1, 2))), ['2 repeat of 1']);
    assert.equal(deduplicator.firstWithId('client', uuid(1).toUpperCase()), 1);
  });

  it('rule 13: client and server ids are told apart; a server record comes twice as a repeat', async () => {
    const log = new ArrayLog()
      .add({ id: 1 }, { id: 1, origin: 'server', type: 'server.synced' })
      .add({ id: 1, origin: 'server', type: 'server.synced', text: '{"other":"bytes"}' });
    const { deduplicator } = await folder.follow(log);
    assert.deepEqual(told(deduplicator.facts(range(1, 3))), ['3 repeat of 2']);
    assert.equal(deduplicator.firstWithId('server', uuid(1)), 2);
  });

  it('looks into private parts only where an id is repeated', async () => {
    const log = new ArrayLog().add(...Array.from({ length: 50 }, (_, i) => ({ id: i })));
    const { deduplicator } = await folder.follow(log);
    assert.equal(log.privateReads, 0);
    log.add({ id: 7 });
    await reached(deduplicator, log);
    assert.equal(log.privateReads, 2);
  });

  it('reads the earlier lines of a batch that was sent again, near ones together and far ones too', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => ({ id: i }));
    const log = new ArrayLog().add(...ids).add(...Array.from({ length: 600 }, (_, i) => ({ id: 1000 + i })));
    const { deduplicator } = await folder.follow(log);
    log.add(...ids, { id: 1599 }, { id: 1000, text: '{}' });
    await reached(deduplicator, log);
    const { repeats } = deduplicator.facts(range(641, 682));
    assert.equal(repeats.size, 42);
    assert.deepEqual(
      [...repeats].filter(([, { kind }]) => kind === 'conflict').map(([seq]) => seq),
      [682],
    );
  });

  it('rule 12: a repeat of a line that retention took is a repeat, counted as unverifiable', async () => {
    const log = new ArrayLog().add({ id: 1 }, { id: 2 });
    const { deduplicator } = await folder.follow(log);
    log.retainFrom(2);
    log.add({ id: 1, text: '{"other":"bytes"}' });
    await reached(deduplicator, log);
    assert.deepEqual(told(deduplicator.facts(range(2, 3))), ['3 repeat of 1']);
    assert.equal(folder.count('unverifiable'), 1);
  });

  it('rule 14: the first outcome settles an event; later only a picture is news', async () => {
    const log = new ArrayLog()
      .add({ id: 1, awaits: true }, { id: 2, awaits: true }, { id: 3 })
      .add({ id: 11, origin: 'server', type: FAILED, subject: 1 })
      .add(
        { id: 12, origin: 'server', type: FAILED, subject: 1 },
        { id: 11, origin: 'server', type: FAILED, subject: 1 },
      )
      .add(
        { id: 13, origin: 'server', type: SAVED, subject: 1 },
        { id: 14, origin: 'server', type: SAVED, subject: 3 },
      );
    const { deduplicator } = await folder.follow(log);
    assert.deepEqual(told(deduplicator.facts(range(1, 8))), [
      '6 repeat of 4',
      '4 first of 1',
      '7 late of 1',
      '8 late of 3',
    ]);
    assert.deepEqual(deduplicator.unsettledAwaiting(sequence(0), 10), [2]);
    assert.deepEqual(deduplicator.unsettledAwaiting(sequence(2), 10), []);
  });

  it('rule 14: a repeat that awaits awaits nothing', async () => {
    const log = new ArrayLog().add({ id: 1, awaits: true }, { id: 1, awaits: true });
    const { deduplicator } = await folder.follow(log);
    assert.deepEqual(deduplicator.unsettledAwaiting(sequence(0), 10), [1]);
  });

  it('rule 17: a range holds an awaiting event while its outcome is missing or above the cursor', async () => {
    const log = new ArrayLog().add(
      { id: 1, awaits: true },
      { id: 2 },
      { id: 3, origin: 'server', type: SAVED, subject: 1 },
    );
    const { deduplicator } = await folder.follow(log);
    assert.equal(deduplicator.holdsAwaiting(range(1, 2), sequence(2)), true);
    assert.equal(deduplicator.holdsAwaiting(range(1, 2), sequence(3)), false);
    assert.equal(deduplicator.holdsAwaiting(range(2, 3), sequence(0)), false);
    assert.equal(deduplicator.holdsAwaiting(range(2, 9), sequence(9)), true, 'not read yet');
    log.add({ id: 4, awaits: true });
    await reached(deduplicator, log);
    assert.equal(deduplicator.holdsAwaiting(range(4, 4), sequence(4)), true);
  });

  it('rule 9: damage is remembered, reported once, and followed past', async () => {
    const { deduplicator } = await folder.follow(new ArrayLog().add({ id: 1 }).addDamage(4).add({ id: 2 }));
    assert.deepEqual(deduplicator.damaged(), [range(2, 5)]);
    assert.equal(deduplicator.position(), 6);
    const reported = folder.logger.at('error').map(({ fields: { code, first, last } }) => ({ code, first, last }));
    assert.deepEqual(reported, [{ code: 'EVENT_LOG_DAMAGED', first: 2, last: 5 }]);
  });

  it('rule 12: a restart goes on where it stopped; a batch that was not committed leaves nothing', async () => {
    const log = eventfulLog();
    const first = await folder.follow(log);
    await first.stop();
    const dump = folder.dump();
    const store = folder.openStore();
    const lines = [{ seq: sequence(11), origin: 'client' as const, id: uuid(1), type: 'x' }];
    const answer = store.record({ lines, damaged: [range(12, 12)], position: sequence(12) });
    assert.deepEqual(answer, { hits: [{ seq: 11, firstSeq: 1 }] });
    assert.deepEqual(folder.dump(), dump);
    store.close();
    log.add({ id: 2 });
    const { deduplicator } = await folder.follow(log);
    assert.deepEqual(told(deduplicator.facts(range(11, 11))), ['11 repeat of 2']);
  });

  it('rule 12: deleted, or started over by reindex, the same tables come back', async () => {
    const log = eventfulLog();
    const first = await folder.follow(log);
    const dump = folder.dump();
    first.deduplicator.startOver('reindex');
    assert.equal(first.deduplicator.position(), 0);
    assert.throws(() => first.deduplicator.facts(range(1, 1)), { code: 'INDEX_REBUILDING' });
    await reached(first.deduplicator, log);
    assert.deepEqual(folder.dump(), dump);
    await first.stop();
    rmSync(folder.file);
    await folder.follow(log);
    assert.deepEqual(folder.dump(), dump);
  });

  it('rule 12: after retention a rebuild says the same, with the ids that retention left', async () => {
    const log = eventfulLog();
    const first = await folder.follow(log);
    const retired = log.items.flatMap((i) =>
      i.kind === 'event' && i.seq < 5 ? [{ id: i.id, seq: i.seq, origin: i.origin }] : [],
    );
    log.retainFrom(5);
    first.store.forgetLinesBefore(sequence(5));
    log.add({ id: 2 }, { id: 3 });
    await reached(first.deduplicator, log);
    const dump = folder.dump();
    await first.stop();
    rmSync(folder.file);
    // the last one of a segment that was still there when the ids were written
    const alsoThere = { id: uuid(3), seq: sequence(10), origin: 'client' as const };
    const { deduplicator } = await folder.follow(log, [...retired, alsoThere]);
    assert.deepEqual(folder.dump(), dump);
    assert.deepEqual(told(deduplicator.facts(range(5, 12))), ['11 repeat of 2', '12 repeat of 10', '9 late of 2']);
  });

  it('rule 12: ids beyond eventLog.idRetentionDays are forgotten', async () => {
    const log = new ArrayLog().add(...Array.from({ length: 300 }, (_, i) => ({ id: `${uuid(i).slice(2)}ff` })));
    const { store, deduplicator } = await folder.follow(log);
    await store.forgetIdsBefore(sequence(200));
    assert.equal(deduplicator.firstWithId('client', `${uuid(198).slice(2)}ff`), undefined);
    assert.equal(deduplicator.firstWithId('client', `${uuid(199).slice(2)}ff`), 200);
  });

  it('rule 12: a file that is no database is kept aside, and built again', async () => {
    const log = eventfulLog();
    await (await folder.follow(log)).stop();
    const dump = folder.dump();
    writeFileSync(folder.file, 'this is not a database, and long enough to be noticed as one that is none');
    const { deduplicator } = await folder.follow(log);
    assert.equal(deduplicator.position(), log.head());
    assert.deepEqual(folder.dump(), dump);
    assert.ok(existsSync(`${folder.file}.damaged`));
    assert.match(
      folder.logger
        .at('warn')
        .map((line) => line.message)
        .join(),
      /moved aside/,
    );
  });

  it('rule 12: damage found while running is kept aside, and built again', async () => {
    const log = eventfulLog();
    const { deduplicator } = await folder.follow(log);
    const dump = folder.dump();
    damagePages(folder.file);
    assert.throws(() => deduplicator.facts(range(1, 9)), { code: 'INDEX_REBUILDING' });
    await reached(deduplicator, log);
    assert.deepEqual(folder.dump(), dump);
  });

  it('rule 11: tables of another log, or of a longer or other one under its name, are built again', async () => {
    const log = eventfulLog();
    await (await folder.follow(log)).stop();
    const other = new ArrayLog().add({ id: 5 });
    const another = await folder.follow(other, [], 'log-2');
    assert.equal(another.deduplicator.firstWithId('client', uuid(1)), undefined);
    await another.stop();

    await (await folder.follow(log)).stop();
    const older = new ArrayLog().add({ id: 1, text: '{"a":1}' }, { id: 2, awaits: true });
    const shorter = await folder.follow(older);
    assert.equal(shorter.deduplicator.firstWithId('client', uuid(3)), undefined);
    await shorter.stop();

    const sameLength = new ArrayLog().add({ id: 1, text: '{"a":1}' }, { id: 7 });
    const changed = await folder.follow(sameLength);
    assert.equal(changed.deduplicator.firstWithId('client', uuid(2)), undefined);
    assert.equal(changed.deduplicator.firstWithId('client', uuid(7)), 2);
  });

  it('goes on when the log could not be read', async () => {
    const log = eventfulLog();
    log.failNext = new Error('EIO');
    const abortable = folder.follow(log);
    await folder.clock.advance(1000);
    const { deduplicator } = await abortable;
    assert.equal(deduplicator.position(), log.head());
    assert.equal(folder.logger.at('warn').filter((line) => line.fields.error === 'EIO').length, 1);
  });

  it('rule 13: warns of conflicts at once, then once a minute with their number', async () => {
    const conflict = () => ({ id: 1, text: JSON.stringify(Math.random()) });
    const log = new ArrayLog().add({ id: 1 }, conflict());
    const { deduplicator } = await folder.follow(log);
    const warned = () => folder.logger.at('warn').map((line) => line.fields.conflicts);
    await settle();
    assert.deepEqual(warned(), [1]);
    log.add(conflict());
    await reached(deduplicator, log);
    log.add(conflict());
    await reached(deduplicator, log);
    await settle();
    assert.deepEqual(warned(), [1]);
    await folder.clock.advance(60_000);
    assert.deepEqual(warned(), [1, 2]);
  });

  it('a reader in another thread sees what is committed, also after the file was replaced', async () => {
    const log = eventfulLog();
    const reader = new SqliteLogFactsReader(folder.file, folder.clock);
    assert.equal(reader.position(), 0);
    assert.throws(() => reader.facts(range(1, 1)), { code: 'INDEX_REBUILDING' });
    const waiting = reader.waitPast(sequence(9), new AbortController().signal);
    const first = await folder.follow(log);
    await folder.clock.advance(200);
    await waiting;
    assert.deepEqual(reader.facts(range(1, 10)), first.deduplicator.facts(range(1, 10)));
    assert.equal(reader.firstWithId('client', uuid(3)), 10);
    assert.deepEqual(reader.unsettledAwaiting(sequence(0), 5), [10]);
    assert.deepEqual(reader.damaged(), [range(6, 8)]);
    assert.equal(reader.holdsAwaiting(range(10, 10), sequence(10)), true);
    first.store.startOver('damaged');
    assert.equal(reader.position(), 0);
    assert.throws(() => reader.facts(range(1, 10)), { code: 'INDEX_REBUILDING' });
    reader.close();
  });

  it('stops waiting when aborted', async () => {
    const { deduplicator } = await folder.follow(new ArrayLog().add({ id: 1 }));
    const abort = new AbortController();
    const waiting = deduplicator.waitPast(sequence(99), abort.signal);
    abort.abort();
    await waiting;
  });
});
