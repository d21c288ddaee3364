import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseLoginUser } from './login-user.ts';
import type { LoginOptions } from './options.ts';

const options: LoginOptions = {
  mode: 'userTicket',
  qps: { host: 'qlik.lab', port: 4243, userDirectory: 'LAB', userId: 'service', ticketTimeoutMs: 5000, cert: {} },
  sessionCache: { enable: false, ttlSeconds: 120, maxEntries: 100 },
  allowedPaths: [],
  deniedUsers: ['LAB\\administrator', 'UserDirectory=HR; UserId=Boss', 'root', 'SECRET\\'],
};

function choose(identity: string | null, mode: LoginOptions['mode'] = 'userTicket'): string {
  const choice = chooseLoginUser({ ...options, mode }, identity);
  return choice.kind === 'user' ? `${choice.user.directory}\\${choice.user.id}` : choice.kind;
}

test('userTicket: the user of the event, or nobody', () => {
  assert.equal(choose('UserDirectory=LAB; UserId=john'), 'LAB\\john');
  assert.equal(choose('lab\\John'), 'lab\\John');
  const nobody = [
    null,
    '',
    'N/A',
    'john@cloud.example',
    'auth0|abc',
    'UserDirectory=LAB',
    'UserId=john',
    'LAB\\',
    '\\john',
  ];
  for (const identity of [...nobody, 'LAB\\a\\b', 'UserDirectory=LAB; UserId= ', 'LAB\\a\u0000b', 'L\nAB\\a']) {
    assert.equal(choose(identity), 'unknown', String(identity));
  }
});

test('qpsTicket: the configured user, whatever the event says', () => {
  assert.equal(choose('UserDirectory=LAB; UserId=john', 'qpsTicket'), 'LAB\\service');
  const { userId: _, ...qps } = options.qps;
  const choice = chooseLoginUser({ ...options, mode: 'qpsTicket', qps }, 'LAB\\john');
  assert.equal(choice.kind, 'unknown');
});

test('no ticket for the directory INTERNAL or a denied user, however it is written', () => {
  const denied = [
    ...[
      'INTERNAL\\sa_api',
      'UserDirectory=internal; UserId=sa_repository',
      ' Internal \\x',
      'ＩＮＴＥＲＮＡＬ\\x',
      'ınternal\\x',
      'INTER\u200bNAL\\x',
      'INTERNAL\u00ad\\x',
    ],
    ...['lab\\ADMINISTRATOR', 'UserDirectory=HR;userid=boss', 'LAB\\root', 'OTHER\\Root', 'secret\\anybody'],
  ];
  for (const identity of denied) assert.equal(choose(identity), 'denied', identity);
  assert.equal(choose('LAB\\boss'), 'LAB\\boss');
  assert.equal(chooseLoginUser({ ...options, mode: 'qpsTicket', deniedUsers: ['LAB\\service'] }, null).kind, 'denied');
});
