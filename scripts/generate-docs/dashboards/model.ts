/** The part of Grafana's dashboard JSON (schema version 42) that our dashboards use. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schemaVersion: 42;
  readonly version: 1;
  readonly editable: boolean;
  readonly graphTooltip: 1;
  readonly timezone: 'browser';
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly annotations: { readonly list: readonly [] };
  readonly templating: { readonly list: readonly Variable[] };
  readonly links: readonly DashboardLink[];
  readonly panels: readonly Panel[];
}

export interface DashboardLink {
  readonly type: 'dashboards' | 'link';
  readonly title: string;
  readonly tags: readonly string[];
  readonly asDropdown: boolean;
  readonly includeVars: boolean;
  readonly keepTime: boolean;
  readonly targetBlank: boolean;
  readonly icon: string;
  readonly tooltip: string;
  readonly url: string;
}

export type Variable = Readonly<Record<string, unknown>> & { readonly name: string; readonly type: string };

export interface DataSourceRef {
  readonly type: 'influxdb' | 'prometheus';
  readonly uid: string;
}

/** The text of a query stands in `query` (Flux, InfluxQL), `rawSql` or `expr`. */
export type Target = Readonly<Record<string, unknown>> & { readonly refId: string };

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface FieldOverride {
  readonly matcher: { readonly id: 'byName' | 'byType' | 'byRegexp'; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export interface Transformation {
  readonly id: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: GridPosition;
  readonly datasource?: DataSourceRef;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: Readonly<Record<string, unknown>>;
    readonly overrides: readonly FieldOverride[];
  };
  readonly options?: Readonly<Record<string, unknown>>;
  readonly transformations?: readonly Transformation[];
  readonly collapsed?: boolean;
  readonly panels?: readonly [];
}

/** A panel before it has its number and place: `width` of 24 columns, `height` in rows of 30 pixels. */
export interface PanelDraft extends Omit<Panel, 'id' | 'gridPos'> {
  readonly width: number;
  readonly height: number;
}

export interface DashboardDraft {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from?: string;
  readonly refresh?: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly PanelDraft[];
}

/** Every dashboard of ours has it, so that each links to the others. */
export const TAG = 'butler-sos-audit';

export function dashboard(draft: DashboardDraft): Dashboard {
  return {
    uid: draft.uid,
    title: draft.title,
    description: draft.description,
    tags: [TAG],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: draft.refresh ?? '',
    time: { from: draft.from ?? 'now-24h', to: 'now' },
    annotations: { list: [] },
    templating: { list: draft.variables },
    links: [linkToTheOthers()],
    panels: placed(draft.panels),
  };
}

function linkToTheOthers(): DashboardLink {
  return {
    type: 'dashboards',
    title: 'Audit dashboards',
    tags: [TAG],
    asDropdown: true,
    includeVars: false,
    keepTime: true,
    targetBlank: false,
    icon: 'external link',
    tooltip: '',
    url: '',
  };
}

const COLUMNS = 24;

/** From left to right, and on in the next row where the width is used up. */
function placed(drafts: readonly PanelDraft[]): readonly Panel[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return drafts.map(({ width, height, ...panel }, i) => {
    if (x + width > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const gridPos = { x, y, w: width, h: height };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    return { id: i + 1, ...panel, gridPos };
  });
}
