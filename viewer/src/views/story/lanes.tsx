import type { TrailTimeline } from '../../../../server/src/domain/trail.ts';
import { Name } from '../../parts/names.tsx';
import { useMedia } from '../../parts/use-media.ts';
import { eventIdAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats } from '../../text/reader.ts';
import { axisTicks } from '../search/axis-ticks.ts';
import { coveredMs, type Interval, viewedWithin } from './day-story.ts';

interface LanesProps {
  readonly timeline: TrailTimeline;
  readonly hours: Interval;
  readonly day: Interval;
}

type Lane = TrailTimeline['lanes'][number];

/** The day as lanes, one per sheet, grouped by app. */
export function Lanes({ timeline, hours, day }: LanesProps) {
  const apps = Map.groupBy(
    timeline.lanes.filter(({ events }) => events.some(({ origin }) => origin === 'client')),
    ({ appId }) => appId ?? '',
  );
  const isNarrow = useMedia('(max-width: 759px)');
  const ticks = axisTicks(hours.fromMs, hours.toMs, formats, isNarrow ? 2 : undefined);
  return (
    <section class="card lanes" aria-label="Time on each sheet">
      <div class="lanes-axis" aria-hidden="true">
        <div>
          {ticks.map(({ position, label }) => (
            <span key={position} style={{ insetInlineStart: `${position * 100}%` }}>
              {label}
            </span>
          ))}
        </div>
      </div>
      {[...apps].map(([appId, lanes], at) => (
        <section key={appId} class={`lane-app hue-${[0, 2, 1, 3, 4, 5][at % 6]}`}>
          <h2 class="clip">
            <Name text={lanes[0]?.appName ?? (appId || 'Without an app')} max={120} />
          </h2>
          <ul>
            {lanes.map((lane) => (
              <LaneRow
                key={lane.sheetId}
                lane={lane}
                hours={hours}
                day={day}
                ticks={ticks.map(({ position }) => position)}
              />
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

interface LaneRowProps {
  readonly lane: Lane;
  readonly hours: Interval;
  readonly day: Interval;
  readonly ticks: readonly number[];
}

function LaneRow({ lane, hours, day, ticks }: LaneRowProps) {
  const length = hours.toMs - hours.fromMs;
  const percent = (ms: number) => Math.max(0, Math.min(100, ((ms - hours.fromMs) / length) * 100));
  const spans = lane.spans.map((span) => ({ fromMs: Date.parse(span.from), toMs: Date.parse(span.to) }));
  const total = coveredMs(viewedWithin(spans, day));
  return (
    <li class="lane">
      <span class="lane-name clip">
        <Name text={lane.sheetName ?? lane.sheetId ?? 'Without a sheet'} max={120} />
      </span>
      {/* The same is told in words below; here it is a drawing. */}
      <span class="lane-track" aria-hidden="true">
        {ticks.map((position) => (
          <i key={position} class="lane-tick" style={{ insetInlineStart: `${position * 100}%` }} />
        ))}
        {lane.spans.map((span) => {
          const start = percent(Date.parse(span.from));
          const title = `${formats.clock(Date.parse(span.from))} – ${formats.clock(Date.parse(span.to))} · ${formats.duration(span.durationMs)}`;
          return (
            <Link key={span.eventId} class="lane-span" href={eventIdAddress(span.eventId)} title={title} tabIndex={-1}>
              <i style={{ insetInlineStart: `${start}%`, width: `${percent(Date.parse(span.to)) - start}%` }} />
            </Link>
          );
        })}
      </span>
      <span class="lane-total">{total === 0 ? '–' : formats.duration(total)}</span>
    </li>
  );
}
