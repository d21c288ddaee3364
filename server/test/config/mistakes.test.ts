import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { audit, linesOf, mistakesIn } from './support.ts';

const AUDIT = 'Butler-SOS.auditEvents';

/** Each case: a file, and every line of the message. */
const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'unknown key',
    audit('enable: true', 'prot: 1'),
    [`production.yaml:4:5 ${AUDIT}.prot: expected a known key, found "prot". Did you mean "port"?`],
  ],
  [
    'limits of who sees everything, and a password where its hash belongs',
    audit(
      'viewer:',
      '  users:',
      '    - {name: a, role: admin, apps: [x]}',
      '    - {name: b, role: reader, apps: [x], pictures: false}',
      '    - {name: c, passwordHash: secret}',
      '  oidc:',
      '    issuer: https://login.example',
      '    clientId: a',
      '    roles: [{value: admins, role: admin, pictures: false}, {value: all, role: admin, pictures: true}]',
    ),
    [
      `production.yaml:5:11 ${AUDIT}.viewer.users[0]: expected no limits for an administrator, who sees everything, or the role reader.`,
      `production.yaml:7:21 ${AUDIT}.viewer.users[2].passwordHash: expected a text with the pattern ^scrypt:, found a text.`,
      `production.yaml:11:17 ${AUDIT}.viewer.oidc.roles[0]: expected no limits for an administrator, who sees everything, or the role reader.`,
    ],
  ],
  [
    'a section one step too far to the left',
    'Butler-SOS:\n  auditEvents:\n    enable: true\n  destination:\n    enable: true\n  cert: {}\n  userEvents: {}\n',
    ['production.yaml:4:3 Butler-SOS.destination: expected "destination" below auditEvents, found it beside that.'],
  ],
  [
    'unknown key that is known elsewhere',
    audit('parquet: {}'),
    [
      `production.yaml:3:5 ${AUDIT}.parquet: expected a known key, found "parquet". Did you mean ${AUDIT}.destination.parquet?`,
    ],
  ],
  [
    'unknown key in the shape of Butler SOS 15',
    audit('destination:', '  parquet:', '    metadata:', '      exportDirectry: x'),
    [
      `production.yaml:6:11 ${AUDIT}.destination.parquet.metadata.exportDirectry: expected a known key, found "exportDirectry". Did you mean "exportDirectory"?`,
    ],
  ],
  [
    'unknown key in an item of a list',
    audit('screenshots:', '  storageTargets:', '    - {type: flat, directory: x, enabled: true}'),
    [
      `production.yaml:5:38 ${AUDIT}.screenshots.storageTargets[0].enabled: expected a known key, found "enabled". Did you mean "enable"?`,
    ],
  ],
  ...(
    [
      ['"   "', 'only blanks'],
      ['"secret "', 'blanks or line breaks before or behind it'],
      ['"\\nsecret"', 'blanks or line breaks before or behind it'],
      ['"sec\\tret"', 'a control character in it'],
    ] as const
  ).map(
    ([token, found]) =>
      [
        `a token that no header can hold: ${token}`,
        audit(`apiToken: ${token}`),
        [`production.yaml:3:5 ${AUDIT}.apiToken: expected a token that a client can send in a header, found ${found}.`],
      ] as const,
  ),
  [
    'a token that no header can hold, in a list',
    audit('apiToken: [fine and dandy, "\u00a0x"]'),
    [
      `production.yaml:3:32 ${AUDIT}.apiToken[1]: expected a token that a client can send in a header, found blanks or line breaks before or behind it.`,
    ],
  ],
  [
    'missing key in an item of a list',
    audit('destination:', '  parquet:', '    staticTags:', '      - name: a'),
    [`production.yaml:6:13 ${AUDIT}.destination.parquet.staticTags[0]: expected the key "value" in it, found none.`],
  ],
  [
    'wrong type',
    audit('port: eighty'),
    [`production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found "eighty".`],
  ],
  [
    'out of range',
    audit('port: 65536'),
    [`production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found 65536.`],
  ],
  [
    'fraction',
    audit('port: 1.5'),
    [`production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found 1.5.`],
  ],
  [
    'infinity',
    audit('queue: {messageQueue: {maxSize: .inf}}'),
    [
      `production.yaml:3:28 ${AUDIT}.queue.messageQueue.maxSize: expected a whole number from 1 to 10000000, found Infinity.`,
    ],
  ],
  [
    'nothing where there must be something',
    audit('port:'),
    [`production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found nothing.`],
  ],
  [
    'switch',
    audit('enable: yes'),
    [`production.yaml:3:5 ${AUDIT}.enable: expected true or false, found "yes". Write true.`],
  ],
  [
    'texts where numbers and switches belong, and the other way round',
    audit('port: "8181"', 'apiToken: 12345', 'tls: {hsts: "true"}', 'destination: {influxdb: {version: "2"}}'),
    [
      `production.yaml:3:5 ${AUDIT}.port: expected a whole number from 0 to 65535, found "8181". Leave the quotes out.`,
      `production.yaml:4:5 ${AUDIT}.apiToken: expected a text or a list, found a number. Put it into quotes.`,
      `production.yaml:5:11 ${AUDIT}.tls.hsts: expected true or false, found "true". Leave the quotes out.`,
      `production.yaml:6:30 ${AUDIT}.destination.influxdb.version: expected 1, 2 or 3, found "2". Leave the quotes out.`,
    ],
  ],
  [
    'a number where texts could stand, too',
    audit('trustProxy: -1'),
    [
      `production.yaml:3:5 ${AUDIT}.trustProxy: expected true or false or a whole number of at least 0 or a text that is not empty or a list, found -1.`,
    ],
  ],
  ['section', audit('tls: true'), [`production.yaml:3:5 ${AUDIT}.tls: expected a mapping, found true or false.`]],
  [
    'list',
    audit('cors: {allowedOrigins: "https://a"}'),
    [
      `production.yaml:3:12 ${AUDIT}.cors.allowedOrigins: expected a list, found "https://a". Put brackets around it: [ ].`,
    ],
  ],
  [
    'choice',
    audit('tls: {minVersion: TLSv12}'),
    [
      `production.yaml:3:11 ${AUDIT}.tls.minVersion: expected "TLSv1", "TLSv1.1", "TLSv1.2" or "TLSv1.3", found "TLSv12". Did you mean "TLSv1"?`,
    ],
  ],
  [
    'auditEvents is no mapping',
    'Butler-SOS:\n  auditEvents: 5\n',
    ['production.yaml:2:3 Butler-SOS.auditEvents: expected a mapping, found a number.'],
  ],
  [
    'near miss of auditEvents',
    'Butler-SOS:\n  auditEvent:\n    port: 1\n',
    [
      'production.yaml:2:3 Butler-SOS.auditEvent: expected a known key, found "auditEvent". Did you mean "auditEvents"?',
    ],
  ],
  [
    'near miss of Butler-SOS',
    'butler-sos:\n  auditEvents: {}\n',
    ['production.yaml:1:1 butler-sos: expected a known key, found "butler-sos". Did you mean "Butler-SOS"?'],
  ],
  [
    'a retention that InfluxDB would not take',
    audit(
      'destination:',
      '  enable: true',
      '  type: influxdb',
      '  influxdb: {v2Config: {org: o, bucket: b, token: t, retentionDuration: 30m}}',
    ),
    [
      `production.yaml:6:58 ${AUDIT}.destination.influxdb.v2Config.retentionDuration: expected at least one hour (1h), which is the least that InfluxDB keeps, or 0s, found "30m".`,
    ],
  ],
  [
    'unknown destination',
    audit('destination:', '  enable: true', '  type: json, parqet'),
    [
      `production.yaml:5:7 ${AUDIT}.destination.type: expected destinations among influxdb, parquet, qvd, json, postgresql, mongodb, mqtt, webhook, found "parqet". Did you mean "parquet"?`,
    ],
  ],
  [
    'no destination',
    audit('destination: {enable: true, type: ""}'),
    [`production.yaml:3:33 ${AUDIT}.destination.type: expected the name of at least one destination, found none.`],
  ],
  [
    'TLS without files',
    audit('tls:', '  enable: true', '  cert: ""'),
    [
      `production.yaml:5:7 ${AUDIT}.tls.cert: expected the path of a file while tls.enable is true, found none.`,
      `production.yaml:3:5 ${AUDIT}.tls: expected the key "key" in it while tls.enable is true, found none.`,
    ].sort(),
  ],
  [
    'host with a port',
    audit('host: "audit.lab:8181"'),
    [
      `production.yaml:3:5 ${AUDIT}.host: expected a host name or an address without scheme and port, found "audit.lab:8181".`,
    ],
  ],
  [
    'one port for both',
    audit('port: 8183', 'viewer: {port: 8183}'),
    [
      `production.yaml:4:14 ${AUDIT}.viewer.port: expected different ports for the audit API and the viewer, found 8183 for both.`,
    ],
  ],
  [
    'proxy',
    audit('trustProxy: [10.0.0.0/33]'),
    [
      `production.yaml:3:5 ${AUDIT}.trustProxy: expected true, false, a number of hops, or addresses, found "10.0.0.0/33".`,
    ],
  ],
  [
    'version range',
    audit('compatibility: {auditQsVersionRange: "new"}'),
    [
      `production.yaml:3:21 ${AUDIT}.compatibility.auditQsVersionRange: expected a semver range such as ">=0.3.0 <0.4.0", found "new".`,
    ],
  ],
  [
    'both shapes of one key',
    audit('destination:', '  parquet:', '    maxBatchSize: 5', '    metadata:', '      maxBatchSize: 6'),
    [
      `production.yaml:7:11 ${AUDIT}.destination.parquet.metadata.maxBatchSize: expected this setting once, found it as ${AUDIT}.destination.parquet.maxBatchSize in line 5, too; keep one of them.`,
    ],
  ],
  [
    'both shapes of screenshots',
    audit('screenshots: {enable: true}', 'destination: {screenshots: {enable: true}}'),
    [
      `production.yaml:4:33 ${AUDIT}.destination.screenshots.enable: expected this setting once, found it as ${AUDIT}.screenshots.enable in line 3, too; keep one of them.`,
    ],
  ],
  [
    'user and userId',
    audit('screenshots: {addInImageMetadata: {userId: true, user: true}}'),
    [
      `production.yaml:3:54 ${AUDIT}.screenshots.addInImageMetadata.user: expected this setting once, found it as ${AUDIT}.screenshots.addInImageMetadata.userId in line 3, too; keep one of them.`,
    ],
  ],
  [
    'auditEvents twice',
    'auditEvents: {port: 1}\nButler-SOS:\n  auditEvents: {port: 2}\n',
    [
      'production.yaml:3:17 Butler-SOS.auditEvents.port: expected this setting once, found it as auditEvents.port in line 1, too; keep one of them.',
    ],
  ],
  [
    'metadata is no mapping',
    audit('destination: {parquet: {metadata: 5}}'),
    [`production.yaml:3:29 ${AUDIT}.destination.parquet.metadata: expected a mapping, found a number.`],
  ],
  [
    'duplicate key',
    audit('port: 1', 'port: 2'),
    ['production.yaml:4:5: expected each key once, found the same key in line 3; make one of the two.'],
  ],
  ['tab', 'Butler-SOS:\n\tauditEvents: {}\n', ['production.yaml:2:1: expected spaces for indentation, found a tab.']],
  [
    'several mistakes in the syntax',
    audit('host: "C:\\quark"', 'port: 1', 'apiToken: @secret', 'port: 2', 'a: b: c', '\tviewer: {}'),
    [
      'production.yaml:3:14: expected a valid escape after the backslash, found another one; in a Windows path write single quotes, or \\\\ for each \\.',
      'production.yaml:5:15: expected quotes around a value that starts with this character.',
      'production.yaml:6:5: expected each key once, found the same key in line 4; make one of the two.',
      'production.yaml:7:8: expected one "key: value" on this line, found another colon; put the value into quotes, or indent the next line less if the colon is there.',
      'production.yaml:8:5: expected spaces for indentation, found a tab.',
    ],
  ],
  [
    'a brace too many: what follows cannot be judged',
    audit('tls: {enable: true}}', 'port: 1', 'host: x'),
    ['production.yaml:3:24: expected YAML, found something that does not belong here.'],
  ],
  [
    'two values in one line, twice',
    audit('host: "a" b', 'port: 1', 'apiToken: "c" d'),
    [
      'production.yaml:3:15: expected YAML, found something that does not belong here.',
      'production.yaml:5:19: expected YAML, found something that does not belong here.',
    ],
  ],
  [
    'brackets and quotes that stay open',
    'Butler-SOS:\n  list: [1, 2\n  name: x\n  text: "open\n  port: 1\n',
    [
      'production.yaml:2:9: expected the closing "]" for what begins here, found none.',
      'production.yaml:4:9: expected the closing quote for what begins here, found none.',
    ],
  ],
  [
    'a brace and a quote that stay open to the end of the file',
    "a: {b: c\n\nd: 'e\n\nf: g\n",
    [
      'production.yaml:1:4: expected the closing "}" for what begins here, found none.',
      'production.yaml:3:4: expected the closing quote for what begins here, found none.',
    ],
  ],
  [
    'a line that is indented wrongly derails those below it: only it is told',
    audit('cors:', '  allowedOrigins: []', ' port: 1', 'tls:', '  enable: false', 'queue:', '  rateLimit: {}'),
    ['production.yaml:5:1: expected the indentation of the lines around it, found another one.'],
  ],
  [
    'a block that is indented too far: its first line is told',
    audit('enable: true', '    host: localhost', '    port: 8181', '    apiToken: x'),
    [
      'production.yaml:3:13: expected one "key: value" on this line, found another colon; put the value into quotes, or indent the next line less if the colon is there.',
    ],
  ],
  [
    'a star without quotes',
    audit('cors: {allowedOrigins: [*]}'),
    ['production.yaml:3:29: expected quotes around "*", found none.'],
  ],
  [
    'blanks of a web page, which YAML does not take for indentation',
    `${audit('host: localhost')}\u00a0\u00a0\u00a0\u00a0port: 8181\n`,
    [
      'production.yaml:4:1: expected common spaces around a key, found others (such as U+00A0, from a web page); type them again.',
    ],
  ],
  [
    'a blank of a web page behind the colon',
    audit('host: localhost', 'port:\u00a08181'),
    ['production.yaml:4:5: expected "key: value", found a key without a colon and a space behind it.'],
  ],
  [
    'list at the top',
    '- a\n- b\n',
    ['production.yaml:1:1: expected a mapping with the key "Butler-SOS", found a list.'],
  ],
  [
    'text at the top',
    'hello\n',
    ['production.yaml:1:1: expected a mapping with the key "Butler-SOS", found a single value.'],
  ],
  [
    'two documents',
    'a: 1\n---\nb: 1\n',
    ['production.yaml:2:1: expected one YAML document, found another one after "---" or "...".'],
  ],
  [
    'unknown alias',
    'a: *b\n',
    ['production.yaml:1:4 a: expected an alias (*name) whose anchor (&name) stands before it, found one without.'],
  ],
  [
    'unknown tag',
    audit('apiToken: !secret abc'),
    ['production.yaml:3:15: expected a plain value, found a tag (!name) that is not known here.'],
  ],
  [
    'key that is a list',
    '[a, b]: 1\n',
    ['production.yaml:1:1: expected a key that is a text, found a mapping or a list.'],
  ],
  [
    'alias to itself',
    'Butler-SOS: &a\n  auditEvents: *a\n',
    ['production.yaml:2:16: expected a configuration, found aliases or nesting without an end.'],
  ],
];

for (const [name, text, expected] of CASES) {
  test(`mistake: ${name}`, () => assert.deepEqual([...mistakesIn(text)].sort(), [...expected].sort()));
}

test('everything that is wrong is told at once, in the order of the file', () => {
  const text = `Butler-SOS:
  logLevel: inof
  auditEvents:
    port: eighty
    tls: {enable: true}
    apiToken: \${NOT_SET}
    destination:
      type: paquet
      parquet: {metadata: {maxBatchSize: 0}, maxBatchSize: 1}
    queu: {}
`;
  const found = mistakesIn(text).map((line) => /^production\.yaml:(\d+):\d+ (\S+):/.exec(line)?.slice(1).join(' '));
  assert.deepEqual(found, [
    '2 Butler-SOS.logLevel',
    `4 ${AUDIT}.port`,
    `5 ${AUDIT}.tls`,
    `5 ${AUDIT}.tls`,
    `6 ${AUDIT}.apiToken`,
    `8 ${AUDIT}.destination.type`,
    `9 ${AUDIT}.destination.parquet.maxBatchSize`,
    `10 ${AUDIT}.queu`,
  ]);
});

test('an option of the command line is named instead of a line', () => {
  assert.deepEqual(mistakesIn('', { overrides: { port: 70_000 } }), [
    '--port: expected a whole number from 0 to 65535, found 70000.',
  ]);
});

test('a bomb of aliases ends', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  const [line] = mistakesIn(lines.join('\n'));
  assert.match(line ?? '', /expected a configuration, found aliases or nesting without an end/);
});

test('a file that cannot be read is said to be so, with the line where it has one', () => {
  const root = mkdtempSync(join(tmpdir(), 'audit-config-'));
  const reading = (file: string) => {
    let message = '';
    try {
      loadConfig({ file, root, env: {}, destinations });
    } catch (error) {
      message = (error as Error).message;
    }
    return message;
  };
  try {
    assert.match(
      reading('none.yaml'),
      /^none\.yaml: expected a configuration file, found no such file \(.*none\.yaml\)\.$/,
    );
    assert.match(reading('.'), /expected a configuration file, found a folder/);
    writeFileSync(join(root, 'latin1.yaml'), Buffer.from('# first\n# second\nname: \xe5\n', 'latin1'));
    assert.match(
      reading('latin1.yaml'),
      /latin1\.yaml:3:1: expected UTF-8, found other bytes; save the file as UTF-8\./,
    );
    writeFileSync(join(root, 'utf16.yaml'), Buffer.from('\uFEFFButler-SOS: {}\n', 'utf16le'));
    assert.match(reading('utf16.yaml'), /utf16\.yaml:1:1: expected UTF-8, found UTF-16/);
    writeFileSync(join(root, 'secret.yaml'), 'a: 1\n');
    chmodSync(join(root, 'secret.yaml'), 0o000);
    if (process.getuid?.() !== 0 && process.platform !== 'win32') {
      assert.match(reading('secret.yaml'), /found a file that this account may not read/);
    }
    writeFileSync(join(root, 'empty.yaml'), '');
    assert.equal(reading('empty.yaml'), '');
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('mistakes of the file system name the folder of the secret file', () => {
  const [line] = linesOf(() =>
    loadConfig({ text: audit('apiTokenFile: nowhere/token'), file: 'a.yaml', root: tmpdir(), env: {}, destinations }),
  );
  assert.match(
    line ?? '',
    /^a\.yaml:3:5 Butler-SOS\.auditEvents\.apiTokenFile: expected a readable file .*nowhere.token, found no such file\.$/,
  );
});
