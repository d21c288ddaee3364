import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** PEM texts. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** PEM. */
  readonly cert: string;
  /** For servers and clients alike. */
  issue(
    commonName: string,
    subject?: { readonly hosts?: readonly string[]; readonly days?: number },
  ): IssuedCertificate;
}

/** A certificate authority of the test's own (RFC 5280, ECDSA on P-256): real certificates without any tool installed. */
export function createCertificateAuthority(commonName: string): CertificateAuthority {
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certify = (name: string, publicKey: KeyObject, days: number, extensions: readonly Buffer[]) =>
    pem('CERTIFICATE', certificate({ issuer: commonName, name, publicKey, days, extensions, signer: root.privateKey }));
  return {
    cert: certify(commonName, root.publicKey, 30, [IS_AUTHORITY, MAY_SIGN_CERTIFICATES]),
    issue(name, { hosts = [], days = 2 } = {}) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = hosts.length === 0 ? [] : [alternativeNames(hosts)];
      return {
        cert: certify(name, createPublicKey(pair.privateKey), days, extensions),
        key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

interface CertificateParts {
  readonly issuer: string;
  readonly name: string;
  readonly publicKey: KeyObject;
  /** Negative: has expired. */
  readonly days: number;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
}

const DAY_MS = 86_400_000;

function certificate({ issuer, name, publicKey, days, extensions, signer }: CertificateParts): Buffer {
  const now = Date.now();
  const body = sequenceOf(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer),
    sequenceOf(time(now - 2 * DAY_MS), time(now + days * DAY_MS)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [tagged(0xa3, sequenceOf(...extensions))]),
  );
  const signature = sign('sha256', body, signer);
  return sequenceOf(body, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature));
}

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]);
}

const sequenceOf = (...items: readonly Buffer[]) => tagged(0x30, ...items);
const integer = (bytes: Buffer) => tagged(0x02, bytes);
const octets = (content: Buffer) => tagged(0x04, content);
const identifier = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const time = (atMs: number) => tagged(0x18, Buffer.from(`${new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '')}`));
const distinguishedName = (name: string) =>
  sequenceOf(tagged(0x31, sequenceOf(identifier('550403'), tagged(0x0c, Buffer.from(name)))));
const extension = (id: string, ...content: readonly Buffer[]) => sequenceOf(identifier(id), ...content);

const ECDSA_WITH_SHA256 = sequenceOf(identifier('2a8648ce3d040302'));
const TRUE = tagged(0x01, Buffer.from([0xff]));
const IS_AUTHORITY = extension('551d13', TRUE, octets(sequenceOf(TRUE)));
const MAY_SIGN_CERTIFICATES = extension('551d0f', TRUE, octets(tagged(0x03, Buffer.from([1, 0x06]))));

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) => {
    if (isIP(host) === 4) return tagged(0x87, Buffer.from(host.split('.').map(Number)));
    if (host === '::1') return tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
    return tagged(0x82, Buffer.from(host));
  });
  return extension('551d11', octets(sequenceOf(...names)));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
