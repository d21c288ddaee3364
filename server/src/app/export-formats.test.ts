import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QvdReader } from 'qvd-codec';
import { ArrayLog } from '../../test/state/array-log.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { eventLine } from '../../test/trail/sample-events.ts';
import { type AuditRecord, auditRecordOf } from '../domain/audit-record.ts';
import { sequence } from '../domain/sequence.ts';
import type { ExportFile } from '../pipeline/trail/export-formats.ts';
import { exportFormats } from './export-formats.ts';

function record(): AuditRecord {
  const log = new ArrayLog();
  log.add(eventLine({ id: 1 }));
  const [item] = log.items;
  assert.ok(item?.kind === 'event');
  return auditRecordOf(item, undefined);
}

function qvd(maxBytes?: number) {
  const format = exportFormats('log-1', () => 1, new FakeClock(), maxBytes).find(({ name }) => name === 'qvd');
  assert.ok(format !== undefined);
  return format;
}

async function bytesOf(file: ExportFile): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file.end()) pieces.push(piece);
  file.close();
  return Buffer.concat(pieces);
}

test('a QVD file takes more than 50,000 events, and goes out in pieces', async () => {
  const file = qvd().open();
  const base = record();
  for (let i = 0; i < 600; i++) {
    file.add(Array.from({ length: 100 }, (_, n) => ({ ...base, sequence: sequence(i * 100 + n + 1) })));
  }
  assert.equal(file.isFull?.(), false);
  const reader = await QvdReader.open(await bytesOf(file));
  assert.equal(reader.header.rowCount, 60_000);
});

test('all QVD files share the room; a file that is closed gives its part back', () => {
  const format = qvd(7_000_000);
  const base = record();
  const big = { ...base, rawEnvelope: 'x'.repeat(4_000_000) };
  const first = format.open();
  first.add([big]);
  const second = format.open();
  second.add([base]);
  assert.deepEqual([first.isFull?.(), second.isFull?.()], [false, false]);
  second.add([{ ...base, rawEnvelope: 'y'.repeat(4_000_000) }]);
  assert.equal(second.isFull?.(), true);
  first.close();
  assert.equal(second.isFull?.(), false);
  second.close();
});
