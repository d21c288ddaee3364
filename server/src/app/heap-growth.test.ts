import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundHeapGrowth } from './heap-growth.ts';

test('where connections have taken every file that the process may open, the server goes on', (t) => {
  const refused = Object.assign(new Error('too many open files'), {
    code: 'EMFILE',
    syscall: 'uv_resident_set_memory',
  });
  const rss = t.mock.method(process.memoryUsage, 'rss', () => {
    throw refused;
  });
  boundHeapGrowth()();
  assert.equal(rss.mock.callCount(), 1);
});
