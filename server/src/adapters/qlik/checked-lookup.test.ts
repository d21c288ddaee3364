import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { test } from 'node:test';
import { AddressRefusedError, checkedLookup, isRefusedAddress } from './checked-lookup.ts';

test('addresses of metadata services, of nobody and of everybody are refused, in every disguise', () => {
  const refused = [
    ...['169.254.169.254', '0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '::', 'fe80::1', 'ff02::1'],
    ...['::ffff:169.254.169.254', '::ffff:0.0.0.0', '::169.254.169.254', '64:ff9b::169.254.169.254', 'fd00:ec2::254'],
    ...['fd20:ce::254', '100.100.100.200', '192.0.0.192', '::ffff:100.100.100.200'],
  ];
  for (const address of refused) assert.equal(isRefusedAddress(address), true, address);
  const usual = ['127.0.0.1', '10.0.0.1', '192.168.1.1', '8.8.8.8', '::1', 'fd00::1', '2001:db8::1', '::ffff:10.0.0.1'];
  for (const address of [...usual, 'qlik.lab']) assert.equal(isRefusedAddress(address), false, address);
});

function look(found: readonly LookupAddress[] | Error, all: boolean): Promise<unknown> {
  const answer = ((_name, _options, callback) => {
    if (found instanceof Error) callback(found, []);
    else callback(null, [...found]);
  }) as LookupFunction;
  return new Promise((resolve, reject) => {
    checkedLookup(answer)('qlik.lab', { all }, (error, address, family) => {
      if (error !== null) reject(error);
      else resolve(all ? address : { address, family });
    });
  });
}

test('a name is good for its usable addresses only', async () => {
  const bad = { address: '169.254.169.254', family: 4 };
  const good = { address: '10.0.0.1', family: 4 };
  assert.deepEqual(await look([bad, good], true), [good]);
  assert.deepEqual(await look([bad, good], false), good);
  await assert.rejects(look([bad], true), AddressRefusedError);
  await assert.rejects(look([], false), AddressRefusedError);
  await assert.rejects(look(new Error('ENOTFOUND'), true), /ENOTFOUND/);
});
