import { useRef, useState } from 'preact/hooks';
import type { TrailHistogram } from '../../../../server/src/domain/trail.ts';
import type { Filter } from '../../filter/filter.ts';
import { rangeLabel } from '../../filter/range-label.ts';
import { useMedia } from '../../parts/use-media.ts';
import { formats } from '../../text/reader.ts';
import { axisTicks } from './axis-ticks.ts';

interface HistogramProps {
  readonly data: TrailHistogram | undefined;
  readonly isLoading: boolean;
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

interface Bars {
  readonly start: number;
  readonly count: number;
  readonly bucketMs: number;
  readonly most: number;
  readonly events: ReadonlyMap<number, number>;
}

/** How many events when. Drag across it to look closer; the time menu does the same by keyboard. */
export function Histogram({ data, isLoading, filter, change }: HistogramProps) {
  const [hovered, setHovered] = useState<number | null>(null);
  const [dragged, setDragged] = useState<readonly [from: number, to: number] | null>(null);
  const plot = useRef<SVGSVGElement>(null);
  const isNarrow = useMedia('(max-width: 759px)');
  if (data === undefined) return <div class="histogram histogram-empty" />;
  const bars = barsOf(data);
  const barAt = (event: PointerEvent) => {
    const box = plot.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.max(0, Math.min(bars.count - 1, Math.floor(((event.clientX - box.left) / box.width) * bars.count)));
  };
  const finish = (isReal: boolean) => {
    if (dragged !== null && isReal) {
      const [first, last] = dragged[0] <= dragged[1] ? dragged : [dragged[1], dragged[0]];
      const at = (bar: number) => new Date(bars.start + bar * bars.bucketMs).toISOString();
      change({ ...filter, range: { kind: 'between', from: at(first), to: at(last + 1) } });
    }
    setDragged(null);
  };
  const chosen = dragged ?? (hovered === null ? null : ([hovered, hovered] as const));
  const [low, high] = chosen === null ? [0, -1] : [Math.min(...chosen), Math.max(...chosen)];
  return (
    <section class={`histogram ${isLoading ? 'is-stale' : ''}`} aria-label="Events over time">
      <p class="histogram-head">
        <strong>{formats.number(data.total)}</strong> {data.total === 1 ? 'event' : 'events'}
        <span class="histogram-read" aria-hidden="true">
          {chosen === null ? (data.total > 0 ? 'Drag to look closer' : '') : readout(bars, low, high)}
        </span>
      </p>
      <svg
        ref={plot}
        class="histogram-plot"
        viewBox={`0 0 ${bars.count} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${formats.number(data.total)} events. Use the time menu to choose a range by keyboard.`}
        onPointerDown={(event) => {
          if (event.button !== 0 || data.total === 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragged([barAt(event), barAt(event)]);
        }}
        onPointerMove={(event) => {
          const bar = barAt(event);
          setHovered(bar);
          if (dragged !== null) setDragged([dragged[0], bar]);
        }}
        onPointerUp={() => finish(true)}
        onPointerCancel={() => finish(false)}
        onPointerLeave={() => setHovered(null)}
      >
        {chosen !== null && <rect class="histogram-choice" x={low} y={0} width={high - low + 1} height={100} />}
        {[...bars.events].map(([bar, events]) => {
          const tall = Math.max(3, (events / bars.most) * 96);
          const isIn = bar >= low && bar <= high;
          return (
            <rect key={bar} class={isIn ? 'is-in' : ''} x={bar + 0.12} y={100 - tall} width={0.76} height={tall} />
          );
        })}
      </svg>
      <div class="histogram-axis" aria-hidden="true">
        {axisTicks(bars.start, bars.start + bars.count * bars.bucketMs, formats, isNarrow ? 3 : undefined).map(
          ({ position, label }) => (
            <span key={position} style={{ insetInlineStart: `${position * 100}%` }}>
              {label}
            </span>
          ),
        )}
      </div>
    </section>
  );
}

function barsOf({ from, to, bucketMs, buckets }: TrailHistogram): Bars {
  const times = buckets.map(({ at }) => Date.parse(at));
  const floor = (ms: number) => Math.floor(ms / bucketMs) * bucketMs;
  // the server's buckets say where the raster lies
  const raster = times[0] === undefined ? 0 : times[0] - floor(times[0]);
  const start = Math.min(floor(Date.parse(from) - raster) + raster, ...times.slice(0, 1));
  const end = Math.max(Date.parse(to), (times.at(-1) ?? start) + 1);
  const count = Math.max(1, Math.min(2000, Math.ceil((end - start) / bucketMs)));
  const events = new Map(
    buckets.map(({ events: n }, at) => [Math.round(((times[at] ?? start) - start) / bucketMs), n]),
  );
  return { start, count, bucketMs, most: Math.max(1, ...events.values()), events };
}

function readout(bars: Bars, low: number, high: number): string {
  let total = 0;
  for (let bar = low; bar <= high; bar++) total += bars.events.get(bar) ?? 0;
  const at = (bar: number) => new Date(bars.start + bar * bars.bucketMs).toISOString();
  return `${rangeLabel({ kind: 'between', from: at(low), to: at(high + 1) }, formats)} · ${formats.number(total)}`;
}
