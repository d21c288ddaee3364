import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostRules, type HostRules } from './host-rules.ts';

/** `named`: with credentials; `allowed`: without; `refused`. */
function standing(rules: HostRules, url: string): string {
  const { isAllowed, isNamed } = rules.standingOf(new URL(url));
  if (isNamed) return isAllowed ? 'named' : 'impossible';
  return isAllowed ? 'allowed' : 'refused';
}

function check(rules: HostRules, expected: Readonly<Record<string, string>>): void {
  const found = Object.fromEntries(Object.keys(expected).map((url) => [url, standing(rules, url)]));
  assert.deepEqual(found, expected);
}

test('a given list is exact: host on any port, host:port on that one, upper and lower case alike', () => {
  const rules = createHostRules({
    allowedImageDownloadHosts: [
      'Qlik.Lab',
      'sense.lab:8443',
      '10.1.2.3',
      '::1',
      '[fd00::2]:444',
      'https://pasted.lab/x',
    ],
    allowedOrigins: ['https://origin.lab'],
    qpsHost: 'qps.lab',
  });
  check(rules, {
    'https://qlik.lab/x': 'named',
    'https://QLIK.LAB:9999/x': 'named',
    'https://sense.lab:8443/x': 'named',
    'https://sense.lab/x': 'refused',
    'https://pasted.lab/x': 'named',
    'https://10.1.2.3/x': 'named',
    'https://[::1]:4/x': 'named',
    'https://[fd00:0::2]:444/x': 'named',
    'https://[fd00::2]/x': 'refused',
    'https://origin.lab/x': 'refused',
    'https://qps.lab/x': 'refused',
    'https://evil.lab/x': 'refused',
  });
  assert.equal(rules.allowsAnyHost, false);
});

test('look-alikes of a listed host are other hosts', () => {
  const rules = createHostRules({ allowedImageDownloadHosts: ['qlik.lab', '10.1.2.3'], allowedOrigins: ['*'] });
  check(rules, {
    'https://qlik.lab./x': 'refused',
    'https://qlik.lab.evil.test/x': 'refused',
    'https://xqlik.lab/x': 'refused',
    'https://qlik.lab@evil.test/x': 'refused',
    'https://evil.test\\@qlik.lab/x': 'refused',
    'https://evil.test/https://qlik.lab/x': 'refused',
    'https://[::ffff:10.1.2.3]/x': 'refused',
    'https://[::10.1.2.3]/x': 'refused',
    // only another way to write the same address
    'https://0x0a.1.2.3/x': 'named',
    'https://167838211/x': 'named',
    'https://012.01.02.03/x': 'named',
    'https://167838212/x': 'refused',
    // the letters are Cyrillic, full-width
    'https://qlіk.lab/x': 'refused',
    'https://ｑｌｉｋ.lab/x': 'named',
  });
});

test('an empty list allows nothing, nor do entries that name no host', () => {
  const nothing = createHostRules({ allowedImageDownloadHosts: [], allowedOrigins: ['*'], qpsHost: 'qps.lab' });
  check(nothing, { 'https://qps.lab/x': 'refused', 'https://evil.lab/x': 'refused' });
  assert.equal(nothing.allowsNoHost, true);
  const unreadable = ['*', '', 'a b', '*.lab', 'user@qlik.lab', 'qlik.lab:0', 'qlik.lab:99999'];
  assert.deepEqual(
    createHostRules({ allowedImageDownloadHosts: unreadable, allowedOrigins: [] }).unreadable,
    unreadable,
  );
});

test('no list: the hosts of the allowed origins and of the Qlik Proxy Service', () => {
  const rules = createHostRules({
    allowedOrigins: ['https://qlik.lab', 'https://sense.lab:8443'],
    qpsHost: 'central.lab',
  });
  check(rules, {
    'https://qlik.lab/x': 'named',
    'https://qlik.lab:9000/x': 'named',
    'http://qlik.lab/x': 'named',
    'https://sense.lab:8443/x': 'named',
    'https://sense.lab:9999/x': 'allowed',
    'https://central.lab/x': 'named',
    'https://central.lab:4244/x': 'named',
    'https://evil.lab/x': 'refused',
  });
  const same = createHostRules({ allowedOrigins: ['https://sense.lab:8443'], qpsHost: 'SENSE.lab' });
  check(same, { 'https://sense.lab:8443/x': 'named', 'https://sense.lab:9999/x': 'allowed' });
  assert.equal(createHostRules({ allowedOrigins: [] }).allowsNoHost, true);
});

test('no list, and every origin: any host, but credentials only for those that are named', () => {
  const rules = createHostRules({ allowedOrigins: ['*', 'https://qlik.lab'], qpsHost: 'qps.lab' });
  check(rules, {
    'https://evil.lab/x': 'allowed',
    'http://10.0.0.1/x': 'allowed',
    'https://qlik.lab/x': 'named',
    'https://qps.lab/x': 'named',
  });
  assert.equal(rules.allowsAnyHost, true);
});
