import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openEventLog } from '../../src/adapters/event-log-files/open-event-log.ts';
import type { RecoveryReport } from '../../src/adapters/event-log-files/recovery.ts';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import type { CodedError, ErrorCode } from '../../src/domain/errors.ts';
import type { LogItem, NewLogEntry } from '../../src/domain/log-entry.ts';
import { lastSequenceOf } from '../../src/domain/log-entry.ts';
import { BEFORE_FIRST, type Sequence } from '../../src/domain/sequence.ts';
import { serverRecord } from '../../src/domain/server-record.ts';
import type { EventLogReader, EventLogWriter } from '../../src/pipeline/ports/event-log.ts';
import { FakeClock } from './fake-clock.ts';
import { FaultFileSystem } from './fault-file-system.ts';
import { RecordingLogger } from './recording-logger.ts';

export const LOG_DIRECTORY = join('/', 'log');
const START = Date.UTC(2026, 10, 23, 7, 0, 0);

export interface WorldOptions {
  readonly segmentBytes?: number;
  readonly minFreeBytes?: number;
  readonly reserveBytes?: number;
}

/**
 * A log on a disk that can fail, and the client that judges it: it knows what was acknowledged, what was refused, and
 * what it never got an answer for.
 */
export class LogWorld {
  readonly disk = new FaultFileSystem();
  readonly logger = new RecordingLogger();
  readonly acknowledged = new Map<Sequence, string>();
  readonly refused = new Map<string, ErrorCode | undefined>();
  readonly unanswered = new Set<string>();
  /** What was ever handed out to a reader: it may not change or go (rule 6). */
  readonly read = new Map<Sequence, string>();
  clock = new FakeClock(START);
  readonly #options: WorldOptions;
  #opened: { readonly log: EventLogWriter; readonly recovery: RecoveryReport } | undefined;
  #number = 0;
  #starts = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  get log(): EventLogWriter {
    assert.ok(this.#opened);
    return this.#opened.log;
  }
  get recovery(): RecoveryReport {
    assert.ok(this.#opened);
    return this.#opened.recovery;
  }

  /** A process starts. */
  async open(): Promise<this> {
    this.clock = new FakeClock(START + 3_600_000 * this.#starts++);
    this.#opened = await openEventLog({
      directory: LOG_DIRECTORY,
      minFreeBytes: this.#options.minFreeBytes ?? 0,
      reserveBytes: this.#options.reserveBytes ?? 0,
      segmentBytes: this.#options.segmentBytes ?? 1e6,
      fileSystem: this.disk,
      clock: this.clock,
      logger: this.logger,
      metrics: new PrometheusMetrics(),
    });
    return this;
  }

  /** The process was killed, or the power was cut, and it starts again. */
  async restart(kind: 'kill' | 'power cut' = 'kill'): Promise<this> {
    if (kind === 'kill') this.disk.restart();
    else this.disk.powerCut();
    return this.open();
  }

  /** An orderly stop. */
  async close(): Promise<void> {
    await this.log.close();
  }

  entry(padding = 0): NewLogEntry {
    const id = `a0000000-0000-4000-8000-${String(++this.#number).padStart(12, '0')}`;
    const envelope = JSON.stringify({ eventId: id, text: `å${'x'.repeat(padding)}` });
    return { origin: 'client', id, type: 'audit.event', at: this.clock.now(), envelope, ip: '10.0.0.1' };
  }

  /** Appends that arrive together, each of `size` events; their outcome is noted. */
  async send(appends = 1, size = 1, padding = 0): Promise<void> {
    await Promise.all(
      Array.from({ length: appends }, () => this.append(Array.from({ length: size }, () => this.entry(padding)))),
    );
  }

  /** @returns the error code of a refusal */
  async append(entries: readonly NewLogEntry[]): Promise<ErrorCode | undefined> {
    for (const { id } of entries) this.unanswered.add(id);
    try {
      const receipts = await this.log.append(entries);
      if (this.disk.hasStopped) return undefined;
      for (const [i, { seq }] of receipts.entries()) {
        const id = entries[i]?.id ?? '';
        assert.ok(!this.acknowledged.has(seq), `sequence ${seq} was given twice`);
        this.acknowledged.set(seq, id);
        this.unanswered.delete(id);
      }
      return undefined;
    } catch (error) {
      // the answers of a process that is gone reach nobody
      if (this.disk.hasStopped) return undefined;
      const { code } = error as CodedError;
      for (const { id } of entries) {
        this.refused.set(id, code);
        this.unanswered.delete(id);
      }
      return code;
    }
  }

  serverEntry(about: string): NewLogEntry {
    return serverRecord({ type: 'server.test', about, actor: 'server', at: this.clock.now(), payload: { about } });
  }

  /**
   * Reads everything and holds it against the client's own list: what was acknowledged is there once, at its sequence;
   * nothing that was refused is there; nothing is there twice; sequences have no gap.
   */
  async judge(expected: { readonly damage?: boolean; readonly refusedMayBeThere?: boolean } = {}): Promise<void> {
    const items = await readAll(this.log);
    const seen = new Set<string>();
    let next = items[0] === undefined ? 1 : firstOf(items[0]);
    for (const item of items) {
      assert.equal(firstOf(item), next, 'sequences have no gap');
      next = lastSequenceOf(item) + 1;
      if (item.kind === 'damaged') {
        assert.ok(expected.damage, `damage at ${item.first}-${item.last}: ${item.reason}`);
        for (let seq: number = item.first; seq <= item.last; seq++)
          seen.add(this.acknowledged.get(seq as Sequence) ?? '');
        continue;
      }
      assert.equal(item.private()?.envelope === undefined, false);
      assert.equal(this.read.get(item.seq) ?? item.id, item.id, `sequence ${item.seq} has been read as another event`);
      this.read.set(item.seq, item.id);
      if (item.origin === 'server') {
        seen.add(item.id);
        continue;
      }
      assert.ok(!seen.has(item.id), `${item.id} is there twice`);
      seen.add(item.id);
      if (expected.refusedMayBeThere !== true) assert.ok(!this.refused.has(item.id), `${item.id} was refused`);
      const acknowledged = this.acknowledged.get(item.seq);
      if (acknowledged !== undefined) assert.equal(item.id, acknowledged, `sequence ${item.seq} holds another event`);
      else assert.ok(this.unanswered.has(item.id) || this.refused.has(item.id), `${item.id} came from nowhere`);
    }
    for (const seq of this.read.keys()) assert.ok(seq < next, `sequence ${seq}, read before, is gone`);
    for (const [seq, id] of this.acknowledged) assert.ok(seen.has(id), `${id}, acknowledged as ${seq}, is lost`);
  }
}

function firstOf(item: LogItem): number {
  return item.kind === 'event' ? item.seq : item.first;
}

/** All items, in reads of `events` each. */
export async function readAll(log: EventLogReader, events = 7, after: Sequence = BEFORE_FIRST): Promise<LogItem[]> {
  const all: LogItem[] = [];
  for (let at = after; ; ) {
    const items = await log.read(at, { events, bytes: 1e6 });
    const last = items.at(-1);
    if (last === undefined) return all;
    all.push(...items);
    at = lastSequenceOf(last);
  }
}

/** For assertions on what a log holds: `5` for a line, `6-7 damaged` for damage. */
export function outline(items: readonly LogItem[]): string {
  return items.map((item) => (item.kind === 'event' ? `${item.seq}` : `${item.first}-${item.last} damaged`)).join(', ');
}
