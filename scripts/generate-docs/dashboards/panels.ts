import type { DataSourceRef, FieldOverride, PanelDraft, Target, Transformation } from './model.ts';

/** What every panel needs. */
export interface PanelBase {
  readonly title: string;
  readonly description?: string;
  readonly datasource: DataSourceRef;
  readonly targets: readonly Target[];
  readonly width: number;
  readonly height?: number;
  readonly unit?: string;
  readonly overrides?: readonly FieldOverride[];
  readonly transformations?: readonly Transformation[];
}

export interface Threshold {
  readonly color: string;
  /** null for the first one. */
  readonly value: number | null;
}

function base(type: string, panel: PanelBase, height: number): Omit<PanelDraft, 'fieldConfig' | 'options'> {
  const { title, description, datasource, targets, width, transformations } = panel;
  return {
    type,
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    targets: targets.map((target) => ({ ...target, datasource })),
    ...(transformations === undefined ? {} : { transformations }),
    width,
    height: panel.height ?? height,
  };
}

const unitOf = ({ unit }: PanelBase) => (unit === undefined ? {} : { unit });

/** A heading across the whole width. */
export function heading(title: string): PanelDraft {
  return { type: 'row', title, collapsed: false, panels: [], width: 24, height: 1 };
}

export interface StatPanel extends PanelBase {
  readonly thresholds?: readonly Threshold[];
  /** Texts are shown too, not only numbers. */
  readonly showsTexts?: boolean;
}

export function stat(panel: StatPanel): PanelDraft {
  const steps = panel.thresholds ?? [{ color: 'text', value: null }];
  return {
    ...base('stat', panel, 4),
    fieldConfig: {
      defaults: {
        ...unitOf(panel),
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps },
        noValue: '–',
      },
      overrides: panel.overrides ?? [],
    },
    options: {
      colorMode: panel.thresholds === undefined ? 'none' : 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      textMode: 'auto',
      wideLayout: true,
      reduceOptions: { calcs: ['lastNotNull'], fields: panel.showsTexts === true ? '/.*/' : '', values: false },
    },
  };
}

export interface TimeSeriesPanel extends PanelBase {
  /** How a series is called, `${__field.labels.x}` for a label. */
  readonly seriesName?: string;
  readonly bars?: boolean;
  readonly stacked?: boolean;
}

export function timeSeries(panel: TimeSeriesPanel): PanelDraft {
  const { bars = false, stacked = false } = panel;
  return {
    ...base('timeseries', panel, 8),
    fieldConfig: {
      defaults: {
        ...unitOf(panel),
        ...(panel.seriesName === undefined ? {} : { displayName: panel.seriesName }),
        color: { mode: 'palette-classic' },
        min: 0,
        custom: {
          drawStyle: bars ? 'bars' : 'line',
          lineInterpolation: 'linear',
          lineWidth: 1,
          fillOpacity: bars ? 80 : 10,
          showPoints: 'auto',
          spanNulls: false,
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
        },
      },
      overrides: panel.overrides ?? [],
    },
    options: {
      legend: {
        displayMode: 'table',
        placement: 'bottom',
        showLegend: true,
        calcs: stacked ? ['sum'] : ['lastNotNull', 'max'],
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

export interface TablePanel extends PanelBase {
  /** Columns in this order; those that an answer lacks are left out. */
  readonly columns: readonly string[];
  readonly sortBy?: { readonly column: string; readonly descending: boolean };
}

/** `time` stands for the column of the time, whatever its name in an answer. */
const TIME_NAMES = ['time', 'Time'];

export function table(panel: TablePanel): PanelDraft {
  const names = panel.columns.flatMap((name) => (name === 'time' ? TIME_NAMES : [name]));
  const transformations: readonly Transformation[] = [
    ...(panel.transformations ?? []),
    { id: 'filterFieldsByName', options: { include: { names } } },
    {
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
        renameByName: { Time: 'time' },
      },
    },
  ];
  const { sortBy } = panel;
  return {
    ...base('table', { ...panel, transformations }, 9),
    fieldConfig: {
      defaults: { ...unitOf(panel), custom: { align: 'auto', filterable: true, cellOptions: { type: 'auto' } } },
      overrides: [
        { matcher: { id: 'byType', options: 'time' }, properties: [unit('time:YYYY-MM-DD HH:mm:ss.SSS'), width(190)] },
        ...(panel.overrides ?? []),
      ],
    },
    options: {
      showHeader: true,
      cellHeight: 'sm',
      ...(sortBy === undefined ? {} : { sortBy: [{ displayName: sortBy.column, desc: sortBy.descending }] }),
    },
  };
}

export function column(name: string, ...properties: FieldOverride['properties']): FieldOverride {
  return { matcher: { id: 'byName', options: name }, properties };
}

export const unit = (value: string) => ({ id: 'unit', value });
export const width = (value: number) => ({ id: 'custom.width', value });
export const bar = () => ({
  id: 'custom.cellOptions',
  value: { type: 'gauge', mode: 'gradient', valueDisplayMode: 'text' },
});
export const links = (
  ...value: readonly { readonly title: string; readonly url: string; readonly targetBlank?: boolean }[]
) => ({
  id: 'links',
  value,
});
