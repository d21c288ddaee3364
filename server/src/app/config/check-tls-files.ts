import { type TlsFault, tlsFaults } from '../../adapters/http-api/tls-files.ts';
import type { LoadedConfig, TlsConfig } from './config.ts';
import { invalidConfiguration } from './invalid-configuration.ts';
import { type MappingSetting, type Problem, problem, settingAt } from './setting.ts';

/**
 * Reads the certificates and keys that a server would use. Not part of `loadConfig`: other commands work without them.
 * @throws CodedError CONFIG_INVALID with everything that is wrong with them
 */
export function checkTlsFiles({ config, settings }: LoadedConfig): void {
  const { http, viewer } = config;
  const problems = [
    ...problemsIn(settings, ['tls'], http.tls),
    ...(viewer.enable ? problemsIn(settings, ['viewer', 'tls'], viewer.tls) : []),
  ];
  if (problems.length > 0) throw invalidConfiguration(config.file ?? 'configuration', problems);
}

function problemsIn(root: MappingSetting, section: readonly string[], tls: Omit<TlsConfig, 'hsts'>): Problem[] {
  if (!tls.enable) return [];
  const keys = ['Butler-SOS', 'auditEvents', ...section];
  const place = ({ setting }: TlsFault) =>
    (setting === undefined ? undefined : settingAt(root, [...keys, setting])) ?? settingAt(root, keys) ?? root;
  return tlsFaults({ ...tls, hsts: false }).map((fault) => problem(place(fault), fault.problem));
}
