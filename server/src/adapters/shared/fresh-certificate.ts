import type { Server as TlsServer } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { messageOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';

export interface CertificateFiles {
  /** As they are now. @throws CodedError TLS_FILES_UNUSABLE */
  readonly read: () => SecureContextOptions;
  /** Path of the certificate, for the log. */
  readonly name: string | undefined;
  readonly checkMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Takes new certificates into use when their files change, until the signal aborts; connections that are open keep theirs.
 * Files are replaced one after another, so a pair that does not fit is tried again; the old one serves on meanwhile, with
 * one warning for each state of the files that stays unusable.
 */
export function keepCertificateFresh(
  server: TlsServer,
  inUse: SecureContextOptions,
  files: CertificateFiles,
  signal: AbortSignal,
): void {
  const { clock, logger } = files;
  let current = inUse;
  let fault: string | undefined;
  let warned: string | undefined;
  const check = () => {
    try {
      const found = files.read();
      fault = undefined;
      if (isSame(found, current)) return;
      server.setSecureContext(found);
      current = found;
      warned = undefined;
      logger.info({ cert: files.name }, 'a new TLS certificate is in use');
    } catch (error) {
      const message = messageOf(error);
      if (fault === message && warned !== message) {
        logger.warn({ cause: message }, 'the new TLS certificate cannot be used; the old one stays in use');
        warned = message;
      }
      fault = message;
    }
  };
  const watch = async () => {
    while (!signal.aborted) {
      await clock.sleep(files.checkMs, signal);
      if (!signal.aborted) check();
    }
  };
  void watch();
}

function isSame(a: SecureContextOptions, b: SecureContextOptions): boolean {
  return String(a.cert) === String(b.cert) && String(a.key) === String(b.key) && String(a.ca) === String(b.ca);
}
