import { type InfluxdbConnection, parseConnection } from '../../adapters/shared/influxdb/connection.ts';
import { CodedError } from '../../domain/errors.ts';
import type { AuditConfig, ConfigNote } from './config.ts';
import { type MappingSetting, problem, settingAt } from './setting.ts';

/** `Butler-SOS.influxdbConfig` when the file has it, else that of the audit destination; an error when it cannot be used. */
export function queueMetricsConnection(config: AuditConfig): InfluxdbConnection | CodedError {
  const { influxdbConfig, auditInfluxdb } = config;
  try {
    const connection =
      influxdbConfig === undefined
        ? parseConnection(auditInfluxdb, 'Butler-SOS.auditEvents.destination.influxdb')
        : parseConnection(influxdbConfig, 'Butler-SOS.influxdbConfig');
    if (connection.server.version !== 'incomplete') return connection;
    const advice = influxdbConfig === undefined ? ', or use Butler-SOS.influxdbConfig' : '';
    return new CodedError('CONFIG_INVALID', `set ${connection.server.missing.join(', ')}${advice}`);
  } catch (thrown) {
    if (thrown instanceof CodedError) return thrown;
    throw thrown;
  }
}

/** They are no reason to receive no events. */
export function queueMetricsWarnings(config: AuditConfig, root: MappingSetting): readonly ConfigNote[] {
  const setting = settingAt(root, ['Butler-SOS', 'auditEvents', 'queue', 'queueMetrics', 'influxdb']);
  if (!config.http.queue.queueMetrics.influxdb.enable || setting === undefined) return [];
  const connection = queueMetricsConnection(config);
  if (!(connection instanceof CodedError)) return [];
  return [problem(setting, `queue metrics are not written: ${connection.message}`)];
}
