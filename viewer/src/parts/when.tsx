import { formats } from '../text/reader.ts';

type Style = 'exact' | 'clock' | 'clockShort' | 'dateTime' | 'day' | 'dayShort';

/** A time in the reader's zone, with UTC on hover. */
export function When({ at, style = 'dateTime' }: { readonly at: string; readonly style?: Style }) {
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={`${formats.utc(ms)} · shown in ${formats.zone}`}>
      {formats[style](ms)}
    </time>
  );
}
