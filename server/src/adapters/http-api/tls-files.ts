import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { TlsOptions } from './options.ts';

/**
 * Certificate, key and what belongs to them, as they are in the files now.
 * @throws CodedError TLS_FILES_UNUSABLE when a file cannot be read or the pair does not fit together
 */
export function readTlsFiles(options: TlsOptions): SecureContextOptions {
  const { cert, key, ca, passphrase, minVersion } = options;
  if (cert === undefined || key === undefined)
    throw unusable('tls.enable is true, so tls.cert and tls.key must be given');
  const context: SecureContextOptions = {
    cert: read('tls.cert', cert),
    key: read('tls.key', key),
    ...(ca === undefined ? {} : { ca: read('tls.ca', ca) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    minVersion,
    // OpenSSL keeps what TLS below 1.2 needs out of its usual security level
    ...(minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
  };
  try {
    createSecureContext(context);
  } catch (error) {
    throw unusable(`certificate ${cert} and key ${key} cannot be used together: ${messageOf(error)}`, error);
  }
  return context;
}

/** Have the contents changed? */
export function sameTlsFiles(a: SecureContextOptions, b: SecureContextOptions): boolean {
  return String(a.cert) === String(b.cert) && String(a.key) === String(b.key) && String(a.ca) === String(b.ca);
}

function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unusable(`${setting}: the file ${path} cannot be read: ${messageOf(error)}`, error);
  }
}

function unusable(message: string, cause?: unknown): CodedError {
  return new CodedError('TLS_FILES_UNUSABLE', message, {}, cause);
}
