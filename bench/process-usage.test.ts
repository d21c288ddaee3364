import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { cpuBetween, readCpu, readMemory } from './process-usage.ts';

test('CPU and memory of this process on Linux; undefined elsewhere and for no process', () => {
  assert.equal(readCpu(0x7fff_fff0), undefined);
  assert.equal(readMemory(0x7fff_fff0), undefined);
  if (!existsSync('/proc/self/task')) {
    assert.equal(readCpu(process.pid), undefined);
    return;
  }
  const before = readCpu(process.pid);
  const began = process.cpuUsage();
  while (process.cpuUsage(began).user < 100_000);
  const used = cpuBetween(before, readCpu(process.pid));
  const own = process.cpuUsage(began);
  assert.ok(used !== undefined);
  // the kernel counts in ticks; the work between the two readings is in our own account as well
  assert.ok(used.main >= 80_000 && used.all < own.user + own.system + 50_000, JSON.stringify({ used, own }));
  assert.ok(used.all >= used.main);
  assert.equal(used.byThread.get('main'), used.main);
  const memory = readMemory(process.pid) ?? 0;
  assert.ok(memory > 20 * 2 ** 20 && memory < 2 * 2 ** 30);
});
