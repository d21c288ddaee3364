import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { NO_HARD_LINKS } from '../../adapters/shared/durable-file.ts';
import { whileInUseSync } from '../../adapters/shared/file-in-use.ts';
import { createPrivateFolder, restrictToOwner } from '../../adapters/shared/private-folder.ts';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import type { AuditConfig } from './config.ts';

/**
 * The configuration with the token of its `generatedTokenFile`, which is made once and kept (mode 0600). A configuration
 * with tokens of its own, or without such a file, comes back as it is.
 * @throws CodedError CONFIG_INVALID when the file cannot be made or read.
 */
export function withGeneratedToken(config: AuditConfig): AuditConfig {
  const file = config.generatedTokenFile;
  if (file === undefined || config.http.apiTokens.length > 0) return config;
  return { ...config, http: { ...config.http, apiTokens: [generatedToken(file)] } };
}

/** The token of a generated file, or undefined when there is none yet: for commands that talk to a running server. */
export function readGeneratedToken(file: string): string | undefined {
  try {
    const token = readFileSync(file, 'utf8').trim();
    return token === '' ? undefined : token;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw unusable(file, error);
  }
}

/** Two servers that start at once end with the same token: the file appears whole or not at all, and only once. */
function generatedToken(file: string): string {
  const present = readGeneratedToken(file);
  if (present !== undefined) return present;
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    createPrivateFolder(dirname(file));
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(descriptor, `${randomBytes(32).toString('base64url')}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    restrictToOwner(temporary, 'file');
    publish(temporary, file);
  } catch (error) {
    throw unusable(file, error);
  } finally {
    rmSync(temporary, { force: true });
  }
  const token = readGeneratedToken(file);
  if (token === undefined) throw unusable(file, new Error('it is empty; delete it'));
  return token;
}

/** A crash before this leaves a stray temporary file; after it, the token is kept. */
function publish(temporary: string, file: string): void {
  try {
    whileInUseSync(() => linkSync(temporary, file));
  } catch (error) {
    const code = systemCodeOf(error) ?? '';
    if (NO_HARD_LINKS.has(code)) whileInUseSync(() => renameSync(temporary, file));
    else if (code !== 'EEXIST') throw error;
  }
}

function unusable(file: string, cause: unknown): CodedError {
  return new CodedError(
    'CONFIG_INVALID',
    `The access token cannot be kept in ${file}: ${messageOf(cause)}. Make the folder writable, or set auditEvents.apiToken.`,
    { file },
    cause,
  );
}
