import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dashboard, Panel, Variable } from '../../../scripts/generate-docs/dashboards/model.ts';

export const DASHBOARDS = fileURLToPath(new URL('../../../dashboards/', import.meta.url));

export interface DashboardFile {
  readonly path: string;
  readonly board: Dashboard;
}

/** @param folder below `dashboards/`, such as `influxdb-2`; `*` for all */
export function dashboardFiles(folder: string): readonly DashboardFile[] {
  const paths = globSync(`${folder}/*.json`, { cwd: DASHBOARDS }).sort();
  return paths.map((path) => ({ path, board: JSON.parse(readFileSync(join(DASHBOARDS, path), 'utf8')) as Dashboard }));
}

export interface DashboardQuery {
  /** Which dashboard and panel or variable, for messages. */
  readonly where: string;
  readonly text: string;
  /** Undefined: it fills a variable. */
  readonly panel?: Panel;
}

/** Every query of panels and variables. */
export function queriesOf({ path, board }: DashboardFile): readonly DashboardQuery[] {
  const panels = board.panels.flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({
      where: `${path}, panel "${panel.title}" ${target.refId}`,
      text: String(target.query ?? target.rawSql ?? target.expr),
      panel,
    })),
  );
  const variables = board.templating.list
    .filter(({ type }) => type === 'query')
    .map(({ name, query }) => ({
      where: `${path}, variable ${name}`,
      text: (query as { readonly query: string }).query,
    }));
  return [...panels, ...variables];
}

/** What a person has chosen; absent: the default of the dashboard, which is all values where there can be several. */
export type Chosen = Readonly<Record<string, string | readonly string[]>>;

/** As Grafana does it before it asks the data source: `$name`, `${name}` and `${name:format}`. */
export function withVariables(text: string, board: Dashboard, chosen: Chosen = {}): string {
  const variables = new Map(board.templating.list.map((variable) => [variable.name, variable]));
  return text.replace(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g, (match, name1?: string, format?: string, name2?: string) => {
    const variable = variables.get(name1 ?? name2 ?? '');
    return variable === undefined ? match : formatted(variable, format, chosen[variable.name]);
  });
}

function formatted(variable: Variable, format: string | undefined, chosen: Chosen[string] | undefined): string {
  const { value } = variable.current as { readonly value: string | readonly string[] };
  // all values, with a text of the dashboard's own for them: no format is applied
  if (chosen === undefined && Array.isArray(value)) return String(variable.allValue);
  const values = [chosen ?? value].flat();
  const format2 = FORMATS[format ?? 'raw'];
  if (format2 === undefined) throw new Error(`format ${format} of \${${variable.name}} is not known here`);
  return format2(values);
}

const FORMATS: Readonly<Record<string, (values: readonly string[]) => string>> = {
  raw: (values) => values.join(','),
  regex(values) {
    const escaped = values.map((value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
    return escaped.length === 1 ? String(escaped[0]) : `(${escaped.join('|')})`;
  },
  singlequote: (values) => values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(','),
  doublequote: (values) => values.map((value) => `"${value.replaceAll('"', '\\"')}"`).join(','),
  sqlstring: (values) => values.map((value) => `'${value.replaceAll("'", "''").replaceAll('"', '\\"')}'`).join(','),
};

export interface AskedRange {
  readonly from: Date;
  readonly to: Date;
  /** Of a point in a graph. */
  readonly intervalSeconds: number;
}

/** As the data source for InfluxDB does it in the end, for each of its languages. */
export const withTime = {
  flux: (text: string, { from, to, intervalSeconds }: AskedRange, defaultBucket: string): string =>
    text
      .replaceAll('v.timeRangeStart', from.toISOString())
      .replaceAll('v.timeRangeStop', to.toISOString())
      .replaceAll('v.windowPeriod', `${intervalSeconds}s`)
      .replaceAll('v.defaultBucket', `"${defaultBucket}"`),
  influxql: (text: string, { from, to, intervalSeconds }: AskedRange): string =>
    text
      .replaceAll('$timeFilter', `time >= ${from.getTime()}ms and time <= ${to.getTime()}ms`)
      .replaceAll('$__interval', `${intervalSeconds}s`),
  sql: (text: string, { from, to, intervalSeconds }: AskedRange): string =>
    text
      .replaceAll('$__timeFilter(time)', `time >= '${from.toISOString()}' AND time <= '${to.toISOString()}'`)
      .replaceAll(
        '$__dateBin(time)',
        `date_bin(interval '${intervalSeconds} second', time, timestamp '1970-01-01T00:00:00Z')`,
      ),
};
