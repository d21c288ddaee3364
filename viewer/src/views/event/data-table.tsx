import { useState } from 'preact/hooks';
import type { TrailObjectData } from '../../../../server/src/domain/trail.ts';
import { Name } from '../../parts/names.tsx';
import { formats } from '../../text/reader.ts';

const FIRST_ROWS = 25;
const MOST_COLUMNS = 60;
/** More at once would keep the page busy for seconds. */
const CELLS_AT_ONCE = 12_000;

/** The numbers behind the chart. */
export function DataTable({ data }: { readonly data: TrailObjectData | null }) {
  const [shown, setShown] = useState(FIRST_ROWS);
  if (data === null) return null;
  const columns = data.columns.slice(0, MOST_COLUMNS);
  const rows = data.rows.slice(0, shown);
  const next = Math.min(
    data.rows.length,
    shown + Math.max(100, Math.floor(CELLS_AT_ONCE / Math.max(1, columns.length))),
  );
  const isNumeric = columns.map((_, at) => isMostlyNumbers(data.rows.map((row) => row[at] ?? null)));
  return (
    <section class="card" aria-labelledby="data-title">
      <header class="card-head">
        <h2 id="data-title">
          Object data{data.title !== null && ': '}
          {data.title !== null && <Name text={data.title} max={80} />}
        </h2>
        <span class="muted small">
          {formats.number(data.totalRows)} {data.totalRows === 1 ? 'row' : 'rows'}
          {data.columns.length > MOST_COLUMNS && `, ${MOST_COLUMNS} of ${formats.number(data.columns.length)} columns`}
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section class="table-scroll" tabIndex={0} aria-label="Object data, scrollable">
        <table class="data">
          <thead>
            <tr>
              {columns.map((column, at) => (
                <th key={at} scope="col" class={isNumeric[at] ? 'is-number' : ''}>
                  <Name text={column} max={80} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={place}>
                {columns.map((_, at) => (
                  <td key={at} class={isNumeric[at] ? 'is-number' : ''}>
                    <Cell value={row[at] ?? null} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {data.rows.length > rows.length && (
        <p class="table-more">
          <button type="button" class="button" onClick={() => setShown(next)}>
            Show {formats.number(next)} rows
          </button>
        </p>
      )}
      {data.rows.length === rows.length && data.totalRows > data.rows.length && (
        <p class="table-more muted small">The rest is in the raw event below and in the object data file.</p>
      )}
    </section>
  );
}

/** Four digits stay together: they may be a year. No year has a fraction. */
const WHOLE = new Intl.NumberFormat([...formats.locales], { useGrouping: 'min2' });
const FRACTION = new Intl.NumberFormat([...formats.locales], { maximumFractionDigits: 6 });

function isMostlyNumbers(values: readonly (string | number | null)[]): boolean {
  const given = values.filter((value) => value !== null);
  return given.filter((value) => typeof value === 'number').length * 2 > given.length;
}

function Cell({ value }: { readonly value: string | number | null }) {
  if (value === null) return <span class="muted">–</span>;
  if (typeof value === 'number') return <>{(Number.isInteger(value) ? WHOLE : FRACTION).format(value)}</>;
  return <Name text={value} max={200} />;
}
