import type { Random } from './random.ts';
import type { App, ChartObject, Field } from './tenant.ts';

/** One field of `details`, as the Qlik engine sums it up. */
export interface SelectedField {
  readonly qField: string;
  readonly qSelectedCount: number;
  /** Values, with commas between. */
  readonly qSelected: string;
}

/** `details` of a selection. */
export function selectionDetails(app: App, random: Random): SelectedField[] {
  return random.sample(app.fields, random.integer(1, 2)).map((field) => {
    const selected = random.sample(field.values, random.integer(1, 3));
    return { qField: field.name, qSelectedCount: selected.length, qSelected: selected.join(', ') };
  });
}

/** What a chart showed: the visible rows of its dimensions and measures. Numbers come as text, in many spellings. */
export interface ObjectData {
  readonly schemaVersion: 1;
  readonly objectType: string;
  readonly extractedAt: string;
  readonly visibleRange: Readonly<Record<string, number | string>>;
  readonly dimensions: readonly { fieldName: string; label: string; values: readonly string[] }[];
  /** A value is a number, or `-` where there is none. */
  readonly measures: readonly { label: string; values: readonly string[] }[];
}

/** Those that the title of the object names come first. */
export function objectData(app: App, object: ChartObject, atMs: number, random: Random): ObjectData {
  const sampled = random.sample(app.fields, 3);
  const count = Math.min(...sampled.map((field) => field.values.length));
  const measures = random
    .sample(app.measures, 2)
    .map((label) => ({ label, values: Array.from({ length: count }, () => measureText(random)) }));
  const [measure = '', dimension = ''] = object.title.split(' / ');
  const dimensions = titleFirst(app.fields, sampled, ({ name }: Field) => name === dimension);
  const labels = titleFirst(
    app.measures,
    measures.map(({ label }) => label),
    (label) => label === measure,
  );
  const rows = Math.min(count, ...dimensions.map((field) => field.values.length));
  return {
    schemaVersion: 1,
    objectType: object.type,
    extractedAt: new Date(atMs).toISOString(),
    visibleRange: { rowStart: 0, rowEnd: rows, colStart: 0, colEnd: 5, source: 'scroll-state' },
    dimensions: dimensions.map(({ name, values }) => ({ fieldName: name, label: name, values: values.slice(0, rows) })),
    measures: measures.map(({ values }, i) => ({ label: labels[i] ?? '', values: values.slice(0, rows) })),
  };
}

/** As many as there were, that of the title in front. */
function titleFirst<T>(all: readonly T[], sampled: readonly T[], isTitle: (item: T) => boolean): readonly T[] {
  const title = all.find(isTitle);
  if (title === undefined) return sampled;
  return [title, ...sampled.filter((item) => item !== title)].slice(0, sampled.length);
}

function measureText(random: Random): string {
  const value = random.integer(-5_000, 2_000_000) / 100;
  return random.chance(0.1) ? '-' : value.toFixed(2);
}
