import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
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

function look(options: TlsOptions): { readonly context: SecureContextOptions; readonly faults: readonly TlsFault[] } {
  const { passphrase, minVersion } = options;
  const context: SecureContextOptions = {
    ...(passphrase === undefined ? {} : { passphrase }),
    minVersion,
    // OpenSSL keeps what TLS below 1.2 needs out of its usual security level
    ...(minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
  };
  const faults: TlsFault[] = [];
  for (const setting of ['cert', 'key', 'ca'] as const) {
    const path = options[setting];
    try {
      if (path !== undefined) context[setting] = readFileSync(path);
      else if (setting !== 'ca') faults.push({ setting, problem: 'expected the path of a file, found none' });
    } catch (error) {
      const found = systemCodeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error);
      faults.push({ setting, problem: `expected a readable file ${path}, found ${found}` });
    }
  }
  try {
    if (faults.length === 0) createSecureContext(context);
  } catch (error) {
    const problem = `certificate ${options.cert} and key ${options.key} cannot be used together: ${messageOf(error)}`;
    faults.push({ setting: undefined, problem });
  }
  return { context, faults };
}
