import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkAllTlsFiles } from '../../src/app/config/check-tls-files.ts';
import { audit, load, mistakesIn } from './support.ts';

const AUDIT = 'Butler-SOS.auditEvents';

test('names of the queue metrics that line protocol cannot hold', () => {
  const lines = mistakesIn(
    audit(
      'queue:',
      '  queueMetrics:',
      '    influxdb:',
      '      measurementName: "#a"',
      '      tags: [{name: _x, value: 1}]',
    ),
  );
  assert.deepEqual(lines, [
    'production.yaml:6:11 Butler-SOS.auditEvents.queue.queueMetrics.influxdb.measurementName: expected a name without control characters, a leading #, and a backslash at the end or before a comma, a blank or =, found "#a".',
    'production.yaml:7:11 Butler-SOS.auditEvents.queue.queueMetrics.influxdb.tags: expected names without control characters, a leading _, and a backslash at the end or before a comma, a blank or =, found "_x".',
  ]);
});

test('constant tags that would take the place of those of the events', () => {
  const tags = `[{name: a, value: ${'x'.repeat(2000)}}, ${Array.from('bcdefghi', (name) => `{name: ${name}, value: 1}`).join()}]`;
  const many = `[${Array.from({ length: 9 }, (_, i) => `{name: n${i}, value: "${'x'.repeat(2048)}"}`).join()}]`;
  const influxdb = (staticTags: string, queueTags: string) =>
    audit(
      'destination:',
      '  enable: true',
      '  type: influxdb',
      `  influxdb: {version: 3, v3Config: {database: d}, staticTags: ${staticTags}}`,
      `queue: {queueMetrics: {influxdb: {tags: ${queueTags}}}}`,
    );
  assert.deepEqual(load(influxdb(tags, tags)).notes, []);
  const rule = 'expected names and values of at most 16384 bytes in all, found more.';
  const [queue, statics] = [mistakesIn(influxdb(tags, many)), mistakesIn(influxdb(many, tags))];
  assert.deepEqual(queue.map(behindPlace), [`${AUDIT}.queue.queueMetrics.influxdb.tags: ${rule}`]);
  assert.deepEqual(statics.map(behindPlace), [`${AUDIT}.destination.influxdb.staticTags: ${rule}`]);
});

test('constant tags of which one would be lost', () => {
  const inFiles = (type: string, names: string) =>
    mistakesIn(
      audit(
        'destination:',
        '  enable: true',
        `  type: ${type}`,
        `  ${type}: {staticTags: [${names
          .split(' ')
          .map((name) => `{name: ${name}, value: x}`)
          .join()}]}`,
      ),
    ).map(behindPlace);
  for (const type of ['parquet', 'qvd']) {
    const setting = `${AUDIT}.destination.${type}.staticTags`;
    assert.deepEqual(inFiles(type, 'a b a'), [`${setting}: expected each name once, found "a" twice.`]);
    assert.deepEqual(inFiles(type, 'a sequence'), [
      `${setting}: expected names that tags do not have already, found "sequence".`,
    ]);
  }
});

test('a writeFrequency that is longer than timers are', () => {
  const lines = mistakesIn(
    audit('destination:', '  qvd: {writeFrequency: 2147483648}', '  parquet: {writeFrequency: 1e12}'),
  );
  assert.deepEqual(lines.map(behindPlace), [
    `${AUDIT}.destination.qvd.writeFrequency: expected a number from 0 to 2147483647, found 2147483648.`,
    `${AUDIT}.destination.parquet.writeFrequency: expected a number from 0 to 2147483647, found 1000000000000.`,
  ]);
});

test('the host of InfluxDB is none with scheme, port or path: the message says what to write instead', () => {
  const found = (host: string) =>
    mistakesIn(
      audit('destination:', '  enable: true', '  type: influxdb', `  influxdb: {host: ${host}, v2Config: {}}`),
    ).map(behindPlace);
  const rule = `${AUDIT}.destination.influxdb.host: expected a host name or an IP address without scheme, port and path, found`;
  for (const [host, rest] of [
    ['"http://h"', '"http://h"; write host: h.'],
    [
      '"https://influx.example.com:443/x"',
      '"https://influx.example.com:443/x"; write host: influx.example.com, https: true.',
    ],
    ['"HTTPS://h:8087"', '"HTTPS://h:8087"; write host: h, port: 8087, https: true.'],
    ['"h:8086"', '"h:8086"; write host: h, port: 8086.'],
    ['"h/"', '"h/"; write host: h.'],
    ['"[::1]"', '"[::1]"; write host: "::1".'],
    ['"udp://h"', '"udp://h"; write host: h.'],
    ['"http://user:Secret-password@h"', 'something else.'],
    ['"my host"', 'something else.'],
  ] as const) {
    assert.deepEqual(found(host), [`${rule} ${rest}`]);
  }
  for (const host of ['localhost', '"::1"', '10.0.0.1', 'influx_1.example.com', 'fluß.example', '"fe80::1%eth0"']) {
    assert.throws(() => found(host), /expected mistakes, found none/);
  }
});

test('the file of certificates for InfluxDB is looked at where it is used', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'authority-'));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'text.pem'), 'no certificate');
  const check = (ca: string, more = 'https: true', type = 'influxdb') => {
    const influxdb = `influxdb: {${more}, tls: {ca: ${ca}}, version: 3, v3Config: {database: d}}`;
    return checkAllTlsFiles(
      load(audit('destination:', '  enable: true', `  type: ${type}`, `  ${influxdb}`), { root }),
    );
  };
  const place =
    /production\.yaml:6:37 Butler-SOS\.auditEvents\.destination\.influxdb\.tls\.ca: expected a readable file/;
  await assert.rejects(check('missing.pem'), { code: 'CONFIG_INVALID', message: place });
  await assert.rejects(check('missing.pem'), { message: /missing\.pem, found no such file\.$/ });
  await assert.rejects(check('text.pem'), { message: /text\.pem, found no certificate in it\.$/ });
  await check('missing.pem', 'https: false');
  await check('missing.pem', 'https: true', 'json');
});

/** A mistake without file, line and column. */
function behindPlace(line: string): string {
  return line.slice(line.indexOf(' ') + 1);
}
