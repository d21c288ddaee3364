import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCertificateAuthority } from '../../../test/support/test-certificates.ts';
import { readQlikCertificates } from './qlik-certificates.ts';

const NOW = new Date();

test('files of the log-in at Qlik Sense: what is wrong with each is said in plain words, with what to do, without secrets', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-certificates-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const authority = createCertificateAuthority('Root');
  const client = authority.issue('QlikClient');
  const file = (name: string, contents: string | Buffer) => {
    writeFileSync(join(folder, name), contents);
    return join(folder, name);
  };
  const good = {
    clientCert: file('client.pem', client.cert),
    clientCertKey: file('client_key.pem', client.key),
    clientCertCA: file('root.pem', authority.cert),
  };
  const locked = createPrivateKey(client.key).export({
    ...{ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' },
  });
  const lockedKey = file('locked.pem', locked);
  const faults = async (changes: Partial<typeof good> & { readonly clientCertPassphrase?: string }) =>
    (await readQlikCertificates({ ...good, ...changes }, NOW)).faults.map(
      ({ setting, problem }) => `${setting}: ${problem}`,
    );
  const cases: readonly (readonly [Parameters<typeof faults>[0], RegExp | undefined])[] = [
    [{}, undefined],
    [{ clientCert: file('bom.pem', `\uFEFF${client.cert}`) }, undefined],
    [{ clientCertKey: lockedKey, clientCertPassphrase: 'open sesame' }, undefined],
    [{ clientCertKey: lockedKey }, /^clientCertKey: .*locked with a passphrase\. Set clientCertPassphrase/],
    [{ clientCertKey: lockedKey, clientCertPassphrase: 'wrong one' }, /another passphrase\. Correct clientCertPass/],
    [{ clientCertKey: file('other.pem', authority.issue('Other').key) }, /other\.pem is not the key of .*client\.pem/],
    [{ clientCert: join(folder, 'none.pem') }, /^clientCert: there is no file .*none\.pem\. Correct the path$/],
    [{ clientCertCA: folder }, /^clientCertCA: .* is a folder/],
    [
      { clientCert: file('client.der', new X509Certificate(client.cert).raw) },
      /found a binary file, such as PFX or DER/,
    ],
    [{ clientCert: good.clientCertKey }, /^clientCert: expected a certificate .* found a private key\. Export/],
    [{ clientCertKey: good.clientCert }, /^clientCertKey: expected a private key .* found a certificate/],
    [{ clientCertCA: file('empty.pem', '') }, /found an empty file/],
    [{ clientCert: file('utf16.pem', Buffer.from(`\uFEFF${client.cert}`, 'utf16le')) }, /found text in UTF-16/],
    [{ clientCert: file('cut.pem', client.cert.slice(0, 200)) }, /cut\.pem is damaged\. Export it/],
    [{ clientCertCA: file('old.pem', authority.issue('Old', { days: -1 }).cert) }, /is not valid today, but from 20/],
  ];
  for (const [changes, expected] of cases) {
    const found = (await faults(changes)).join('\n');
    if (expected === undefined) assert.equal(found, '', JSON.stringify(changes));
    else assert.match(found, expected, JSON.stringify(changes));
    assert.doesNotMatch(found, /open sesame|wrong one|error:/);
  }
  assert.equal((await readQlikCertificates(good, NOW)).certificates[0]?.subject, 'CN=QlikClient');
});
