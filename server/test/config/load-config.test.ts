import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { checkTlsFiles, expiryWarnings } from '../../src/app/config/check-tls-files.ts';
import type { AuditConfig } from '../../src/app/config/config.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { queueMetricsConnection } from '../../src/app/config/queue-metrics-connection.ts';
import { startupWarnings } from '../../src/app/config/startup-warnings.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { createCertificateAuthority } from '../support/test-certificates.ts';
import { audit, documentedSnippets, FIXTURES, load, ROOT } from './support.ts';

const inRoot = (...parts: readonly string[]): string => join(ROOT, ...parts);

/** Everything but where it came from. */
function contents({ file: _file, generatedTokenFile: _token, printable: _printable, ...config }: AuditConfig) {
  return config;
}

for (const { name, text } of documentedSnippets()) {
  test(`documented snippet loads as written: ${name}`, () => {
    const { config } = load(text);
    assert.equal(config.enable, true);
    assert.equal(config.http.host, name.includes('enable-api') ? 'butler-sos-audit.mycompany.net' : '127.0.0.1');
  });
}

test('documented snippets mean what they say', () => {
  const of = (name: string) => load(documentedSnippets().find((one) => one.name === name)?.text ?? '').config;
  assert.equal(of('events-enable-api.yaml').http.port, 3000);
  assert.deepEqual(of('events-enable-api.yaml').http.apiTokens, ['replace-with-strong-token']);
  assert.deepEqual(of('setup-cors.yaml').http.cors.allowedOrigins, ['https://qliksense.yourcompany.com']);
  assert.deepEqual(of('setup-tls.yaml').http.tls, {
    enable: true,
    cert: resolve(ROOT, '/path/to/server.crt'),
    key: resolve(ROOT, '/path/to/server.key'),
    minVersion: 'TLSv1.2',
    hsts: false,
  });
  const [influxdb, parquet, ...others] = of('parquet.yaml').destinations;
  assert.equal(influxdb?.type, 'influxdb');
  assert.deepEqual(others, []);
  assert.deepEqual(parquet, {
    name: 'parquet',
    startFrom: 'earliest',
    type: 'parquet',
    rawOptions: {
      exportDirectory: resolve(ROOT, 'audit-events/parquet'),
      maxBatchSize: 1000,
      writeFrequency: 20000,
      staticTags: [{ name: 'qs_env', value: 'dev' }],
      fieldSet: 'documented',
      dailyMerge: false,
      dailyDirectory: null,
    },
  });
  assert.deepEqual(of('setup-screenshots.yaml').screenshots.storageTargets, [
    { type: 'flat', directory: inRoot('screenshots', 'audit') },
  ]);
  assert.equal(of('setup-screenshots.yaml').screenshots.addInImageMetadata.sheetName, true);
  assert.equal(of('setup-screenshots.yaml').screenshots.addInImageMetadata.viewingDuration, false);
  assert.equal(of('setup-screenshot-login.yaml').screenshots.auth.qps.userId, 'service-user');
});

test('a complete production.yaml of Butler SOS 15 starts unchanged', () => {
  const file = join(FIXTURES, 'production.yaml');
  const { config, notes, warnings } = loadConfig({ file, root: ROOT, env: {}, destinations });
  assert.equal(config.file, file);
  assert.deepEqual(config.http.apiTokens, ['token-of-the-lab']);
  assert.equal(config.http.rateLimit.maxPerMinute, 300);
  assert.deepEqual(config.http.queue.messageQueue, { maxConcurrent: 10, maxSize: 200, backpressureThreshold: 80 });
  assert.deepEqual(
    config.destinations.map(({ name }) => name),
    ['influxdb', 'parquet', 'qvd', 'json'],
  );
  assert.equal(config.destinations[1]?.rawOptions.maxBatchSize, 500);
  assert.equal(config.destinations[1]?.rawOptions.objectdata, undefined);
  assert.deepEqual(config.logging, { level: 'debug', directory: inRoot('logs') });
  assert.equal(config.certs.rejectUnauthorized, false);
  assert.equal(config.certs.clientCertCA, inRoot('config', 'certificate', 'root.pem'));
  assert.equal(config.certs.clientCertPassphrase, undefined);
  assert.equal(config.screenshots.auth.qps.cert.clientCert, inRoot('config', 'certificate', 'client.pem'));
  assert.equal(config.screenshots.addInImageMetadata.userId, true);
  assert.equal(config.screenshots.storageTargets.length, 1);
  assert.equal(config.influxdbConfig?.host, 'influxdb.lab.local');
  assert.equal(config.influxdbConfig?.version, 2);
  assert.deepEqual(
    notes.map(({ path, line }) => `${line} ${path.split('.').slice(-2).join('.')}`),
    ['165 influxdb.objectdata', '177 parquet.objectdata', '191 qvd.objectdata'],
  );
  assert.deepEqual(warnings, []);
});

test('origins that no browser sends are warned of: without a scheme, and with a placeholder for hosts', () => {
  const origins = '[https://a.lab, "*", a.lab, "https://*.lab", https://b.lab:444/hub]';
  const { config, warnings } = load(audit(`cors: {allowedOrigins: ${origins}}`));
  assert.deepEqual(
    warnings.map(({ path, message }) => `${path.slice(-3)} ${message.split(';')[0]}`),
    ['[2] "a.lab" is no origin and allows no page', '[3] "https://*.lab" has a placeholder and allows no page'],
  );
  assert.ok(config.http.cors.allowedOrigins.includes('https://b.lab:444'));
});

test('a token that no browser can send is warned of, without showing it', () => {
  const { warnings } = load(audit('apiToken: [plain, "grün", "“pasted”"]'));
  assert.deepEqual(
    warnings.map(({ line, path }) => `${line} ${path}`),
    ['3 Butler-SOS.auditEvents.apiToken[2]'],
  );
  assert.doesNotMatch(warnings[0]?.message ?? '', /pasted/);
});

test('audit events that are switched off may have placeholders for where to listen', () => {
  const pictures = 'screenshots: {enable: true, auth: {mode: userTicket, qps: {host: <FQDN of the proxy>}}}';
  const off = load(audit('enable: false', 'host: <IP or FQDN>', 'port: 8182', 'tls: {enable: true}', pictures));
  assert.equal(off.config.enable, false);
  assert.deepEqual(startupWarnings(off.config), []);
  checkTlsFiles(off);
  checkTlsFiles(load(audit('enable: false', 'tls: {enable: true, cert: <path/to/crt>, key: <path/to/key>}')));
});

test('a certificate that browsers do not take today is warned of, with its line', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'audit-expiry-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const { cert, key } = createCertificateAuthority('Root').issue('audit');
  writeFileSync(join(root, 'crt'), cert);
  writeFileSync(join(root, 'key'), key);
  const tls = 'tls: {enable: true, cert: crt, key: key}';
  const warned = (inDays: number, ...lines: readonly string[]) =>
    expiryWarnings(load(audit(...lines), { root }), new Date(Date.now() + inDays * 86_400_000));
  assert.deepEqual(warned(0, tls), []);
  for (const inDays of [-10, 10]) {
    const [warning] = warned(inDays, tls);
    assert.equal(`${warning?.line} ${warning?.path}`, '3 Butler-SOS.auditEvents.tls.cert');
    assert.match(warning?.message ?? '', /crt is not valid today, but from \d{4}-\d\d-\d\d to .*: browsers refuse it/);
  }
  assert.deepEqual(warned(10, 'enable: false', tls), []);
});

test('queue metrics go to influxdbConfig when it is in use, else to the audit destination, else there is a warning', () => {
  const metrics = ['queue: {queueMetrics: {influxdb: {enable: true}}}'];
  const destination = 'destination: {influxdb: {host: there, version: 1, v1Config: {dbName: audit}}}';
  const foreign = (enable: boolean) =>
    `  influxdbConfig: {enable: ${enable}, host: here, version: 2, v2Config: {org: o, bucket: b, token: t}}\n`;
  const of = (text: string) => {
    const { config, warnings } = load(text);
    const connection = queueMetricsConnection(config);
    return [connection instanceof CodedError ? undefined : connection.host, warnings.map((one) => one.message)];
  };
  assert.deepEqual(of(audit(...metrics, destination) + foreign(true)), ['here', []]);
  assert.deepEqual(of(audit(...metrics, destination) + foreign(false)), ['there', []]);
  assert.deepEqual(of(audit(...metrics, destination)), ['there', []]);
  const missing = ['org', 'bucket', 'token'].map((k) => `Butler-SOS.auditEvents.destination.influxdb.v2Config.${k}`);
  assert.deepEqual(of(audit(...metrics)), [
    undefined,
    [`queue metrics are not written: set ${missing.join(', ')}, or use Butler-SOS.influxdbConfig`],
  ]);
  assert.deepEqual(load(audit('enable: true')).warnings, []);
});

test('a destination that this version does not have is a warning and not in use', () => {
  const { config, warnings } = load(audit('destination:', '  enable: true', '  type: [mqtt, parquet]'));
  assert.deepEqual(
    config.destinations.map(({ type }) => type),
    ['parquet'],
  );
  assert.equal(
    warnings[0]?.message,
    'destination mqtt: not available in this version, its events are kept in the log and delivered once it is',
  );
  assert.equal(warnings[0]?.line, 5);
  assert.deepEqual(load(audit('destination: {type: mqtt}')).warnings, []);
});

test('every file without settings runs with the documented defaults', () => {
  const texts = [
    '',
    '# nothing\n',
    '---\n',
    '{}',
    'Butler-SOS:',
    'Butler-SOS: {}',
    'Butler-SOS: {auditEvents: }',
    audit(),
  ];
  const expected = contents(load(audit('enable: true')).config);
  for (const text of texts) assert.deepEqual(contents(load(text).config), expected, text);
  assert.equal(expected.http.host, '127.0.0.1');
  assert.equal(expected.http.port, 8181);
  assert.equal(expected.http.maxBodyBytes, 32 * 1024 * 1024);
  assert.deepEqual(expected.http.rateLimit, { enable: true, maxPerMinute: 600_000 });
  assert.deepEqual(expected.http.compatibility, { onIncompatible: 'reject' });
  assert.deepEqual(expected.destinations, []);
  assert.deepEqual(expected.eventLog, {
    directory: inRoot('audit-events', 'log'),
    segmentBytes: 64 * 1024 * 1024,
    minFreeBytes: 200 * 1024 * 1024,
  });
  assert.deepEqual(expected.viewer, {
    enable: true,
    host: '127.0.0.1',
    port: 8182,
    allowedHosts: [],
    tls: { enable: false, minVersion: 'TLSv1.2' },
    users: [],
    session: { idleMinutes: 60, absoluteHours: 12 },
    proxy: { addresses: [], userHeader: 'X-Forwarded-User' },
  });
  assert.deepEqual(expected.logging, { level: 'info' });
});

test('an audit API on the usual port of the viewer, as existing files may have it: the viewer takes the next one', () => {
  const portsOf = (text: string, overrides = {}) => {
    const { config } = load(text, { overrides });
    return [config.http.port, config.viewer.port];
  };
  assert.deepEqual(portsOf(audit('port: 8182')), [8182, 8183]);
  assert.deepEqual(portsOf(audit('port: 8182', 'viewer: {enable: true}')), [8182, 8183]);
  assert.deepEqual(portsOf(audit('port: 8182', 'viewer: {port: 9000}')), [8182, 9000]);
  assert.deepEqual(portsOf('', { port: 8182 }), [8182, 8183]);
  assert.throws(() => portsOf(audit('port: 8182', 'viewer: {port: 8182}')), /expected different ports/);
});

test('the command line names the ports', () => {
  const { config } = load(audit('port: 1', 'viewer: {host: "::1"}'), { overrides: { port: 2, viewerPort: 3 } });
  assert.deepEqual([config.http.port, config.viewer.port, config.viewer.host], [2, 3, '::1']);
  const builtIn = loadConfig({ root: ROOT, env: {}, destinations, overrides: { viewerPort: 0 } }).config;
  assert.deepEqual([builtIn.viewer.port, builtIn.http.port], [0, 8181]);
});

test('without a file the built-in default runs', () => {
  const { config, notes, warnings } = loadConfig({ root: ROOT, env: {}, destinations });
  assert.deepEqual([notes, warnings], [[], []]);
  assert.equal(config.file, undefined);
  assert.equal(config.generatedTokenFile, inRoot('audit-events', 'api-token'));
  assert.deepEqual(
    config.destinations.map(({ type }) => type),
    ['parquet', 'json'],
  );
  assert.equal(config.destinations[0]?.rawOptions.exportDirectory, resolve(ROOT, 'audit-events/parquet'));
  const objectdata = config.destinations[1]?.rawOptions.objectdata as { enable: boolean; exportDirectory: string };
  assert.deepEqual([objectdata.enable, objectdata.exportDirectory], [true, resolve(ROOT, 'audit-events/objectdata')]);
  const { screenshots: off, ...others } = contents(load('').config);
  const { screenshots, ...rest } = contents({ ...config, destinations: [] });
  assert.deepEqual(rest, others);
  assert.deepEqual(screenshots, {
    ...off,
    enable: true,
    storageTargets: [{ type: 'dated', directory: inRoot('audit-events', 'screenshots') }],
    addInImageMetadata: { ...allFacts(true), viewingDuration: false },
    allowedImageDownloadHosts: ['127.0.0.1:8184'],
    maxWaitMs: 300_000,
  });
  assert.equal(screenshots.auth.mode, 'none');
});

test('only the built-in default lets pictures come from this machine', () => {
  for (const text of ['', audit('screenshots: {enable: true}'), audit('port: 8181')]) {
    const { screenshots } = load(text).config;
    assert.equal(screenshots.allowedImageDownloadHosts, undefined);
    assert.deepEqual([screenshots.storageTargets, screenshots.addInImageMetadata], [[], allFacts(false)]);
  }
  assert.equal(load('').config.screenshots.enable, false);
});

function allFacts(value: boolean) {
  const facts = ['date', 'eventId', 'correlationId', 'selectionTxnId', 'userId', 'appId', 'appName', 'sheetName'];
  return Object.fromEntries([...facts, 'viewingDuration'].map((fact) => [fact, value]));
}

const SHAPES: readonly { readonly name: string; readonly documented: string; readonly butlerSos15: string }[] = [
  {
    name: 'parquet',
    documented: audit(
      'destination:',
      '  enable: true',
      '  type: parquet',
      '  parquet: {exportDirectory: x, maxBatchSize: 7}',
    ),
    butlerSos15: audit(
      'destination:',
      '  enable: true',
      '  type: parquet',
      '  parquet: {metadata: {exportDirectory: x, maxBatchSize: 7}}',
    ),
  },
  {
    name: 'screenshots',
    documented: audit('screenshots: {enable: true, downloadTimeoutMs: 9}'),
    butlerSos15: audit('destination: {screenshots: {enable: true, downloadTimeoutMs: 9}}'),
  },
  {
    name: 'image facts',
    documented: audit('screenshots: {addInImageMetadata: {date: true, userId: true}}'),
    butlerSos15: audit(
      'destination: {screenshots: {addInImageMetadata: {enable: true, fields: {date: true, user: true, appId: false}}}}',
    ),
  },
  {
    name: 'image facts switched off',
    documented: audit('screenshots: {addInImageMetadata: {date: false}}'),
    butlerSos15: audit('destination: {screenshots: {addInImageMetadata: {enable: false, fields: {date: true}}}}'),
  },
  { name: 'top', documented: 'auditEvents: {port: 9000}', butlerSos15: audit('port: 9000') },
  {
    name: 'a list of destinations',
    documented: audit('destination: {enable: true, type: "parquet, json"}'),
    butlerSos15: audit('destination: {enable: true, type: [Parquet, json, json]}'),
  },
];

for (const { name, documented, butlerSos15 } of SHAPES) {
  test(`both shapes mean the same: ${name}`, () => {
    assert.deepEqual(contents(load(documented).config), contents(load(butlerSos15).config));
  });
}

test('both shapes of a section may be mixed as long as no key is in both', () => {
  const text = audit(
    'destination:',
    '  parquet: {exportDirectory: x, metadata: {maxBatchSize: 7}}',
    '  enable: true',
    '  type: parquet',
  );
  const options = load(text).config.destinations[0]?.rawOptions;
  assert.deepEqual([options?.exportDirectory, options?.maxBatchSize], [resolve(ROOT, 'x'), 7]);
});

test('the command line goes over the file', () => {
  const { config } = load(audit('port: 1', 'host: a'), { overrides: { port: 2, host: 'b', logLevel: 'error' } });
  assert.deepEqual([config.http.port, config.http.host, config.logging.level], [2, 'b', 'error']);
  assert.equal(load('', { overrides: { port: 3 } }).config.http.port, 3);
});

test('paths are absolute, origins as browsers send them, proxies a list', () => {
  const { config, warnings } = load(
    audit(
      'eventLog: {directory: ../log, retentionDays: 7, idRetentionDays: 30}',
      'cors: {allowedOrigins: ["HTTPS://Sense.Lab:443/", "*", sense.lab]}',
      'trustProxy: 10.0.0.0/8, loopback',
    ),
  );
  assert.equal(config.eventLog.directory, resolve(ROOT, '../log'));
  assert.deepEqual([config.eventLog.retentionDays, config.eventLog.idRetentionDays], [7, 30]);
  assert.deepEqual(config.http.cors.allowedOrigins, ['https://sense.lab', '*', 'sense.lab']);
  assert.deepEqual(config.http.trustProxy, ['10.0.0.0/8', 'loopback']);
  assert.deepEqual(
    warnings.map(({ line }) => line),
    [4],
  );
});

test('a token can be a text, a list or nothing', () => {
  assert.deepEqual(load(audit('apiToken: a')).config.http.apiTokens, ['a']);
  assert.deepEqual(load(audit('apiToken: [a, b]')).config.http.apiTokens, ['a', 'b']);
  assert.deepEqual(load(audit('apiToken:')).config.http.apiTokens, []);
  assert.deepEqual(load(audit('apiToken: ""')).config.http.apiTokens, []);
});

test('sections may be left empty, anchors and merge keys work, a byte order mark is nothing', () => {
  const text = `\uFEFFx: &limits {enable: true, maxPerMinute: 5}\nButler-SOS:\n  auditEvents:\n    tls:\n    rateLimit:\n      <<: *limits\n      maxPerMinute: 6\n`;
  const { config } = load(text);
  assert.deepEqual(config.http.rateLimit, { enable: true, maxPerMinute: 6 });
});

test('the template does the same as an empty file', () => {
  const template = readFileSync(new URL('../../config/butler-sos-audit.yaml', import.meta.url), 'utf8');
  assert.match(template, /^# yaml-language-server: \$schema=/);
  assert.deepEqual(contents(load(template).config), contents(load('').config));
  // every commented line that looks like a setting is one
  const everything = template.replace(/^( *)# (\w+:.*| +- .*| {2}\w+: .*)$/gm, '$1$2');
  assert.ok(everything.includes('\n    apiToken: '));
});
