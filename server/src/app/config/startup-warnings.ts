import { isIP } from 'node:net';
import { type ConnectionSection, parseConnection } from '../../adapters/shared/influxdb/connection.ts';
import type { AuditConfig, DestinationConfig } from './config.ts';

/** What is set up less safely than it should be: one sentence each, for the log at start. */
export function startupWarnings(config: AuditConfig): readonly string[] {
  const { viewer, destinations } = config;
  const warnings = config.enable ? ingestWarnings(config) : [];
  if (viewer.enable && !viewer.tls.enable && !isLoopback(viewer.host)) {
    warnings.push(
      `The viewer port is open on ${viewer.host} without TLS: status and metrics can be read on the network, and the audit trail is closed to it. Use viewer.host 127.0.0.1, or enable viewer.tls.`,
    );
  }
  return [
    ...warnings,
    ...destinations.flatMap(incompleteWarning),
    ...destinations.flatMap(seriesWarning),
    ...destinations.flatMap(plainWarning),
  ];
}

/** While the audit API is open. */
function ingestWarnings({ http, generatedTokenFile }: AuditConfig): string[] {
  const warnings: string[] = [];
  if (http.apiTokens.length === 0 && generatedTokenFile === undefined) {
    warnings.push('No apiToken is set: everybody who reaches the audit API may post events. Set auditEvents.apiToken.');
  }
  if (http.cors.allowedOrigins.includes('*')) {
    warnings.push(
      'cors.allowedOrigins allows every web page ("*") to post events. Name the origin of the Qlik Sense pages.',
    );
  }
  if (http.tls.enable && (http.tls.minVersion === 'TLSv1' || http.tls.minVersion === 'TLSv1.1')) {
    warnings.push(
      `tls.minVersion accepts ${http.tls.minVersion}, which is no longer safe. Set it to TLSv1.2 or TLSv1.3.`,
    );
  }
  if (!http.tls.enable && !isLoopback(http.host)) {
    warnings.push(
      `The audit API uses plain http on ${http.host}: token and events can be read on the network. Enable tls, or put a reverse proxy with TLS in front.`,
    );
  }
  return warnings;
}

/** Excerpts of the public documents name destinations without their settings: no mistake, but nothing is written. */
function incompleteWarning({ type, rawOptions }: DestinationConfig): readonly string[] {
  if (type === 'json') {
    const { objectdata } = rawOptions as { readonly objectdata?: { readonly enable?: boolean } };
    if (objectdata?.enable === true) return [];
    return [
      'Nothing is delivered to json: set destination.json.objectdata.enable: true, or take json out of destination.type.',
    ];
  }
  if (type !== 'influxdb') return [];
  const { server } = parseConnection(rawOptions as unknown as ConnectionSection, 'destination.influxdb');
  if (server.version !== 'incomplete') return [];
  return [`InfluxDB gets nothing yet, and its events wait in the log: set ${server.missing.join(', ')}.`];
}

/** Each event is a series of its own: the documented tags, and what InfluxDB 1 and 2 bear least. */
function seriesWarning({ type, rawOptions }: DestinationConfig): readonly string[] {
  if (type !== 'influxdb' || rawOptions.version === 3 || rawOptions.tagProfile !== 'documented') return [];
  return [
    `destination.influxdb.tagProfile documented makes a series for every event: InfluxDB ${rawOptions.version} gets slow above about a million events, and may refuse more. Set tagProfile: low-cardinality unless you need the ids as tags.`,
  ];
}

/** Settings of https without https are no protection. */
function plainWarning({ type, rawOptions }: DestinationConfig): readonly string[] {
  if (type !== 'influxdb') return [];
  const { https, tls } = parseConnection(rawOptions as unknown as ConnectionSection, 'destination.influxdb');
  if (https || tls.ca === undefined) return [];
  return [
    'destination.influxdb.tls.ca has no effect: InfluxDB is spoken to without https. Set https: true, or remove it.',
  ];
}

/** Does nobody but this machine reach it? */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^::ffff:127\./.test(name);
}
