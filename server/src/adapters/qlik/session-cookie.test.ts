import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionCookieIn } from './session-cookie.ts';

const NOW = Date.UTC(2026, 10, 23);

function find(setCookie: readonly string[], virtualProxy = '', configuredName?: string) {
  const found = sessionCookieIn(setCookie, { configuredName, virtualProxy, nowMs: NOW });
  return found === undefined ? undefined : `${found.name}=${found.value}`;
}

test('the usual names, with and without a virtual proxy, over https and http', () => {
  assert.equal(find(['a=1', 'X-Qlik-Session=id; Path=/; Secure; HttpOnly']), 'X-Qlik-Session=id');
  assert.equal(find(['X-Qlik-Session-HTTP=id']), 'X-Qlik-Session-HTTP=id');
  assert.equal(find(['x-qlik-session-sales=id']), 'x-qlik-session-sales=id');
  assert.equal(find(['X-Qlik-Session-my-own=a=b']), 'X-Qlik-Session-my-own=a=b');
  assert.equal(find(['XX-Qlik-Session=id', 'X-Qlik-Sessions=id', 'nonsense', '=x']), undefined);
  assert.equal(find([]), undefined);
});

test('the one of the virtual proxy is taken where several are set', () => {
  const several = ['X-Qlik-Session=1', 'X-Qlik-Session-sales=2', 'X-Qlik-Session-eu-HTTP=3'];
  assert.equal(find(several), 'X-Qlik-Session=1');
  assert.equal(find(several, 'sales'), 'X-Qlik-Session-sales=2');
  assert.equal(find(several, 'eu'), 'X-Qlik-Session-eu-HTTP=3');
  assert.equal(find(several, 'other'), 'X-Qlik-Session=1');
});

test('a configured name goes first; other virtual proxies may have the usual ones', () => {
  assert.equal(find(['X-Qlik-Session=1', 'sales-session=2'], 'sales', 'Sales-Session'), 'sales-session=2');
  assert.equal(find(['Sales-Session-HTTP=2'], '', 'Sales-Session'), 'Sales-Session-HTTP=2');
  assert.equal(find(['My-HTTP=2'], '', 'My-HTTP'), 'My-HTTP=2');
  assert.equal(find(['X-Qlik-Session=1'], '', 'Sales-Session'), 'X-Qlik-Session=1');
});

test('of another name: the only one that holds the id of a session', () => {
  const [id, other] = ['f2b5c5b8-0a1b-4c2d-8e3f-001122334455', '0A1B2C3D-0a1b-4c2d-8e3f-001122334455'];
  assert.equal(find(['other=1', `Sales-Session=${id}; Path=/`]), `Sales-Session=${id}`);
  assert.equal(find([`Sales-Session=${id}`], '', 'Salse-Session'), `Sales-Session=${id}`);
  assert.equal(find([`a=${id}`, `b=${other}`]), undefined);
  assert.equal(find(['a=1', `b=x${id}`]), undefined);
});

test('a cookie that is taken away is none', () => {
  assert.equal(find(['X-Qlik-Session=; Path=/']), undefined);
  assert.equal(find(['X-Qlik-Session=id; Max-Age=0']), undefined);
  assert.equal(find(['X-Qlik-Session=id; expires=Thu, 01 Jan 1970 00:00:00 GMT']), undefined);
  const past = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT';
  assert.equal(find([`X-Qlik-Session=id; Max-Age=3600; ${past}`]), 'X-Qlik-Session=id', 'Max-Age comes first');
  assert.equal(find([`X-Qlik-Session=id; ${past}; Max-Age=x`]), undefined, 'nonsense is ignored');
  assert.equal(find(['X-Qlik-Session=id; Max-Age=; Path=/']), 'X-Qlik-Session=id');
  assert.equal(find(['X-Qlik-Session=id; expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=60']), 'X-Qlik-Session=id');
});

test('of several with one name the last one counts', () => {
  assert.equal(find(['X-Qlik-Session=old; Path=/', 'X-Qlik-Session=new; Path=/']), 'X-Qlik-Session=new');
  assert.equal(find(['X-Qlik-Session=; Max-Age=0', 'X-Qlik-Session=new']), 'X-Qlik-Session=new');
});
