import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { maskedConfig } from '../../src/app/config/masked-config.ts';
import { secretPaths } from '../../src/app/config/project-settings.ts';
import { settingsSchema } from '../../src/app/config/schema/settings-schema.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { audit, load, mistakesIn } from './support.ts';

const AUDIT = 'Butler-SOS.auditEvents';
// A reference as it stands in a file.
const ref = (name: string): string => `\${${name}}`;

test('the environment fills in texts, numbers, switches and choices', () => {
  const text = audit(
    `host: ${ref('HOST')}`,
    `port: ${ref('PORT')}`,
    `apiToken: ["${ref('TOKEN')}", "a-${ref('TOKEN')}-b"]`,
    `tls: {hsts: "${ref('YES')}", minVersion: "${ref('TLS')}"}`,
    `destination: {influxdb: {version: "${ref('VERSION')}"}}`,
    `eventLog: {directory: "/data/${ref('HOST')}/log"}`,
  );
  const env = { HOST: 'audit.lab', PORT: '9000', TOKEN: '12345', YES: 'true', TLS: 'TLSv1.3', VERSION: '1' };
  const { http, eventLog } = load(text, { env }).config;
  assert.deepEqual([http.host, http.port, http.tls.hsts, http.tls.minVersion], ['audit.lab', 9000, true, 'TLSv1.3']);
  assert.deepEqual(http.apiTokens, ['12345', 'a-12345-b']);
  assert.match(eventLog.directory, /data.audit\.lab.log$/);
});

test('a text that only looks like a number stays a text', () => {
  assert.deepEqual(load(audit(`apiToken: ${ref('T')}`), { env: { T: '007' } }).config.http.apiTokens, ['007']);
  assert.deepEqual(mistakesIn(audit('port: "8181"')), [
    `production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found "8181". Leave the quotes out.`,
  ]);
});

test('a reference between brackets needs quotes, and the message says so', () => {
  for (const line of [
    `apiToken: [${ref('TOKEN')}]`,
    `tls: {passphrase: ${ref('TOKEN')}}`,
    `{port: ${ref('PORT')}, x: 1}`,
  ]) {
    const found = mistakesIn(audit(line, 'port: 1'));
    assert.equal(found.length, 1, line);
    assert.match(found[0] ?? '', /^production\.yaml:3:\d+: expected quotes around \$\{NAME\} between brackets/, line);
  }
});

test('$${ stands for itself', () => {
  const token = (text: string) => load(audit(`apiToken: '${text}'`), { env: { A: 'x' } }).config.http.apiTokens[0];
  assert.equal(token(`$${ref('A')}`), ref('A'));
  assert.equal(token(`a$${ref('A')}-${ref('A')}`), `a${ref('A')}-x`);
  assert.equal(token('pa$$word$'), 'pa$$word$');
});

test('a variable that is not set is a mistake with its line, in every section that is read', () => {
  const text = `Butler-SOS:
  cert: {clientCertPassphrase: "${ref('NONE')}"}
  newRelic: {key: "${ref('NOT_OURS')}"}
  auditEvents:
    host: ${ref('HOST')}
    apiToken: ${ref('bad name')}
    tls: {passphrase: "${ref('EMPTY')}"}
`;
  assert.deepEqual(mistakesIn(text, { env: { EMPTY: '', toString: undefined } }), [
    'production.yaml:2:10 Butler-SOS.cert.clientCertPassphrase: expected the environment variable NONE, found it not set.',
    `production.yaml:5:5 ${AUDIT}.host: expected the environment variable HOST, found it not set.`,
    `production.yaml:6:5 ${AUDIT}.apiToken: expected ${ref('NAME')} with the name of an environment variable; write $$\{ for $\{ itself.`,
    `production.yaml:7:11 ${AUDIT}.tls.passphrase: expected a secret in the environment variable EMPTY, found it empty.`,
  ]);
});

test('secrets come from files, tokens one in a line', () => {
  const root = mkdtempSync(join(tmpdir(), 'audit-config-'));
  try {
    writeFileSync(join(root, 'tokens'), '\uFEFF  one\r\n\r\ntwo  \n');
    writeFileSync(join(root, 'one'), ' pass word \n');
    writeFileSync(join(root, 'empty'), ' \n');
    const { http } = load(audit('apiTokenFile: tokens', `tls: {passphraseFile: "${ref('DIR')}/one"}`), {
      root,
      env: { DIR: root },
    }).config;
    assert.deepEqual(http.apiTokens, ['one', 'two']);
    assert.equal(http.tls.passphrase, 'pass word');
    assert.deepEqual(load(audit('apiTokenFile: one'), { root }).config.http.apiTokens, ['pass word']);
    assert.match(mistakesIn(audit('apiTokenFile: empty'), { root })[0] ?? '', /found the file empty\.$/);
    assert.deepEqual(mistakesIn(audit('apiToken: a', 'apiTokenFile: one', 'tls: {passphraseFile: 5}'), { root }), [
      `production.yaml:4:5 ${AUDIT}.apiTokenFile: expected either apiToken or apiTokenFile, found both.`,
      `production.yaml:5:11 ${AUDIT}.tls.passphraseFile: expected the path of a file, found something else.`,
    ]);
    assert.match(mistakesIn(audit('apiTokenFil: x'))[0] ?? '', /Did you mean "apiTokenFile"\?$/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

const SECRET_SETTINGS = `Butler-SOS:
  cert: {clientCert: c.pem, clientCertPassphrase: SECRET-1}
  influxdbConfig:
    enable: true
    v1Config: {auth: {enable: true, username: me, password: SECRET-2}}
    v2Config: {token: SECRET-3}
    v3Config: {token: SECRET-4}
    unknown: SECRET-5
  auditEvents:
    apiToken: [SECRET-6, SECRET-7]
    tls: {passphrase: SECRET-8}
    screenshots: {auth: {qps: {cert: {clientCertPassphrase: SECRET-9}}}}
    destination:
      enable: true
      type: [influxdb, parquet]
      influxdb:
        metadata:
          v1Config: {auth: {password: SECRET-10}}
          v2Config: {token: SECRET-11}
          v3Config: {token: SECRET-12}
`;

test('secrets are masked, other settings are shown with their defaults', () => {
  const { config } = load(SECRET_SETTINGS);
  const printed = maskedConfig(config) as { 'Butler-SOS': { auditEvents: Record<string, unknown> } };
  const text = JSON.stringify(printed);
  assert.doesNotMatch(text, /SECRET/);
  assert.equal(text.match(/\*{8}/g)?.length, 11);
  const { auditEvents } = printed['Butler-SOS'];
  assert.equal(auditEvents.port, 8181);
  assert.deepEqual(auditEvents.apiToken, ['********', '********']);
  assert.deepEqual(Object.keys(auditEvents.destination as object).sort(), [
    'enable',
    'influxdb',
    'parquet',
    'startFrom',
    'type',
  ]);
  assert.equal(
    config.influxdbConfig?.v1Config?.auth && JSON.stringify(config.influxdbConfig.v1Config.auth).includes('SECRET-2'),
    true,
  );
});

test('every key that sounds like a secret is marked as one', () => {
  const marked = secretPaths(settingsSchema(destinations));
  assert.ok(marked.includes('Butler-SOS.auditEvents.apiToken'));
  assert.ok(marked.includes('Butler-SOS.auditEvents.destination.influxdb.v1Config.auth.password'));
  const sounding = /(token|password|passphrase|secret)$/i;
  const all = (schema: unknown, path: string): string[] =>
    typeof schema !== 'object' || schema === null
      ? []
      : Object.entries((schema as { properties?: object }).properties ?? {}).flatMap(([key, below]) => [
          ...(sounding.test(key) ? [path === '' ? key : `${path}.${key}`] : []),
          ...all(below, path === '' ? key : `${path}.${key}`),
        ]);
  assert.deepEqual(
    all(settingsSchema(destinations), '').filter((path) => !marked.includes(path)),
    [],
  );
});

function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('no message tells a secret', () => {
  const texts = [
    audit('apiToken: {a: SECRET}'),
    audit('apiToken: [[SECRET]]'),
    audit('apiToken: [SECRET, [x]]'),
    audit('tls: SECRET'),
    audit('tls: [SECRET]'),
    audit('apiTokn: SECRET'),
    audit('tls: {passphrase: {x: SECRET}}'),
    audit('apiToken: "SECRET', 'port: 1'),
    audit('apiToken: "SECRET\\q"'),
    audit('apiToken: @SECRET'),
    audit('apiToken: `SECRET'),
    audit('apiToken: %SECRET'),
    audit('apiToken: *SECRET'),
    audit('apiToken: !SECRET x'),
    audit('apiToken: [SECRET'),
    audit('apiToken: {SECRET'),
    audit('apiToken: SECRET: SECRET'),
    audit('apiToken: "SECRET" SECRET'),
    audit('apiToken: ]SECRET'),
    audit('apiToken: a', '  SECRET: b'),
    audit('apiToken: |SECRET'),
    audit('apiToken: &SECRET'),
    audit('apiToken: SECRET', '"'),
    'Butler-SOS: {auditEvents: {apiToken: SECRET',
    'Butler-SOS:\n  cert: {clientCertPassphrase: [SECRET]}\n  influxdbConfig: {v2Config: SECRET}\n',
  ];
  const told = texts.map((text) => ({ text, message: messageOf(() => load(text)) }));
  for (const { text, message } of told) assert.doesNotMatch(message, /SECRET/, text);
  assert.ok(told.filter(({ message }) => message !== '').length > 15);
});
