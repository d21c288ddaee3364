import { resolve } from 'node:path';
import { type TlsFault, tlsFaults, validityOf } from '../../adapters/http-api/tls-files.ts';
import { readAuthority } from '../../adapters/shared/influxdb/authority-file.ts';
import { CodedError } from '../../domain/errors.ts';
import type { AuditConfig, LoadedConfig, TlsConfig } from './config.ts';
import { invalidConfiguration } from './invalid-configuration.ts';
import { type Problem, problem, settingAt } from './setting.ts';

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

/** Certificates that browsers do not take today. A server starts with them: connections that do not look go on. */
export function expiryWarnings({ config, settings }: LoadedConfig, now: Date): readonly Problem[] {
  return sectionsInUse(config).flatMap(({ keys, tls }) => {
    const validity = validityOf(tls);
    if (validity === undefined || (validity.from <= now && now <= validity.to)) return [];
    const [from, to] = [validity.from, validity.to].map((day) => day.toISOString().slice(0, 10));
    const message = `${tls.cert} is not valid today, but from ${from} to ${to}: browsers refuse it. Renew it, or set the clock`;
    return [problem(settingAt(settings, [...keys, 'cert']) ?? settings, message)];
  });
}

type TlsFiles = Omit<TlsConfig, 'hsts'>;

interface TlsSection {
  readonly keys: readonly string[];
  readonly tls: TlsFiles;
}

/** Of ports that a server opens. */
function sectionsInUse({ enable, http, viewer }: AuditConfig): readonly TlsSection[] {
  const below = (section: string, tls: TlsFiles): readonly TlsSection[] =>
    tls.enable ? [{ keys: ['Butler-SOS', 'auditEvents', ...section.split('.')], tls }] : [];
  return [...(enable ? below('tls', http.tls) : []), ...(viewer.enable ? below('viewer.tls', viewer.tls) : [])];
}

function serverProblems({ config, settings }: LoadedConfig): readonly Problem[] {
  return sectionsInUse(config).flatMap(({ keys, tls }) => {
    const place = ({ setting }: TlsFault) =>
      (setting === undefined ? undefined : settingAt(settings, [...keys, setting])) ??
      settingAt(settings, keys) ??
      settings;
    return tlsFaults({ ...tls, hsts: false }).map((fault) => problem(place(fault), fault.problem));
  });
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
