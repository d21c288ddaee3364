import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientAddresses, plainAddress } from './client-address.ts';

test('addresses are written one way', () => {
  assert.equal(plainAddress('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(plainAddress('10.0.0.1:4711'), '10.0.0.1');
  assert.equal(plainAddress('[2001:db8::1]:443'), '2001:db8::1');
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
  assert.equal(plainAddress('::ffff:abcd:1'), '::ffff:abcd:1');
});

const CASES: readonly (readonly [boolean | number | readonly string[], string, string | undefined, string])[] = [
  [false, '127.0.0.1', '10.0.0.1', '127.0.0.1'],
  [0, '127.0.0.1', '10.0.0.1', '127.0.0.1'],
  [true, '127.0.0.1', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  [true, '127.0.0.1', undefined, '127.0.0.1'],
  [1, '127.0.0.1', '10.0.0.1, 10.0.0.2', '10.0.0.2'],
  [2, '127.0.0.1', '10.0.0.1, 10.0.0.2', '10.0.0.1'],
  [['127.0.0.1', '10.0.0.0/24'], '127.0.0.1', '1.2.3.4, 10.0.0.2', '1.2.3.4'],
  [['127.0.0.1'], '127.0.0.1', '1.2.3.4, 10.0.0.2', '10.0.0.2'],
  [['127.0.0.1'], '10.1.1.1', '1.2.3.4', '10.1.1.1'],
  [['uniquelocal'], '192.168.1.1', 'fd00::2', 'fd00::2'],
  [['2001:db8::/32'], '2001:db8::5', '[2001:db9::1]:80', '2001:db9::1'],
  [true, '127.0.0.1', 'unknown', '127.0.0.1'],
  [true, '127.0.0.1', '1.2.3.4, <script>', '127.0.0.1'],
];

for (const [trust, peer, header, client] of CASES) {
  test(`trust ${JSON.stringify(trust)}: ${peer} for ${header} is ${client}`, () => {
    assert.equal(new ClientAddresses(trust).clientAddress(peer, header), client);
  });
}

test('what is no network is said so', () => {
  for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '']) {
    assert.throws(() => new ClientAddresses([wrong]), /trustProxy/, wrong);
  }
});
