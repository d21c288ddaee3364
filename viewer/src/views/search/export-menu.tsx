import { apiUrl } from '../../api/request.ts';
import { Icon } from '../../parts/icon.tsx';
import { Menu } from '../../parts/menu.tsx';
import { formats } from '../../text/reader.ts';

const FORMATS: readonly (readonly [format: string, label: string, note: string])[] = [
  ['csv', 'CSV', 'for Excel and other spreadsheets'],
  ['ndjson', 'NDJSON', 'everything, one event a line'],
  ['parquet', 'Parquet', 'for DuckDB, Spark, pandas'],
  ['qvd', 'QVD', 'for Qlik Sense'],
];

interface ExportProps {
  readonly asked: URLSearchParams;
  readonly total: number | undefined;
}

export function ExportMenu({ asked, total }: ExportProps) {
  return (
    <Menu
      label="Export these events"
      button={
        <>
          <Icon name="download" size={17} />
          <span class="tool-label">Export</span>
        </>
      }
    >
      {(close) => (
        <div class="export-panel">
          <p class="panel-title">
            {total === undefined
              ? 'Export these events'
              : `Export ${formats.number(total)} ${total === 1 ? 'event' : 'events'}`}
          </p>
          {FORMATS.map(([format, label, note]) => (
            <a
              key={format}
              class="panel-item"
              href={apiUrl('export', new URLSearchParams([['format', format], ...asked]))}
              download={`audit-trail.${format}`}
              onClick={() => setTimeout(close)}
            >
              <strong>{label}</strong>
              <span class="muted small">{note}</span>
            </a>
          ))}
          <p class="muted small panel-note">That you exported this is itself recorded in the trail.</p>
        </div>
      )}
    </Menu>
  );
}
