import { resolve } from 'node:path';
import { type TlsFault, tlsFaults } from '../../adapters/http-api/tls-files.ts';
import { readAuthority } from '../../adapters/shared/influxdb/authority-file.ts';
import { CodedError } from '../../domain/errors.ts';
import type { LoadedConfig, TlsConfig } from './config.ts';
import { invalidConfiguration } from './invalid-configuration.ts';
import { type MappingSetting, type Problem, problem, settingAt } from './setting.ts';

/** As `checkTlsFiles`, and the file of destination.influxdb, which keeps nobody from starting: its events wait. */
export async function checkAllTlsFiles(loaded: LoadedConfig): Promise<void> {
  refuse(loaded, [...serverProblems(loaded), ...(await influxdbProblems(loaded))]);
}

/**
 * Reads the certificates and keys that a server would use. Not part of `loadConfig`: other commands work without them.
 * @throws CodedError CONFIG_INVALID with everything that is wrong with them
 */
export function checkTlsFiles(loaded: LoadedConfig): void {
  refuse(loaded, serverProblems(loaded));
}

function refuse({ config }: LoadedConfig, problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidConfiguration(config.file ?? 'configuration', problems);
}

function serverProblems({ config: { http, viewer }, settings }: LoadedConfig): readonly Problem[] {
  return [
    ...problemsIn(settings, ['tls'], http.tls),
    ...(viewer.enable ? problemsIn(settings, ['viewer', 'tls'], viewer.tls) : []),
  ];
}

async function influxdbProblems({ config, settings }: LoadedConfig): Promise<readonly Problem[]> {
  const { https, tls } = config.auditInfluxdb;
  const isUsed = config.destinations.some(({ type }) => type === 'influxdb');
  if (!isUsed || (https !== true && tls?.enable !== true) || !tls?.ca) return [];
  const keys = ['Butler-SOS', 'auditEvents', 'destination', 'influxdb', 'tls', 'ca'];
  try {
    await readAuthority(resolve(config.root, tls.ca), keys.join('.'));
    return [];
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return [problem(settingAt(settings, keys) ?? settings, String(error.context.problem))];
  }
}

function problemsIn(root: MappingSetting, section: readonly string[], tls: Omit<TlsConfig, 'hsts'>): Problem[] {
  if (!tls.enable) return [];
  const keys = ['Butler-SOS', 'auditEvents', ...section];
  const place = ({ setting }: TlsFault) =>
    (setting === undefined ? undefined : settingAt(root, [...keys, setting])) ?? settingAt(root, keys) ?? root;
  return tlsFaults({ ...tls, hsts: false }).map((fault) => problem(place(fault), fault.problem));
}
