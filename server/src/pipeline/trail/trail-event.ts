import { toIsoString } from '../../domain/epoch-millis.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import { TRAIL_ROOT, type TrailEvent, type TrailScreenshotSummary, type TrailUser } from '../../domain/trail.ts';
import { parseUserIdentity } from '../../domain/user-identity.ts';
import type { TrailRow } from '../ports/trail-index.ts';
import type { TrailReader } from './reader.ts';

/** What the user saw, the same with a header that explains it, and what came before a part was cut out of it. */
export const PICTURE_VARIANTS = ['original', 'annotated', 'downloaded'] as const;
export type PictureVariant = (typeof PICTURE_VARIANTS)[number];

/** A row as this reader may see it. */
export function trailEvent(row: TrailRow, reader: TrailReader): TrailEvent {
  const { key: _key, isHidden: _isHidden, time, receivedAt, userId, picture, ...rest } = row;
  return {
    ...rest,
    time: isoTime(time),
    receivedAt: isoTime(receivedAt),
    user: userId === null ? null : trailUser(userId),
    screenshot: picture === null ? null : screenshotOf(row, picture, reader),
  };
}

export function trailUser(identity: string): TrailUser {
  const { directory, user } = parseUserIdentity(identity);
  return { id: identity, directory, name: user ?? identity };
}

/** Times that a date cannot hold are shown as the nearest one that it can. */
export function isoTime(time: number): string {
  const clamped = Math.min(LAST_TIME, Math.max(FIRST_TIME, time));
  return toIsoString(clamped as TrailRow['time']);
}

const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const FIRST_TIME = -62_167_219_200_000;

export function pictureUrl(eventId: string, variant: PictureVariant): string {
  return `${TRAIL_ROOT}/screenshots/${encodeURIComponent(eventId)}?variant=${variant}`;
}

/** The files that show a variant, the best first; there may be one in each of several folders. */
export function filesOfVariant(files: readonly ScreenshotFile[], variant: PictureVariant): readonly ScreenshotFile[] {
  return files.filter(({ role }) => role === (variant === 'original' ? 'seen' : variant));
}

function screenshotOf(
  { eventId, isConflict }: TrailRow,
  picture: NonNullable<TrailRow['picture']>,
  reader: TrailReader,
): TrailScreenshotSummary {
  const url = (variant: PictureVariant) =>
    reader.maySeePictures && !isConflict && filesOfVariant(picture.files, variant).length > 0
      ? pictureUrl(eventId, variant)
      : null;
  return {
    status: picture.status,
    reason: picture.reason,
    originalUrl: url('original'),
    annotatedUrl: url('annotated'),
  };
}
