import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUserIdentity } from './user-identity.ts';

const qlik = (directory: string | null, id: string | null) => ({ directory, id, user: id });

describe('parseUserIdentity', () => {
  it('reads the forms of Qlik Sense Enterprise', () => {
    for (const text of [
      'UserDirectory=LAB; UserId=john.doe',
      'userdirectory=LAB;userid=john.doe',
      ' UserDirectory = LAB ;  UserId = john.doe ',
      'LAB; UserId=john.doe',
      'LAB\\john.doe',
    ]) {
      assert.deepEqual(parseUserIdentity(text), qlik('LAB', 'john.doe'), text);
    }
  });
  it('lets ids hold separators', () => {
    assert.deepEqual(parseUserIdentity('UserDirectory=A; UserId=x; UserId=y=z@b c'), qlik('A', 'x; UserId=y=z@b c'));
    assert.deepEqual(parseUserIdentity('LAB\\a\\b'), qlik('LAB', 'a\\b'));
  });
  it('keeps a name of Qlik Cloud as the user, without directory and id', () => {
    assert.deepEqual(parseUserIdentity('anna@example.com'), { directory: null, id: null, user: 'anna@example.com' });
  });
  it('knows the unknown', () => {
    for (const text of ['', ' ', 'N/A', 'n/a']) assert.deepEqual(parseUserIdentity(text), qlik(null, null));
  });
  it('takes half an identity', () => {
    assert.deepEqual(parseUserIdentity('UserId=john'), qlik(null, 'john'));
    assert.deepEqual(parseUserIdentity('UserDirectory=LAB'), qlik('LAB', null));
    assert.deepEqual(parseUserIdentity('UserDirectory=; UserId='), qlik(null, null));
  });
  it('stays linear on hostile text', () => {
    const started = process.cpuUsage().user;
    parseUserIdentity(`UserDirectory=${'; '.repeat(200_000)}${' '.repeat(200_000)}x`);
    assert.ok(process.cpuUsage().user - started < 1_000_000);
  });
});
