import { stringify } from 'yaml';
import { readTlsFiles } from '../../adapters/http-api/tls-files.ts';
import { maskedConfig } from '../config/masked-config.ts';
import { startupWarnings } from '../config/startup-warnings.ts';
import { loadCommandConfig } from './command-config.ts';
import { print } from './output.ts';
import type { CommonOptions } from './program.ts';

/** Prints what the file means, secrets masked; every mistake at once when it has some (exit code 78). */
export async function checkConfig(options: CommonOptions): Promise<void> {
  const { config, notes, warnings } = loadCommandConfig(options);
  if (config.http.tls.enable) readTlsFiles(config.http.tls);
  print(stringify(maskedConfig(config)));
  print('\n');
  const where = config.file ?? 'the built-in default';
  for (const note of notes)
    print(`note     ${note.line === 0 ? where : `${where}:${note.line}`}  ${note.path}: ${note.message}\n`);
  for (const { line, path, message } of warnings)
    print(`warning  ${line === 0 ? where : `${where}:${line}`}  ${path}: ${message}\n`);
  for (const message of startupWarnings(config)) print(`warning  ${message}\n`);
  print(`${where}: no mistakes.\n`);
}
