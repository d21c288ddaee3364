import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import { contentsOf, type PemContents, pemText } from '../shared/pem.ts';
import type { TlsOptions } from './options.ts';

/** Why the files cannot be used. */
export interface TlsFault {
  /** Undefined: each can be read, but not be used with the others. */
  readonly setting: 'cert' | 'key' | 'ca' | undefined;
  readonly problem: string;
}

/**
 * Certificate, key and what belongs to them, as they are in the files now.
 * @throws CodedError TLS_FILES_UNUSABLE when a file cannot be read or the pair does not fit together
 */
export function readTlsFiles(options: TlsOptions): SecureContextOptions {
  const { context, faults } = look(options);
  if (faults.length === 0) return context;
  const problems = faults.map(({ setting, problem }) => `tls${setting === undefined ? '' : `.${setting}`}: ${problem}`);
  throw new CodedError('TLS_FILES_UNUSABLE', `${problems.join('; ')}.`);
}

/** All that `readTlsFiles` would say. */
export function tlsFaults(options: TlsOptions): readonly TlsFault[] {
  return look(options).faults;
}

/** Until when, and since when, browsers take the certificate; undefined when it cannot be read. */
export function validityOf({ cert }: Pick<TlsOptions, 'cert'>): { readonly from: Date; readonly to: Date } | undefined {
  try {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(cert ?? ''));
    return { from: validFromDate, to: validToDate };
  } catch {
    return undefined;
  }
}

function look(options: TlsOptions): { readonly context: SecureContextOptions; readonly faults: readonly TlsFault[] } {
  const { passphrase, minVersion } = options;
  const context: SecureContextOptions = {
    ...(passphrase === undefined ? {} : { passphrase }),
    minVersion,
    // OpenSSL keeps what TLS below 1.2 needs out of its usual security level
    ...(minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
  };
  const faults: TlsFault[] = [];
  const read = <T>(setting: 'cert' | 'key' | 'ca', parse: (file: PemFile) => T): T | undefined => {
    const path = options[setting];
    try {
      if (path === undefined && setting === 'ca') return undefined;
      if (path === undefined) throw new Error('expected the path of a file, found none');
      const bytes = bytesOf(path);
      context[setting] = bytes;
      return parse({ path, bytes });
    } catch (error) {
      faults.push({ setting, problem: messageOf(error) });
      return undefined;
    }
  };
  const certificate = read('cert', certificateIn);
  const key = read('key', (file) => keyIn(file, passphrase));
  read('ca', certificateIn);
  const pair = `certificate ${options.cert} and key ${options.key} cannot be used together`;
  try {
    if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key)) {
      const problem = `${pair}: the key is that of another certificate. Name the two that were made together`;
      faults.push({ setting: undefined, problem });
    }
    if (faults.length === 0) createSecureContext(context);
  } catch (error) {
    faults.push({ setting: undefined, problem: `${pair}: ${messageOf(error)}` });
  }
  return { context, faults };
}

interface PemFile {
  readonly path: string;
  readonly bytes: Buffer;
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = systemCodeOf(error);
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : messageOf(error);
    throw new Error(`expected a readable file ${path}, found ${found}`, { cause: error });
  }
}

/** The first one, which is that of the server; OpenSSL takes a file without any as long as nobody connects. */
function certificateIn(file: PemFile): X509Certificate {
  const text = textOf(file, 'a certificate');
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new Error(`the certificate in ${file.path} is damaged: ${messageOf(error)}`, { cause: error });
  }
}

function keyIn(file: PemFile, passphrase: string | undefined): KeyObject {
  const text = textOf(file, 'a private key');
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (error) {
    const cause = { cause: error };
    if (!/ENCRYPTED/.test(text)) throw new Error(`the key in ${file.path} is damaged: ${messageOf(error)}`, cause);
    if (passphrase !== undefined) throw new Error(`the passphrase is not that of the key in ${file.path}`, cause);
    throw new Error(`the key in ${file.path} is locked with a passphrase. Set passphrase beside it`, cause);
  }
}

function textOf({ path, bytes }: PemFile, wanted: PemContents): string {
  const text = pemText(bytes, wanted);
  if (text !== undefined) return text;
  throw new Error(`expected ${wanted} in PEM form in ${path}, found ${contentsOf(bytes)}`);
}
