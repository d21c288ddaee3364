import { stringify } from 'yaml';
import { checkAllTlsFiles, expiryWarnings } from '../config/check-tls-files.ts';
import type { ConfigNote } from '../config/config.ts';
import { maskedConfig } from '../config/masked-config.ts';
import { certificateWarnings } from '../config/qlik-certificates.ts';
import { startupWarnings } from '../config/startup-warnings.ts';
import { loadCommandConfig } from './command-config.ts';
import { print } from './output.ts';
import type { CommonOptions } from './program.ts';

/** Prints what the file means, secrets masked; every mistake at once when it has some (exit code 78). */
export async function checkConfig(options: CommonOptions): Promise<void> {
  const loaded = loadCommandConfig(options);
  const { config, notes, warnings } = loaded;
  print(stringify(maskedConfig(config)));
  print('\n');
  const where = config.file ?? 'the built-in default';
  const say = (kind: string, { line, path, message }: ConfigNote) =>
    print(`${kind}  ${line === 0 ? where : `${where}:${line}`}  ${path === '' ? '' : `${path}: `}${message}\n`);
  for (const note of notes) say('note   ', note);
  for (const warning of warnings) say('warning', warning);
  const now = new Date();
  for (const warning of expiryWarnings(loaded, now)) say('warning', warning);
  for (const warning of await certificateWarnings(loaded, now)) say('warning', warning);
  for (const message of startupWarnings(config)) print(`warning  ${message}\n`);
  await checkAllTlsFiles(loaded);
  print(`${where}: no mistakes.\n`);
}
