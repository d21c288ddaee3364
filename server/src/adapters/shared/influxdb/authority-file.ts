import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CodedError, messageOf, systemCodeOf } from '../../../domain/errors.ts';

/**
 * The certificates (PEM) of the authorities to trust beside the known ones.
 * @param setting that names the file, for messages
 * @throws CodedError TLS_FILES_UNUSABLE whose context has as `problem` what is wrong with the file
 */
export async function readAuthority(path: string, setting: string): Promise<string> {
  const unusable = (found: string, cause: unknown): CodedError => {
    const problem = `expected a readable file with a certificate (PEM) ${path}, found ${found}`;
    return new CodedError('TLS_FILES_UNUSABLE', `${setting}: ${problem}.`, { path, problem }, cause);
  };
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unusable(systemCodeOf(error) === 'ENOENT' ? 'no such file' : messageOf(error), error);
  });
  try {
    new X509Certificate(text); // Node itself takes any text, and trusts nothing more for it
  } catch (error) {
    throw unusable('no certificate in it', error);
  }
  return text;
}
