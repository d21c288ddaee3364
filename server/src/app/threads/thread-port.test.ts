import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { CodedError } from '../../domain/errors.ts';
import { connectThread } from './thread-port.ts';

type Adder = { add(pair: { a: number; b: number }): number; fail(text: string): never };

function pair() {
  const { port1, port2 } = new MessageChannel();
  const local: Adder = {
    add: ({ a, b }) => a + b,
    fail: (text) => {
      throw new CodedError('EVENT_LOG_FULL', text, { bytes: 5 });
    },
  };
  connectThread<Adder, Record<string, never>>(port2, local);
  return { remote: connectThread<Record<string, never>, Adder>(port1, {}), close: () => port1.close() };
}

test('a call crosses the port and its answer comes back', async () => {
  const { remote, close } = pair();
  assert.equal(await remote.call('add', { a: 2, b: 3 }), 5);
  close();
});

test('an error keeps its code, message and context', async () => {
  const { remote, close } = pair();
  await assert.rejects(remote.call('fail', 'disk'), (error: CodedError) => {
    assert.equal(error.code, 'EVENT_LOG_FULL');
    assert.equal(error.message, 'disk');
    assert.deepEqual(error.context, { bytes: 5 });
    return true;
  });
  close();
});

test('when the other side is gone, waiting and later calls fail', async () => {
  const { remote, close } = pair();
  const waiting = remote.call('add', { a: 1, b: 1 });
  remote.disconnect('the delivery thread stopped');
  await assert.rejects(waiting, { code: 'THREAD_GONE' });
  await assert.rejects(remote.call('add', { a: 1, b: 1 }), { code: 'THREAD_GONE' });
  close();
});
