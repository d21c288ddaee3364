import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostConnections } from './connection-limit.ts';

test('connections leave files for the log, half of them where there are few', () => {
  const limits = (files: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax processes             96219                96219                processes\nMax open files            ${files.padEnd(20)} 524288               files\n`;
  assert.equal(mostConnections(limits('1024')), 768);
  assert.equal(mostConnections(limits('120')), 60);
  assert.equal(mostConnections(limits('unlimited')), undefined);
  assert.equal(mostConnections(''), undefined);
});
