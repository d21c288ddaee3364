import assert from 'node:assert/strict';
import { test } from 'node:test';
import { satisfies } from 'semver';
import { Compatibility, firstVersion, type SatisfiesRange } from './compatibility.ts';

const inRange: SatisfiesRange = (version, range) => satisfies(version, range);

test('the matrix: Butler SOS 15 with Audit.qs 0.3', () => {
  const compatibility = new Compatibility({ butlerSosVersion: '15.2.1', onIncompatible: 'reject' }, inRange);
  for (const version of ['0.3.0', '0.3.99', 'v0.3.1', '0.3.1+build'])
    assert.ok(compatibility.isCompatible(version), version);
  for (const version of ['0.2.9', '0.4.0', '1.0.0', '0.3', 'latest', '0.3.1-beta.1', '']) {
    assert.equal(compatibility.isCompatible(version), false, version);
  }
});

test('the operator may widen it', () => {
  const options = {
    butlerSosVersion: '15.0.0',
    auditQsVersionRange: '>=0.3.0 <0.6.0',
    onIncompatible: 'accept',
  } as const;
  const compatibility = new Compatibility(options, inRange);
  assert.ok(compatibility.isCompatible('0.5.9'));
  assert.equal(compatibility.isCompatible('0.6.0'), false);
  assert.equal(compatibility.rejects, false);
});

test('what clients send does not grow memory, and is asked for once', () => {
  let asked = 0;
  const compatibility = new Compatibility(
    { butlerSosVersion: '15.0.0', onIncompatible: 'reject' },
    (version, range) => {
      asked++;
      return inRange(version, range);
    },
  );
  const before = asked;
  for (let i = 0; i < 10; i++) compatibility.isCompatible('0.3.1');
  assert.equal(asked - before, 1);
});

test('several values of the header: the first', () => {
  assert.equal(firstVersion('0.3.0, 0.2.0'), '0.3.0');
  assert.equal(firstVersion(' 0.3.0 '), '0.3.0');
  assert.equal(firstVersion(', ,0.3.0'), '0.3.0');
  for (const none of [undefined, '', ' ', ', ']) assert.equal(firstVersion(none), undefined);
});
