import { useEffect } from 'preact/hooks';
import type { TrailSystem } from '../../../../server/src/domain/trail.ts';
import { getInBackground } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Name } from '../../parts/names.tsx';
import { Failure, Skeleton } from '../../parts/states.tsx';
import { formats } from '../../text/reader.ts';
import { DeadLetters } from './dead-letters.tsx';
import { Destinations } from './destinations.tsx';

const EVERY_MS = 3000;

/** How the server itself is doing; for administrators. */
export function SystemView() {
  const { data, error, reload } = useResource('system', (signal) =>
    getInBackground<TrailSystem>('system', undefined, signal),
  );
  useEffect(() => {
    document.title = 'System · Audit trail';
  }, []);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (error !== undefined) return <Failure error={error} retry={reload} />;
  if (data === undefined) return <Skeleton lines={10} label="Loading the state of the system" />;
  const destinations = data.destinations ?? [];
  return (
    <div class="view system">
      <header class="view-head">
        <h1>System</h1>
        {data.product !== undefined && (
          <p class="muted">
            {data.product.name} {data.product.version}
          </p>
        )}
      </header>
      {data.log?.disk?.isFull && (
        <p class="notice notice-bad" role="alert">
          <Icon name="warning" size={17} />
          <span>
            The disk is full. New events are refused until there is space again; nothing that was accepted is lost.
          </span>
        </p>
      )}
      <Tiles system={data} />
      <Destinations destinations={destinations} />
      <DeadLetters counts={destinations.map(({ name, deadLetters }) => [name, deadLetters])} changed={reload} />
      <LogFacts system={data} />
    </div>
  );
}

function Tiles({ system }: { readonly system: TrailSystem }) {
  const { log, queue, searchIndex, logBytes } = system;
  const free = log?.disk?.freeBytes;
  const behind =
    log === undefined || searchIndex === undefined ? undefined : Math.max(0, log.head - searchIndex.position);
  return (
    <dl class="tiles">
      <Tile
        label="Events in the log"
        value={log === undefined ? '–' : formats.number(log.head)}
        note={logBytes ? formats.bytes(logBytes) : 'one after the other'}
      />
      <Tile
        label="Free disk"
        value={free === undefined ? '–' : formats.bytes(free)}
        note={log?.disk?.isFull ? 'full' : 'enough'}
        isBad={log?.disk?.isFull === true}
      />
      <Tile
        label="Queue"
        value={
          queue === undefined ? '–' : `${formats.number(queue.queueSize)} of ${formats.number(queue.queueMaxSize)}`
        }
        note={queue?.backpressureActive ? 'under pressure' : 'waiting for the log'}
        isBad={queue?.backpressureActive === true}
        {...(queue === undefined ? {} : { meter: queue.utilizationPct / 100 })}
      />
      <Tile
        label="Search index"
        value={behind === undefined ? '–' : behind === 0 ? 'current' : `${formats.number(behind)} behind`}
        note="follows the log"
      />
    </dl>
  );
}

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly isBad?: boolean;
  /** 0 to 1. */
  readonly meter?: number;
}

function Tile({ label, value, note, isBad = false, meter }: TileProps) {
  return (
    <div class={`card tile ${isBad ? 'is-bad' : ''}`}>
      <dt>{label}</dt>
      <dd class="tile-value">{value}</dd>
      <dd class="tile-note">{note}</dd>
      {meter !== undefined && (
        <dd class="meter" aria-hidden="true">
          <i style={{ width: `${Math.max(0, Math.min(100, meter * 100))}%` }} />
        </dd>
      )}
    </div>
  );
}

function LogFacts({ system }: { readonly system: TrailSystem }) {
  const { log } = system;
  if (log === undefined) return null;
  return (
    <section class="card" aria-labelledby="log-title">
      <header class="card-head">
        <h2 id="log-title">Event log</h2>
      </header>
      <dl class="facts">
        <div>
          <dt>Folder</dt>
          <dd class="code">
            <Name text={log.directory} max={500} />
          </dd>
        </div>
        <div>
          <dt>Log id</dt>
          <dd class="fact-code">
            <span class="code clip">{log.logId}</span>
            <CopyButton text={log.logId} label="Copy the log id" />
          </dd>
        </div>
        {system.deduplicator !== undefined && (
          <div>
            <dt>Repeats found up to</dt>
            <dd>{formats.number(system.deduplicator.position)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
