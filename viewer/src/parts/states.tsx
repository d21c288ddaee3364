import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/request.ts';
import { Link } from '../routing/location.tsx';
import { Icon, type IconName } from './icon.tsx';

interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}

/** Nothing to show, and what to do about it. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={22} />
      </span>
      <h2>{title}</h2>
      {children !== undefined && <div class="empty-text">{children}</div>}
    </div>
  );
}

export function Failure({ error, retry }: { readonly error: ApiError; readonly retry?: () => void }) {
  const title =
    error.code === 'EVENT_LOG_DAMAGED'
      ? 'Not what was written'
      : error.status === 404
        ? 'Not in the trail'
        : error.status === 403
          ? 'Not for this account'
          : 'This did not work';
  return (
    <div role="alert">
      <Empty icon={error.status === 403 ? 'lock' : error.status === 404 ? 'search' : 'warning'} title={title}>
        <p>{error.message}</p>
        <p class="empty-actions">
          {/* what came just now may be found a moment later */}
          {retry !== undefined && error.status !== 403 && (
            <button type="button" class="button" onClick={retry}>
              <Icon name="retry" size={16} /> Try again
            </button>
          )}
          {error.status === 404 && (
            <Link class="button" href="/">
              <Icon name="search" size={16} /> Search the trail
            </Link>
          )}
        </p>
      </Empty>
    </div>
  );
}

/** Grey lines where text will stand. */
export function Skeleton({ lines, label }: { readonly lines: number; readonly label: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} class={`skeleton-line width-${(at * 7) % 4}`} />
      ))}
    </div>
  );
}
