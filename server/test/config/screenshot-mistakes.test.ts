import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateWarnings } from '../../src/app/config/qlik-certificates.ts';
import { audit, load, mistakesIn } from './support.ts';

const FOLDER = 'storageTargets: [{type: flat, directory: x}]';
const enabled = (...lines: readonly string[]) =>
  audit('screenshots:', ...['enable: true', FOLDER, ...lines].map((line) => `  ${line}`));
const AUTH = 'Butler-SOS.auditEvents.screenshots.auth';

test('log-in at Qlik Sense: what can never work is a mistake with its line, and what to write instead', () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ['qps: {host: "https://qlik.lab"}', 'qps.host', 'name of a host without scheme, port and path'],
    ['qps: {host: "qlik.lab:4243"}', 'qps.host', 'name of a host without scheme, port and path'],
    ['qps: {host: "qlik lab"}', 'qps.host', 'name of a host'],
    ['qps: {port: 0}', 'qps.port', 'from 1 to 65535'],
    ['qps: {virtualProxy: "https://qlik.lab/analytics"}', 'qps.virtualProxy', 'a prefix such as "analytics"'],
    ['qps: {virtualProxy: "a/../b"}', 'qps.virtualProxy', 'a prefix such as "analytics"'],
    ['sessionCookieName: "X-Qlik-Session; path=/"', 'sessionCookieName', 'the name of a cookie'],
    ['allowedPaths: [/content, "https://qlik.lab/x"]', 'allowedPaths[1]', 'a path such as "/content/Pictures"'],
    ['allowedPaths: [/]', 'allowedPaths[0]', 'a path such as'],
    ['deniedUsers: ["LAB\\\\root", " "]', 'deniedUsers[1]', 'a user such as'],
  ];
  for (const [line, key, expected] of wrong) {
    const [only = '', ...more] = mistakesIn(enabled('auth:', '  mode: userTicket', `  ${line}`));
    assert.deepEqual(more, []);
    assert.match(only, /^production\.yaml:8:\d+ /, line);
    assert.ok(only.includes(`${AUTH}.${key}: expected `) && only.includes(expected), only);
  }
});

test('what Butler SOS 15 and the documents show is none', () => {
  const right = [
    'qps: {host: qliksense.yourcompany.com, port: 4243, virtualProxy: ""}',
    'qps: {host: 10.0.0.1, virtualProxy: /eu/sales/}',
    'qps: {host: "fd00::1", virtualProxy: /}',
    'allowedPaths: [/content/Pictures/, thumbs]',
    'deniedUsers: ["LAB\\\\root", root, "SECRET\\\\", "UserDirectory=HR; UserId=Boss"]',
    'sessionCookieName: X-Qlik-Session-analytics',
  ];
  for (const line of right) load(enabled('auth:', '  mode: qpsTicket', `  ${line}`));
  // nobody logs in: what stands there is of no matter
  load(enabled('auth:', '  mode: none', '  qps: {host: "<FQDN or IP address>"}'));
});

function warningsOn(text: string): readonly string[] {
  return load(text).warnings.map(({ line, message }) => `${line} ${message}`);
}

test('what a log-in misses, and hosts that allow nothing, are warned of with their lines', () => {
  assert.deepEqual(warningsOn(enabled('auth: {mode: qpsTicket}')), [
    '6 qpsTicket gets no ticket until this is set, too: screenshots.auth.qps.host, screenshots.auth.qps.userDirectory, screenshots.auth.qps.userId, Butler-SOS.cert.clientCert, Butler-SOS.cert.clientCertKey',
  ]);
  assert.deepEqual(warningsOn(enabled('auth: {mode: userTicket, qps: {host: q, cert: {clientCert: a.pem}}}')), [
    '6 userTicket gets no ticket until this is set, too: screenshots.auth.qps.cert.clientCertKey',
  ]);
  const hosts = warningsOn(enabled('allowedImageDownloadHosts:', '  - qlik.lab:443', '  - "*.lab"', '  - "[::1]"'));
  assert.deepEqual(hosts, [
    '8 "*.lab" is neither host nor host:port, and allows nothing. There are no wildcards: name each host.',
  ]);
  assert.deepEqual(warningsOn(enabled('auth: {mode: none}')), []);
});

test('certificate files that cannot be used are warned of where they are named', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-certificates-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'client.pem'), 'no certificate');
  const names = `{clientCert: ${JSON.stringify(join(folder, 'client.pem'))}, clientCertKey: ${JSON.stringify(join(folder, 'none.pem'))}}`;
  const found = async (text: string) =>
    (await certificateWarnings(load(text), new Date())).map(({ line, path }) => `${line} ${path}`);
  const own = enabled('auth:', '  mode: userTicket', `  qps: {host: q, cert: ${names}}`);
  assert.deepEqual(await found(own), [`8 ${AUTH}.qps.cert.clientCert`, `8 ${AUTH}.qps.cert.clientCertKey`]);
  const common = (mode: string) => `${enabled(`auth: {mode: ${mode}}`)}  cert: ${names}\n`;
  assert.deepEqual(await found(common('userTicket')), [
    '7 Butler-SOS.cert.clientCert',
    '7 Butler-SOS.cert.clientCertKey',
  ]);
  assert.deepEqual(await found(common('none')), []);
});
