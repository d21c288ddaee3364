import type { TrailEvent, TrailUser } from '../../../server/src/domain/trail.ts';
import { contained } from '../text/bidi.ts';
import { clipped } from '../text/formats.ts';

const MOST_CHARACTERS = 160;

/** A name that anyone may have sent: isolated, so that right-to-left marks turn nothing else around, and clipped. */
export function Name({ text, max = MOST_CHARACTERS }: { readonly text: string; readonly max?: number }) {
  const whole = contained(text);
  const shown = clipped(whole, max);
  return <bdi title={shown === whole ? undefined : clipped(whole, 1000)}>{shown}</bdi>;
}

const HUES = 8;

export function Avatar({
  user,
  size = 'small',
}: {
  readonly user: TrailUser | null;
  readonly size?: 'small' | 'large';
}) {
  const name = user?.name ?? '';
  const hue =
    [...(user?.id ?? '')].slice(0, 64).reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9973, 7) % HUES;
  return (
    // drawn by the style sheet: letters in the text would be read out, and searched for
    <span class={`avatar avatar-${size} hue-${hue}`} data-initials={initials(name)} aria-hidden="true" />
  );
}

/** `anna.lindqvist` is AL, `田中.太郎` is 田太. */
function initials(name: string): string {
  const parts = contained(clipped(name, 80))
    .split(/[\s._@-]+/)
    .filter((part) => part !== '');
  const letters = parts.slice(0, 2).map((part) => [...new Intl.Segmenter().segment(part)][0]?.segment ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

export function UserName({ user }: { readonly user: TrailUser | null }) {
  return <Name text={user?.name ?? 'Unknown user'} max={80} />;
}

/** `App / Sheet`, what there is of it. */
export function PlaceName({
  event,
}: {
  readonly event: Pick<TrailEvent, 'appId' | 'appName' | 'sheetId' | 'sheetName'>;
}) {
  const app = event.appName ?? event.appId;
  const sheet = event.sheetName ?? event.sheetId;
  if (app === null && sheet === null) return null;
  return (
    <span class="place">
      {app !== null && <Name text={app} />}
      {app !== null && sheet !== null && <span class="slash"> / </span>}
      {sheet !== null && <Name text={sheet} />}
    </span>
  );
}
