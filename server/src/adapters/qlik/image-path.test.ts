import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseVirtualProxy, mayCarryCredentials, virtualProxyOf } from './image-path.ts';

const pathOf = (path: string) => new URL(path, 'https://qlik.lab').pathname;

test('the virtual proxy stands before the first segment that Qlik Sense uses itself', () => {
  const expected = {
    '/tempcontent/x.png': '',
    '/analytics/tempcontent/x.png': 'analytics',
    '/eu/sales/tempcontent/x.png': 'eu/sales',
    '/sense/app/x': '',
    '/a/../b/tempcontent/x.png': 'b',
    '/tempcontent/hub/x.png': '',
    '/x.png': '',
    '/Analytics/tempcontent/x.png': undefined,
    '//evil/tempcontent/x.png': undefined,
    '/a%20b/tempcontent/x.png': undefined,
    '/a;b/tempcontent/x.png': undefined,
    '/%2e%2e%2f/tempcontent/x.png': undefined,
  };
  const found = Object.fromEntries(
    Object.keys(expected).map((path) => [path, virtualProxyOf(path.startsWith('//') ? path : pathOf(path))]),
  );
  assert.deepEqual(found, expected);
});

test('a configured virtual proxy is taken, an empty one is that of the path, a slash the default one', () => {
  const path = '/analytics/tempcontent/x.png';
  const chosen = [undefined, '', ' ', '/', 'sales', '/sales/emea/'].map((name) => chooseVirtualProxy(name, path));
  assert.deepEqual(chosen, ['analytics', 'analytics', 'analytics', '', 'sales', 'sales/emea']);
});

test('credentials go to paths under tempcontent only', () => {
  const may = (path: string, allowed: readonly string[] = []) => mayCarryCredentials(pathOf(path), allowed);
  for (const path of ['/tempcontent/x.png', '/analytics/tempcontent/a/b.png', '/eu/sales/tempcontent/x']) {
    assert.equal(may(path), true, path);
  }
  const refused = [
    ...['/', '/x.png', '/content/Default/x.png', '/extensions/evil/tempcontent/x.png', '/api/v1/tempcontent/x'],
    ...['/tempcontents/x', '/xtempcontent/x', '/TempContent/x', '/Evil/tempcontent/x.png', '/hub?/tempcontent/x'],
    ...['/tempcontent/../qmc/x', '/tempcontent/%2e%2e%2fqmc', '/tempcontent/..%2fqmc', '/tempcontent/%252e%252e/x'],
    ...['/tempcontent/..;/qmc/x', '/tempcontent/..%3bx/qmc', '/tempcontent/.;/x'],
    ...['/tempcontent/..%5cqmc', '/%74empcontent/x.png', '/x%2ftempcontent/x.png'],
  ];
  for (const path of refused) assert.equal(may(path), false, path);
});

test('allowedPaths widens that, by whole segments, with and without a virtual proxy', () => {
  const may = (path: string) => mayCarryCredentials(pathOf(path), ['/content/Pictures/', 'thumbs', '/']);
  for (const path of ['/content/Pictures/x.png', '/analytics/content/Pictures/x.png', '/thumbs/x', '/thumbs']) {
    assert.equal(may(path), true, path);
  }
  for (const path of ['/content/Pictures2/x.png', '/content/x.png', '/x/thumbs/x', '/content/Pictures/..%2fx']) {
    assert.equal(may(path), false, path);
  }
});
