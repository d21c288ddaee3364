import type { ComponentChildren } from 'preact';
import type { Resource } from '../../api/resource.ts';
import { Failure, Skeleton } from '../../parts/states.tsx';

interface InsightCardProps {
  readonly title: string;
  readonly note?: string;
  readonly resource: Resource<unknown>;
  readonly isEmpty: boolean;
  readonly className?: string;
  readonly children: ComponentChildren;
}

export function InsightCard({ title, note, resource, isEmpty, className = '', children }: InsightCardProps) {
  const { error, data, isLoading, reload } = resource;
  return (
    <section class={`card insight ${className}`} aria-label={title}>
      <header class="card-head">
        <h2>{title}</h2>
        {note !== undefined && <span class="muted small">{note}</span>}
      </header>
      <div class={isLoading ? 'card-body is-stale' : 'card-body'}>
        {error !== undefined ? (
          <Failure error={error} retry={reload} />
        ) : data === undefined ? (
          <Skeleton lines={5} label={`Loading ${title}`} />
        ) : isEmpty ? (
          <p class="muted">Nothing in this time. Choose a longer one, or remove a filter.</p>
        ) : (
          children
        )}
      </div>
    </section>
  );
}
