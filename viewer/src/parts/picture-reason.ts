/** Reasons of docs/screenshots.md, as a sentence says them after "There is no picture:". */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'url-invalid': 'the address that the browser gave is none',
    'host-not-allowed': 'its address is on a host that the configuration does not allow',
    'address-not-allowed': 'its address leads to a network address that is not allowed',
    'redirect-not-allowed': 'Qlik Sense sent the server on to a host that is not allowed',
    'too-many-redirects': 'Qlik Sense sent the server from address to address without an end',
    'login-not-allowed': 'it needs a log-in, and none may be sent to that address',
    'user-unknown': 'the event does not say clearly which user it was, and no other user’s log-in is used',
    'user-denied': 'for this user the server never logs in at Qlik Sense (INTERNAL, or screenshots.auth.deniedUsers)',
    'qps-user-refused': 'Qlik Sense gives this user no log-in',
    'virtual-proxy-unknown': 'Qlik Sense does not know the virtual proxy of its address',
    'access-denied': 'Qlik Sense did not let this user see it',
    'not-found': 'Qlik Sense did not have the picture',
    'login-page': 'Qlik Sense sent a log-in page in its place',
    'not-an-image': 'what Qlik Sense sent is no picture',
    'too-large': 'it is larger than the configuration allows',
    'timed-out': 'Qlik Sense did not answer in time',
    truncated: 'Qlik Sense sent only a part of it',
    'connection-failed': 'Qlik Sense could not be reached',
    'connection-refused': 'Qlik Sense could not be reached',
    'host-unknown': 'no computer of that name could be found',
    'too-many-sessions': 'the user had too many sessions at Qlik Sense',
    disabled: 'screenshots were switched off before it was fetched',
    IMAGE_UNREADABLE: 'the picture that came could not be read',
    IMAGE_TOO_LARGE: 'it has more pixels than are taken',
  }),
);

/** Why there is no picture, for people; the word of the record in brackets, for whoever looks it up. */
export function pictureReason(reason: string | null): string {
  if (reason === null || reason === '') return 'the reason is not known';
  const [, expired = '', word = reason] = /^(expired: )?(.*)$/s.exec(reason) ?? [];
  const status = /^http-(\d{3})$/.exec(word)?.[1];
  const known = status === undefined ? REASONS.get(word) : `Qlik Sense answered with status ${status}`;
  if (known === undefined) return reason;
  return `${known}${expired === '' ? '' : ', until the time for trying was over'} (${reason})`;
}
