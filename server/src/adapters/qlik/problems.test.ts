import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionProblem, failed, retryAfterMs, sessionLimitProblem, withoutSecrets } from './problems.ts';

const NOW = Date.UTC(2026, 10, 23, 7, 0, 0);

test('Retry-After in seconds or as a date, an hour at most', () => {
  const expected = {
    '0': 0,
    ' 7 ': 7000,
    '999999999': 3_600_000,
    'Mon, 23 Nov 2026 07:00:30 GMT': 30_000,
    'Mon, 23 Nov 2026 06:00:00 GMT': undefined,
    '-1': undefined,
    soon: undefined,
    '': undefined,
  };
  const found = Object.fromEntries(Object.keys(expected).map((header) => [header, retryAfterMs(header, NOW)]));
  assert.deepEqual(found, expected);
  assert.equal(retryAfterMs(undefined, NOW), undefined);
});

test('secrets are taken out of a message in whatever case they come back', () => {
  const problem = failed('redirect-not-allowed', 'a.test redirects to ab.c+d.evil.test, AB.C+D');
  assert.equal(withoutSecrets(problem, ['Ab.C+d', '']).message, 'a.test redirects to ********.evil.test, ********');
});

test('what a connection broke of is told for both sides, and holds no more of the error than its code', () => {
  const error = (code: string) => Object.assign(new Error('GET /tempcontent/x.png?qlikTicket=secret'), { code });
  const codes = {
    ECONNREFUSED: 'connection-refused',
    EAI_AGAIN: 'host-unknown',
    ETIMEDOUT: 'unreachable',
    ERR_TLS_CERT_ALTNAME_INVALID: 'wrong-host-name',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'wrong-ca',
    CERT_HAS_EXPIRED: 'certificate-date',
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'client-certificate',
    EPROTO: 'no-tls',
    HPE_INVALID_CONSTANT: 'connection-failed',
  };
  for (const [code, reason] of Object.entries(codes)) {
    const image = connectionProblem(error(code), { role: 'image host', host: 'qlik.lab', port: 443 });
    const qps = connectionProblem(error(code), { role: 'qps', host: 'qlik.lab', port: 4243 });
    assert.deepEqual([image.kind, image.reason, qps.kind, qps.reason], ['retry', reason, 'retry', `qps-${reason}`]);
    assert.doesNotMatch(image.message + qps.message, /secret|tempcontent/);
    assert.match(qps.message, /qlik\.lab/);
  }
});

test('a log-in page is not that of a user with too many sessions', () => {
  const told = (text: string) => sessionLimitProblem(text, 'sense.lan', undefined)?.reason;
  assert.equal(told('<p>You cannot access Qlik Sense: too many active sessions</p>'), 'too-many-sessions');
  assert.equal(told('{"message":"The maximum number of parallel user sessions is exceeded"}'), 'too-many-sessions');
  assert.equal(told('<meta content="maximum-scale=1"><title>Session expired</title>'), undefined);
});
