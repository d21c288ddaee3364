/** A session as the browser would keep it. The value is a secret, and the id of the session. */
export interface SessionCookie {
  readonly name: string;
  readonly value: string;
}

export interface CookieSearch {
  /** Of one virtual proxy, perhaps not of this one. Undefined: the usual names. */
  readonly configuredName: string | undefined;
  /** Whose ticket it was; a response may set the cookies of several. */
  readonly virtualProxy: string;
  readonly nowMs: number;
}

const USUAL_NAME = /^x-qlik-session(-.+)?$/i;
/** As ids of sessions look at Qlik Sense. */
const SESSION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The cookie that the answer to a ticket sets: of the configured name, else of a usual one, else the only one that holds an
 * id. A session whose cookie is not found is never ended. Qlik Sense appends `-HTTP` to its name over plain http.
 */
export function sessionCookieIn(setCookie: readonly string[], search: CookieSearch): SessionCookie | undefined {
  const { configuredName, virtualProxy, nowMs } = search;
  const own = configuredName ?? (virtualProxy === '' ? 'X-Qlik-Session' : `X-Qlik-Session-${virtualProxy}`);
  const isOwn = ({ name }: SessionCookie) => name.replace(/-HTTP$/i, '').toLowerCase() === own.toLowerCase();
  const found = setCookie.map((text) => cookieOf(text, nowMs)).filter((cookie) => cookie !== undefined);
  // of several with the same name the last one counts, as in a browser
  const cookies = [...new Map(found.map((cookie) => [cookie.name, cookie])).values()];
  const exact = cookies.find((cookie) => isOwn(cookie) || cookie.name.toLowerCase() === own.toLowerCase());
  const usual = exact ?? cookies.find(({ name }) => USUAL_NAME.test(name));
  if (usual !== undefined) return usual;
  const [only, ...more] = cookies.filter(({ value }) => SESSION_ID.test(value));
  return more.length === 0 ? only : undefined;
}

/** Undefined: none, or one that is being taken away. */
function cookieOf(text: string, nowMs: number): SessionCookie | undefined {
  const [pair = '', ...attributes] = text.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  const settings = new Map(
    attributes.map((attribute) => {
      const [, key = '', setting = ''] = /^([^=]*)=?(.*)$/.exec(attribute) ?? [];
      return [key.trim().toLowerCase(), setting.trim()];
    }),
  );
  const maxAge = settings.get('max-age') ?? '';
  const isGone = /^-?\d+$/.test(maxAge) ? Number(maxAge) <= 0 : Date.parse(settings.get('expires') ?? '') <= nowMs;
  return at < 1 || value === '' || isGone ? undefined : { name, value };
}
