import { useMemo } from 'preact/hooks';
import type { TrailEvent } from '../../../../server/src/domain/trail.ts';
import { EventRow } from '../../parts/event-row.tsx';
import { Icon } from '../../parts/icon.tsx';
import { namesakesOf } from '../../parts/namesakes.ts';
import { useMedia } from '../../parts/use-media.ts';
import { VirtualList, type VirtualRow } from '../../parts/virtual-list.tsx';
import { formats, localDay } from '../../text/reader.ts';
import type { EventPages } from './event-pages.ts';

const WIDE_ROW_PX = 44;
const NARROW_ROW_PX = 74;
const HEADING_PX = 44;

/** The events by day, newest first; further pages come while the reader scrolls. */
export function EventList({ pages }: { readonly pages: EventPages }) {
  const isNarrow = useMedia('(max-width: 759px)');
  const rows = useMemo(() => rowsOf(pages.items, isNarrow ? NARROW_ROW_PX : WIDE_ROW_PX), [pages.items, isNarrow]);
  return (
    <>
      <VirtualList
        label="Events, newest first"
        className="event-list"
        rows={rows}
        itemCount={pages.isComplete ? pages.items.length : -1}
        scrollKey={pages.key}
        nearEnd={pages.error === undefined ? pages.more : nothing}
      />
      <p class="list-end" role="status">
        {pages.error !== undefined ? (
          <>
            {pages.error.message}{' '}
            <button type="button" class="button" onClick={pages.more}>
              <Icon name="retry" size={15} /> Try again
            </button>
          </>
        ) : pages.isComplete ? (
          'That is all.'
        ) : (
          'Loading more…'
        )}
      </p>
    </>
  );
}

const nothing = () => {};

function rowsOf(events: readonly TrailEvent[], height: number): readonly VirtualRow[] {
  const rows: VirtualRow[] = [];
  const namesakes = namesakesOf(events.map(({ user }) => user));
  let day = '';
  for (const event of events) {
    const ms = Date.parse(event.time);
    const today = localDay(ms);
    if (today !== day) {
      day = today;
      rows.push({
        key: `${day} ${event.sequence}`,
        height: HEADING_PX,
        isItem: false,
        render: () => <h2>{formats.day(ms)}</h2>,
      });
    }
    rows.push({
      key: String(event.sequence),
      height,
      isItem: true,
      render: () => <EventRow event={event} namesakes={namesakes} />,
    });
  }
  return rows;
}
