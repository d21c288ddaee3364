import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinations } from '../destination-registry.ts';
import { loadConfig } from './load-config.ts';
import { startupWarnings } from './startup-warnings.ts';

function warningsOf(...lines: readonly string[]): readonly string[] {
  const text = `auditEvents:\n${lines.map((line) => `  ${line}\n`).join('')}`;
  return startupWarnings(loadConfig({ text, root: process.cwd(), env: {}, destinations }).config);
}

const TOKEN = 'apiToken: a';

test('a safe set-up starts without warnings', () => {
  assert.deepEqual(warningsOf(TOKEN), []);
  assert.deepEqual(warningsOf(TOKEN, 'host: localhost'), []);
  assert.deepEqual(warningsOf(TOKEN, 'host: "::1"'), []);
  assert.deepEqual(warningsOf(TOKEN, 'host: 0.0.0.0', 'tls: {enable: true, cert: a, key: b}'), []);
});

test('each unsafe setting is warned of', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['cors: {allowedOrigins: ["*"]}', /allowedOrigins allows every web page/],
    ['tls: {enable: true, cert: a, key: b, minVersion: TLSv1.1}', /TLSv1\.1, which is no longer safe/],
    ['host: 0.0.0.0', /plain http on 0\.0\.0\.0/],
    ['host: audit.mycompany.net', /plain http on audit\.mycompany\.net/],
    ['viewer: {host: 0.0.0.0}', /viewer port is open on 0\.0\.0\.0/],
  ];
  for (const [line, expected] of cases) {
    const warnings = warningsOf(TOKEN, line);
    assert.equal(warnings.length, 1, line);
    assert.match(warnings[0] ?? '', expected);
  }
  assert.match(warningsOf('port: 1')[0] ?? '', /No apiToken is set/);
});

test('a destination InfluxDB without its settings, as excerpts of the documents have it, is warned of', () => {
  const missing = (...more: readonly string[]) =>
    warningsOf(TOKEN, 'destination:', '  enable: true', '  type: influxdb', ...more).filter((one) =>
      one.startsWith('InfluxDB gets nothing yet'),
    );
  assert.deepEqual(missing(), [
    'InfluxDB gets nothing yet, and its events wait in the log: set destination.influxdb.v2Config.org, destination.influxdb.v2Config.bucket, destination.influxdb.v2Config.token.',
  ]);
  assert.deepEqual(missing('  influxdb: {version: 2, v2Config: {org: o, bucket: b, token: t}}'), []);
  assert.deepEqual(missing('  influxdb: {version: 3, v3Config: {database: d}}'), []);
});

test('a file of certificates for an InfluxDB without https is warned of', () => {
  const ofAuthority = (tls: string) =>
    warningsOf(TOKEN, 'destination:', '  enable: true', '  type: influxdb', `  influxdb: {version: 3, ${tls}}`).filter(
      (one) => /tls/.test(one),
    );
  assert.match(ofAuthority('tls: {ca: a.pem}').join(), /^destination\.influxdb\.tls\.ca has no effect: .*https: true/);
  assert.deepEqual(ofAuthority('https: true, tls: {ca: a.pem}'), []);
  assert.deepEqual(ofAuthority('tls: {enable: true, ca: a.pem}'), []);
});

test('a destination JSON that writes no files is warned of', () => {
  const warnings = (...more: readonly string[]) =>
    warningsOf(TOKEN, 'destination:', '  enable: true', '  type: json', ...more);
  const nothing = [
    'Nothing is delivered to json: set destination.json.objectdata.enable: true, or take json out of destination.type.',
  ];
  assert.deepEqual(warnings(), nothing);
  assert.deepEqual(warnings('  json: {objectdata: {enable: false, exportDirectory: x}}'), nothing);
  assert.deepEqual(warnings('  json: {objectdata: {enable: true, exportDirectory: x}}'), []);
  assert.deepEqual(warningsOf(TOKEN, 'destination: {enable: false, type: json}'), []);
});
