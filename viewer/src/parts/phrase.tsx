import type { TrailEvent } from '../../../server/src/domain/trail.ts';
import { formats } from '../text/reader.ts';
import { lookOf } from './event-types.ts';
import { Name } from './names.tsx';

/** What happened, without who and where: `selected Region = Europe, Asia`. */
export function Phrase({ event }: { readonly event: TrailEvent }) {
  switch (event.eventType) {
    case 'selection.state.changed':
      return (
        <>
          selected <strong>{event.selections === null ? 'nothing' : <Name text={event.selections} max={400} />}</strong>
        </>
      );
    case 'app.model.validated':
      return <>got the result of the selection</>;
    case 'screenshot.url.received':
      return (
        <>
          saw the <ObjectName event={event} />
        </>
      );
    case 'object.view.duration':
      return (
        <>
          viewed the <ObjectName event={event} />
          {event.durationMs !== null && (
            <>
              {' '}
              for <strong class="amount">{formats.duration(event.durationMs)}</strong>
            </>
          )}
        </>
      );
    case 'object.visibility.changed':
      return (
        <>
          {event.visible === false ? 'moved away from the ' : 'brought into view the '}
          <ObjectName event={event} />
        </>
      );
    case 'navigation.sheet.loaded':
      return <>opened the sheet</>;
    case 'event.bookmark':
      return <>used a bookmark</>;
    case 'event.unsupported.visualization':
      return (
        <>
          saw the <ObjectName event={event} />, which gives no picture
        </>
      );
    default:
      return (
        <>
          <Name text={lookOf(event.eventType).phrase ?? lookOf(event.eventType).label} />
          {event.origin === 'server' && event.selections !== null && (
            <>
              : <Name text={event.selections} max={400} />
            </>
          )}
        </>
      );
  }
}

export function hasPhrase(event: TrailEvent): boolean {
  return lookOf(event.eventType).label !== event.eventType;
}

function ObjectName({ event }: { readonly event: Pick<TrailEvent, 'objectId' | 'objectType'> }) {
  const kind = event.objectType === null ? 'object' : (OBJECT_NAMES[event.objectType] ?? event.objectType);
  return (
    <span class="object-name">
      <Name text={kind} max={60} />
      {event.objectId !== null && (
        <>
          {' '}
          <span class="code">
            <Name text={event.objectId} max={60} />
          </span>
        </>
      )}
    </span>
  );
}

const OBJECT_NAMES: Readonly<Record<string, string>> = {
  barchart: 'bar chart',
  linechart: 'line chart',
  piechart: 'pie chart',
  kpi: 'KPI',
  'pivot-table': 'pivot table',
  filterpane: 'filter pane',
  scatterplot: 'scatter plot',
  combochart: 'combo chart',
  'qlik-network-chart': 'network chart',
};
