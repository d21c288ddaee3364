/** A private key of any form. */
const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

export type PemContents = 'a certificate' | 'a private key';

/** Text (UTF-8), as OpenSSL reads it: nothing but PEM works there. Undefined: it holds no such thing. */
export function pemText(bytes: Buffer, wanted: PemContents): string | undefined {
  const text = bytes.toString('utf8');
  return (wanted === 'a certificate' ? CERTIFICATE : KEY).test(text) ? text : undefined;
}

/** What a file holds instead, for a person. */
export function contentsOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (bytes.length === 0) return 'an empty file';
  if (KEY.test(text)) return 'a private key';
  if (CERTIFICATE.test(text)) return 'a certificate';
  if (bytes[0] === 0x30) return 'a binary file, such as PFX or DER';
  return bytes[0] === 0xff || bytes[0] === 0xfe ? 'text in UTF-16' : 'something else';
}
