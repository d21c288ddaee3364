import { jsonText } from '../json-text.ts';
import { influxdbDashboards } from './boards.ts';
import { flux } from './flux.ts';
import { healthDashboard } from './health.ts';
import { influxql } from './influxql.ts';
import { sql } from './sql.ts';

/** A folder for each version of InfluxDB, because nobody has all three, and one for Prometheus. */
export function dashboardFiles(): readonly { readonly path: string; readonly text: string }[] {
  const influxdb = [influxql, flux, sql].flatMap((dialect) =>
    influxdbDashboards(dialect).map(({ name, board }) => ({
      path: `dashboards/influxdb-${dialect.version}/${name}.json`,
      text: jsonText(board),
    })),
  );
  return [...influxdb, { path: 'dashboards/prometheus/health.json', text: jsonText(healthDashboard()) }];
}
