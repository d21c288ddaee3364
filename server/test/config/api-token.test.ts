import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readGeneratedToken, withGeneratedToken } from '../../src/app/config/api-token.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { startupWarnings } from '../../src/app/config/startup-warnings.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import { CodedError } from '../../src/domain/errors.ts';
import { load } from './support.ts';

function inFolder(run: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'audit-token-'));
  try {
    run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test('the built-in default makes a token once and keeps it, readable by its owner alone', () => {
  inFolder((root) => {
    const { config } = loadConfig({ root, env: {}, destinations });
    const file = config.generatedTokenFile ?? '';
    assert.equal(readGeneratedToken(file), undefined);
    assert.deepEqual(startupWarnings(config), []);
    const [token, ...others] = withGeneratedToken(config).http.apiTokens;
    assert.deepEqual(others, []);
    assert.match(token ?? '', /^[\w-]{43}$/);
    assert.deepEqual(withGeneratedToken(config).http.apiTokens, [token]);
    assert.equal(readGeneratedToken(file), token);
    assert.equal(readFileSync(file, 'utf8'), `${token}\n`);
    assert.deepEqual(readdirSync(join(root, 'audit-events')), ['api-token']);
    if (process.platform !== 'win32') {
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(statSync(join(root, 'audit-events')).mode & 0o777, 0o700);
    }
  });
});

test('a file gets no token that it does not ask for', () => {
  const { config } = load('');
  assert.equal(withGeneratedToken(config), config);
});

test('a token that cannot be kept is said to be so', () => {
  inFolder((root) => {
    writeFileSync(join(root, 'audit-events'), 'a file in the way');
    const { config } = loadConfig({ root, env: {}, destinations });
    assert.throws(
      () => withGeneratedToken(config),
      (error) => error instanceof CodedError && error.message.includes('cannot be kept'),
    );
  });
});

test('an empty token file is not taken for a token', () => {
  inFolder((root) => {
    const { config } = loadConfig({ root, env: {}, destinations });
    withGeneratedToken(config);
    writeFileSync(config.generatedTokenFile ?? '', '\n');
    assert.throws(
      () => withGeneratedToken(config),
      (error) => error instanceof CodedError && error.message.includes('empty'),
    );
  });
});
