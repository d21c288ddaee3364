import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { RecordingLogger } from '../../../test/support/recording-logger.ts';
import { epochMillis } from '../../domain/epoch-millis.ts';
import type { RefusedEvent, RefusedStore } from '../../pipeline/ports/refused-store.ts';
import { openRefusedFile } from './refused-file.ts';
import { type RefusedRecord, readRefused, refusedPaths } from './refused-records.ts';

let folder: string;
let directory: string;
let path: string;
let logger: RecordingLogger;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-refused-'));
  directory = join(folder, 'log');
  path = join(directory, 'refused.ndjson');
  logger = new RecordingLogger();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function refusedFile(limits: { readonly maxBytes?: number; readonly maxBodyBytes?: number } = {}): RefusedStore {
  return openRefusedFile({ directory, ...limits, clock: new FakeClock(), logger });
}

function event(body: string | Buffer): RefusedEvent {
  return { at: epochMillis(Date.UTC(2026, 10, 23)), ip: '10.0.0.1', status: 422, reason: 'r', details: { a: 1 }, body };
}

async function records(): Promise<RefusedRecord[]> {
  const found: RefusedRecord[] = [];
  for await (const record of readRefused(directory)) found.push(record);
  return found;
}

test('what is added comes back, oldest first', async () => {
  const file = refusedFile();
  file.add(event('{"a":\n1}'));
  file.add(event(Buffer.from([0xff, 0xfe])));
  await file.close();
  assert.deepEqual(await records(), [
    {
      at: '2026-11-23T00:00:00.000Z',
      ip: '10.0.0.1',
      status: 422,
      reason: 'r',
      details: { a: 1 },
      bytes: 8,
      body: '{"a":\n1}',
    },
    {
      at: '2026-11-23T00:00:00.000Z',
      ip: '10.0.0.1',
      status: 422,
      reason: 'r',
      details: { a: 1 },
      bytes: 2,
      bodyBase64: '//4=',
    },
  ]);
  if (process.platform !== 'win32') assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a long body is cut, and the record says so', async () => {
  const file = refusedFile({ maxBodyBytes: 10 });
  file.add(event('x'.repeat(11)));
  await file.close();
  const [record] = await records();
  assert.deepEqual([record?.body, record?.bytes, record?.truncated], ['x'.repeat(10), 11, true]);
});

test('what is kept is bounded: two generations', async () => {
  const file = refusedFile({ maxBytes: 2000 });
  for (let i = 0; i < 100; i++) {
    file.add(event(`body ${i}`));
    await file.close();
  }
  const kept = await records();
  assert.ok(kept.length >= 10 && kept.length < 40, `${kept.length} records`);
  assert.equal(kept.at(-1)?.body, 'body 99');
  assert.ok(statSync(path).size <= 2000);
  assert.ok(statSync(refusedPaths(directory).previous).size <= 2000);
});

test('a new start goes on in the same file, after a torn line too', async () => {
  const first = refusedFile();
  first.add(event('one'));
  await first.close();
  appendFileSync(path, '{"at":"2026');
  const second = refusedFile();
  second.add(event('two'));
  await second.close();
  assert.deepEqual(
    (await records()).map(({ body }) => body),
    ['one', 'two'],
  );
});

test('a disk that refuses costs the records, with a warning, and nothing else', async () => {
  writeFileSync(join(folder, 'log'), 'a file where the folder should be');
  const file = refusedFile();
  file.add(event('one'));
  file.add(event('two'));
  await file.close();
  assert.deepEqual(await records(), []);
  const counts = logger.at('warn').map(({ fields }) => Number(fields.count));
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    2,
  );
});

test('more than the disk takes is counted, not collected in memory', async () => {
  const file = refusedFile({ maxBodyBytes: 1024 * 1024 });
  for (let i = 0; i < 10; i++) file.add(event('x'.repeat(1024 * 1024)));
  await file.close();
  assert.equal((await records()).length, 3);
  const lost = logger.at('warn').map(({ fields }) => Number(fields.count));
  assert.equal(
    lost.reduce((sum, count) => sum + count, 0),
    7,
  );
});

test('no file, no records', async () => {
  assert.deepEqual(await records(), []);
});
