import { useState } from 'preact/hooks';
import type { TrailEvent } from '../../../server/src/domain/trail.ts';
import { Icon } from './icon.tsx';
import { pictureReason } from './picture-reason.ts';

/** The picture as it was, or with a header that explains it. */
export type Variant = 'original' | 'annotated';

interface ThumbnailProps {
  readonly event: TrailEvent;
  readonly size: 'small' | 'large';
  /** Which one to prefer. */
  readonly variant?: Variant;
}

export function isPictureOnItsWay({ screenshot }: TrailEvent): boolean {
  return screenshot?.status === 'waiting';
}

/** The picture of an event in small, or why there is none. */
export function Thumbnail({ event, size, variant = 'original' }: ThumbnailProps) {
  const [isBroken, setBroken] = useState(false);
  const { screenshot } = event;
  const { originalUrl = null, annotatedUrl = null } = screenshot ?? {};
  const url = variant === 'annotated' ? (annotatedUrl ?? originalUrl) : (originalUrl ?? annotatedUrl);
  if (screenshot === null) return null;
  if (url !== null && !isBroken) {
    const what = event.objectType === null ? 'The screen' : `A ${event.objectType.slice(0, 80)}`;
    return (
      <img
        class={`thumbnail thumbnail-${size}`}
        src={url}
        alt={`${what} as ${event.user?.name.slice(0, 80) ?? 'the user'} saw it`}
        loading="lazy"
        decoding="async"
        onError={() => setBroken(true)}
      />
    );
  }
  return (
    <span class={`thumbnail thumbnail-${size} thumbnail-none`}>
      <Icon
        name={
          screenshot.status === 'failed' || isBroken ? 'warning' : screenshot.status === 'waiting' ? 'clock' : 'lock'
        }
        size={16}
      />
      <span>{noPictureBecause(event, isBroken)}</span>
    </span>
  );
}

function noPictureBecause({ screenshot }: TrailEvent, isBroken: boolean): string {
  if (isBroken) return 'The picture cannot be shown. Its event says why.';
  if (screenshot?.status === 'failed') return `No picture: ${pictureReason(screenshot.reason).slice(0, 200)}`;
  if (screenshot?.status === 'waiting') return 'The picture is being fetched.';
  return 'Pictures are not part of this account’s rights.';
}
