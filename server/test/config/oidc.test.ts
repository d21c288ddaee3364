import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { maskedConfig } from '../../src/app/config/masked-config.ts';
import { audit, load, mistakesIn } from './support.ts';

const OIDC = 'Butler-SOS.auditEvents.viewer.oidc';
const oidc = (...lines: readonly string[]) => audit('viewer:', '  oidc:', ...lines.map((line) => `    ${line}`));

test('without an issuer there is no identity provider', () => {
  for (const text of [audit('port: 1'), oidc('clientId: audit'), audit('viewer: {oidc: {issuer: ""}}')]) {
    assert.equal(load(text).config.viewer.oidc, undefined);
  }
});

test('issuer and client are enough; the rest has defaults', () => {
  const { config } = load(oidc('issuer: https://id.example/realms/a', 'clientId: audit'));
  assert.deepEqual(config.viewer.oidc, {
    issuer: 'https://id.example/realms/a',
    clientId: 'audit',
    label: 'single sign-on',
    scopes: ['profile', 'email'],
    userClaim: 'preferred_username',
    roleClaim: 'roles',
    roles: [],
  });
});

test('a role has the rights of a reader unless it says more or less', () => {
  const roles =
    'roles: [{value: a, role: admin}, {value: b, apps: [x], pictures: false, objectData: false}, {value: c}]';
  const { config } = load(oidc('issuer: https://id.example', 'clientId: audit', roles));
  assert.deepEqual(config.viewer.oidc?.roles, [
    { value: 'a', role: 'admin', pictures: true, objectData: true },
    { value: 'b', role: 'reader', apps: ['x'], pictures: false, objectData: false },
    { value: 'c', role: 'reader', pictures: true, objectData: true },
  ]);
});

test('the secret comes from a file as well, and is masked wherever the configuration is shown', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-oidc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, 'client-secret-1\n');
  for (const line of [`clientSecretFile: '${file}'`, 'clientSecret: client-secret-1']) {
    const { config } = load(oidc('issuer: https://id.example', 'clientId: audit', line));
    assert.equal(config.viewer.oidc?.clientSecret, 'client-secret-1');
    assert.ok(!JSON.stringify(maskedConfig(config)).includes('client-secret-1'));
  }
});

test('an issuer over plain http is for this machine only', () => {
  for (const issuer of [
    'http://127.0.0.1:5000',
    'http://localhost:5000/a',
    'http://[::1]:5000',
    'https://id.example',
  ]) {
    assert.equal(load(oidc(`issuer: ${issuer}`, 'clientId: a')).config.viewer.oidc?.issuer, issuer);
  }
  for (const issuer of [
    'http://id.example',
    'id.example',
    'ftp://id.example',
    'https://id.example?x=1',
    'https://a@b',
  ]) {
    const found = mistakesIn(oidc(`issuer: ${issuer}`, 'clientId: a'));
    assert.deepEqual(found, [
      `production.yaml:5:9 ${OIDC}.issuer: expected an address with https, or with http on this machine, found "${issuer}".`,
    ]);
  }
});

test('a client without a name, a way back that leads elsewhere, and a role without a name are mistakes', () => {
  assert.match(
    mistakesIn(oidc('issuer: https://id.example'))[0] ?? '',
    /expected the key "clientId" beside the issuer/,
  );
  const base = ['issuer: https://id.example', 'clientId: a'];
  assert.match(
    mistakesIn(oidc(...base, 'redirectUri: https://audit.example/'))[0] ?? '',
    /redirectUri: expected an address that ends with \/login with https/,
  );
  assert.match(mistakesIn(oidc(...base, 'redirectUri: http://audit.example/login'))[0] ?? '', /redirectUri/);
  assert.equal(mistakesIn(oidc(...base, 'roles: [{role: admin}]')).length, 1);
});
