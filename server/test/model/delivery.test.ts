import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Batch } from '../../src/pipeline/ports/destination.ts';
import { DeliveryWorld, envelope } from '../pipeline/delivery-world.ts';
import {
  type Answer,
  DELIVERED,
  FakeDestination,
  FakeFileDestination,
  FakeFiles,
  FILE_POLICY,
  REFUSED,
  RETRY,
  SERVER_POLICY,
  STOPPED,
} from '../support/fake-destination.ts';

/** What a destination does at its next attempts, one after the other; afterwards it delivers. */
type Mood = 'delivered' | 'rejects-first' | 'retry' | 'refused' | 'stopped' | 'throw' | 'hang';

type Step =
  | { readonly do: 'event'; readonly id: number; readonly variant: number; readonly awaits: boolean }
  | { readonly do: 'outcome'; readonly pick: number; readonly saved: boolean; readonly id: number }
  | { readonly do: 'synced' }
  | { readonly do: 'damage'; readonly pick: number }
  | { readonly do: 'moods'; readonly moods: readonly Mood[] }
  | { readonly do: 'deduplicated'; readonly behind: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart'; readonly size: number; readonly bytes: number; readonly frequencyMs: number }
  | { readonly do: 'kill at'; readonly step: number };

/** Longer than any attempt may take. */
const HANGS_FOR_MS = 120_000;
const NEVER = new AbortController().signal;

const mood = fc.constantFrom<Mood>('delivered', 'rejects-first', 'retry', 'refused', 'stopped', 'throw', 'hang');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('event'), id: fc.nat(12), variant: fc.nat(1), awaits: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('outcome'), pick: fc.nat(5), saved: fc.boolean(), id: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('synced') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('damage'), pick: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('moods'), moods: fc.array(mood, { minLength: 1, maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deduplicated'), behind: fc.nat(6) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(0, 100, 2000, 70_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart'),
      size: fc.integer({ min: 1, max: 6 }),
      bytes: fc.constantFrom(1, 500, 1_000_000),
      frequencyMs: fc.constantFrom(0, 30, 1000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill at'), step: fc.integer({ min: 1, max: 30 }) }) },
) as fc.Arbitrary<Step>;

/** Two destinations on one log, a server and a folder of files, with processes that come and go. */
class Run {
  readonly world = new DeliveryWorld();
  readonly files = new FakeFiles();
  readonly arrived = new Map<number, number>();
  readonly damaged = new Set<number>();
  readonly awaiting: number[] = [];
  readonly #bad = new Set<number>();
  #isMended = false;
  #moods: Mood[] = [];
  #policy = { maxBatchSize: 3, maxBatchBytes: 1_000_000, writeFrequencyMs: 0 };
  #life = { isKilled: false, stepsLeft: Number.POSITIVE_INFINITY };

  start(): void {
    const mine = { isKilled: false, stepsLeft: Number.POSITIVE_INFINITY };
    this.#life = mine;
    const survive = () => {
      if (--mine.stepsLeft <= 0) mine.isKilled = true;
      if (mine.isKilled) throw new Error('killed');
    };
    this.world.cursors.onStep = survive;
    const answer: Answer = (batch) => {
      survive();
      return this.#answer(batch);
    };
    const server = new FakeDestination();
    const take = server.deliver.bind(server);
    server.answer = answer;
    server.deliver = async (batch, signal) => {
      const outcome = await take(batch, signal);
      if (outcome.kind !== 'delivered') return outcome;
      const rejected = new Set<number>(outcome.rejected.map((r) => r.position));
      for (const { position } of batch.rows) {
        // absorbs what comes twice, as its contract says
        if (!rejected.has(position) && !this.arrived.has(position)) this.arrived.set(position, this.arrived.size);
      }
      survive();
      return outcome;
    };
    const folder = new FakeFileDestination(this.files, survive);
    folder.answer = answer;
    this.world.start({ name: 'server', destination: server, policy: { ...SERVER_POLICY, ...this.#policy } });
    this.world.start({ name: 'folder', destination: folder, policy: { ...FILE_POLICY, ...this.#policy } });
  }

  #answer({ rows, attempt }: Batch): ReturnType<Answer> {
    const isServer = attempt.destination === 'server';
    // what it took, and what it did not, before a crash is the same after it
    const isKnown = isServer && rows.some((row) => this.arrived.has(row.position));
    const [first] = rows;
    const mood = this.#moods.shift() ?? 'delivered';
    if (mood === 'rejects-first' && isServer && first !== undefined && !isKnown) this.#bad.add(first.position);
    const bad = isServer ? rows.filter((row) => this.#bad.has(row.position) && (isKnown || !this.#isMended)) : [];
    const taken = { ...DELIVERED, rejected: bad.map(({ position }) => ({ position, error: REFUSED.error })) };
    switch (mood) {
      case 'delivered':
      case 'rejects-first':
        return taken;
      case 'retry':
        return RETRY;
      case 'refused':
        return isKnown ? taken : REFUSED;
      case 'stopped':
        return STOPPED;
      case 'throw':
        throw new Error('defect');
      case 'hang':
        // each destination is given up only so often before one of its answers is waited for
        return new Promise((resolve) => void this.world.clock.sleep(HANGS_FOR_MS, NEVER).then(() => resolve(RETRY)));
    }
  }

  async do(step: Step): Promise<void> {
    const { world } = this;
    switch (step.do) {
      case 'event': {
        const id = `e${step.id}`;
        const text = envelope(id, `${step.variant}`);
        const isFirst = world.log.written.every((line) => line.id !== id);
        const seq = await world.client(id, { envelope: text, ...(step.awaits ? { awaits: 'screenshot' } : {}) });
        // nobody fetches the picture of a repeat
        if (step.awaits && isFirst) this.awaiting.push(seq);
        break;
      }
      case 'outcome': {
        const subject = this.awaiting[step.pick % Math.max(1, this.awaiting.length)];
        const kind = step.saved ? 'saved' : 'failed';
        if (subject !== undefined) await world.outcome(subject, kind, `${kind} ${subject} ${step.id}`);
        break;
      }
      case 'synced':
        await world.serverRecord('server.synced');
        break;
      case 'damage': {
        const seq = step.pick + 1;
        if (seq > world.log.head() || this.damaged.has(seq)) break;
        world.log.damage(seq);
        this.damaged.add(seq);
        break;
      }
      case 'moods':
        this.#moods = [...step.moods];
        break;
      case 'deduplicated':
        world.facts.seenTo(Math.max(world.facts.position(), world.log.head() - step.behind));
        break;
      case 'wait':
        await world.clock.advance(step.ms);
        break;
      case 'restart':
        await world.end();
        this.#policy = { maxBatchSize: step.size, maxBatchBytes: step.bytes, writeFrequencyMs: step.frequencyMs };
        this.start();
        break;
      case 'kill at':
        this.#life.stepsLeft = step.step;
    }
    if (!this.#life.isKilled) return;
    await world.end();
    this.start();
  }

  async finish(): Promise<void> {
    this.#moods = [];
    this.#isMended = true;
    this.#life.stepsLeft = Number.POSITIVE_INFINITY;
    this.world.facts.seenTo(undefined);
    if (this.#life.isKilled) {
      await this.world.end();
      this.start();
    }
    await this.world.clock.advance(200_000);
    await this.world.end();
  }

  check(): void {
    const { world, files } = this;
    const inServer = [...this.arrived.keys()];
    assert.deepEqual(
      inServer,
      [...inServer].sort((a, b) => a - b),
      'server: log order',
    );
    assert.deepEqual(
      files.positions,
      [...files.positions].sort((a, b) => a - b),
      'folder: log order',
    );
    assert.equal(new Set(files.published.map((f) => f.path)).size, files.published.length, 'folder: names');
    for (const [name, positions] of [['server', inServer] as const, ['folder', files.positions] as const]) {
      const letters = world.cursors.deadLetters.filter((letter) => letter.destination === name);
      for (const { seq, subject, isRow } of expectedOf(world)) {
        const delivered = positions.filter((p) => p === seq).length;
        const dead = letters.filter((letter) => letter.range.first <= seq && letter.range.last >= seq).length;
        const where = `${name}: ${seq} delivered ${delivered}, dead ${dead}`;
        // delivered, and damaged before a crash made it be read again: both
        const isDamaged = this.damaged.has(seq) || this.damaged.has(subject);
        if (isRow && !isDamaged) assert.ok(delivered + dead === 1, where);
        else if (isRow) assert.ok(delivered <= 1 && delivered + dead >= 1, where);
        else assert.equal(delivered, 0, where);
      }
    }
  }
}

/** The rules in their simplest form: which positions must end in the destination or in its dead letters. */
function expectedOf(world: DeliveryWorld): { seq: number; subject: number; isRow: boolean }[] {
  const seen = new Map<string, string | undefined>();
  const settled = new Set<number | undefined>();
  return world.log.written.map((line) => {
    const { seq, origin, id, type, awaits } = line;
    const subject = line.subject ?? 0;
    const text = line.private()?.envelopeText;
    const isNew = !seen.has(origin + id);
    const isConflict = !isNew && seen.get(origin + id) !== text;
    if (isNew) seen.set(origin + id, text);
    if (origin === 'client') return { seq, subject, isRow: isConflict || (isNew && awaits === undefined) };
    if (!isNew || !type.startsWith('server.screenshot.')) return { seq, subject, isRow: false };
    const isFirst = !settled.has(subject);
    settled.add(subject);
    return { seq, subject, isRow: isFirst || type === 'server.screenshot.saved' };
  });
}

test('rules 9, 13, 14, 18-20: every event ends exactly once in each destination or its dead letters, in log order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const run = new Run();
      run.start();
      for (const one of steps) await run.do(one);
      await run.finish();
      run.check();
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 9000, markInterruptAsFailure: false },
  );
});
