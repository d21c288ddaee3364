import { readFile } from 'node:fs/promises';
import { createSecureContext, getCACertificates, type SecureContextOptions } from 'node:tls';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import type { CertificatePaths } from './options.ts';
import { ReloadingAgent } from './reloading-agent.ts';

export interface TlsChoice {
  readonly cert: CertificatePaths;
  readonly rejectUnauthorized: boolean;
}

/** Connections to the Qlik Proxy Service: the client certificate, and the authority that Qlik Sense made for itself. */
export function createQpsAgent({ cert: paths, rejectUnauthorized }: TlsChoice, logger: Logger): ReloadingAgent {
  const { clientCert, clientCertKey, clientCertCA, clientCertPassphrase: passphrase } = paths;
  const files = [clientCert, clientCertKey, clientCertCA].filter((path) => path !== undefined);
  return new ReloadingAgent(
    files,
    async () => {
      const options: SecureContextOptions = {
        ...(clientCert === undefined ? {} : { cert: await read('clientCert', clientCert) }),
        ...(clientCertKey === undefined ? {} : { key: await read('clientCertKey', clientCertKey) }),
        ...(clientCertCA === undefined ? {} : { ca: await trusted(clientCertCA) }),
        ...(passphrase === undefined ? {} : { passphrase }),
      };
      try {
        return { rejectUnauthorized, secureContext: createSecureContext(options) };
      } catch (thrown) {
        throw unusable(`${files.join(', ')} cannot be used together: ${messageOf(thrown)}`, thrown);
      }
    },
    logger,
  );
}

/** Connections to image hosts: the same authority, never the client certificate. */
export function createImageAgent(
  { cert: { clientCertCA }, rejectUnauthorized }: TlsChoice,
  logger: Logger,
): ReloadingAgent {
  return new ReloadingAgent(
    clientCertCA === undefined ? [] : [clientCertCA],
    async () => {
      if (clientCertCA === undefined) return { rejectUnauthorized };
      try {
        return { rejectUnauthorized, secureContext: createSecureContext({ ca: await trusted(clientCertCA) }) };
      } catch (thrown) {
        logger.warn({ error: messageOf(thrown) }, 'Pictures are downloaded without the certificate authority of Qlik.');
        return { rejectUnauthorized };
      }
    },
    logger,
  );
}

// A context is made once for an agent: made for each connection, the authorities of the system cost milliseconds and
// hundreds of kilobytes each time.

/** Beside those of the system: a proxy may have a certificate of a public authority. */
async function trusted(path: string): Promise<string[]> {
  return [...getCACertificates('default'), await read('clientCertCA', path)];
}

async function read(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw unusable(`${setting}: the file ${path} cannot be read: ${messageOf(thrown)}`, thrown);
  }
}

function unusable(message: string, cause: unknown): CodedError {
  return new CodedError('TLS_FILES_UNUSABLE', message, {}, cause);
}
