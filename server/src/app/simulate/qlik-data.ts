import type { Random } from './random.ts';
import type { App, ChartObject } from './tenant.ts';

/** `details` of a selection: one entry per field, as the Qlik engine sums it up. */
export function selectionDetails(app: App, random: Random): object[] {
  return random.sample(app.fields, random.integer(1, 2)).map((field) => {
    const selected = random.sample(field.values, random.integer(1, 3));
    return { qField: field.name, qSelectedCount: selected.length, qSelected: selected.join(', ') };
  });
}

/** What a chart showed: the visible rows of its dimensions and measures. Numbers come as text, in many spellings. */
export function objectData(app: App, object: ChartObject, atMs: number, random: Random): object {
  const dimensions = random.sample(app.fields, 3);
  const rows = Math.min(...dimensions.map((field) => field.values.length));
  return {
    schemaVersion: 1,
    objectType: object.type,
    extractedAt: new Date(atMs).toISOString(),
    visibleRange: { rowStart: 0, rowEnd: rows, colStart: 0, colEnd: 5, source: 'scroll-state' },
    dimensions: dimensions.map(({ name, values }) => ({ fieldName: name, label: name, values: values.slice(0, rows) })),
    measures: random
      .sample(app.measures, 2)
      .map((label) => ({ label, values: Array.from({ length: rows }, () => measureText(random)) })),
  };
}

function measureText(random: Random): string {
  const value = random.integer(-5_000, 2_000_000) / 100;
  return random.chance(0.1) ? '-' : value.toFixed(2);
}
