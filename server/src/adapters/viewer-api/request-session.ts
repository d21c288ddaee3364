import { timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ViewerAccess, ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import { ViewerFailure } from './failure.ts';

export interface SessionParts {
  readonly access: ViewerAccess;
  /** Cookies go over TLS only. */
  readonly isSecure: boolean;
  /** The port is reached from elsewhere without TLS: only a proxy that knows the user gets at the trail. */
  readonly isOpenWithoutTls: boolean;
}

/**
 * Who asks. Reading with `X-Background: 1` is no use of the session: a page that asks again and again, which nobody looks
 * at, ends with it.
 * @param isStillThere asked again for a request that is being answered
 * @throws ViewerFailure 401, 403
 */
export function sessionOf(
  request: FastifyRequest,
  { access, isOpenWithoutTls }: SessionParts,
  isStillThere = false,
): ViewerSession {
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
  const session = access.identify({
    address: request.socket.remoteAddress ?? '',
    cookie: cookieOf(request),
    bearer: /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1],
    isBackground: isStillThere || (!changes && request.headers['x-background'] === '1'),
    header: (name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : undefined;
    },
  });
  if (isOpenWithoutTls && session?.by !== 'proxy') throw needsTls();
  if (session === undefined) {
    throw new ViewerFailure(
      401,
      'NOT_LOGGED_IN',
      'Log in first: "butler-sos-audit open" prints a link that opens the page.',
    );
  }
  if (changes && session.by !== 'token') {
    refuseOtherSites(request);
    if (!isSameText(String(request.headers['x-csrf-token'] ?? ''), session.csrfToken)) {
      throw new ViewerFailure(
        403,
        'CSRF_TOKEN',
        'This request needs the X-CSRF-Token of the session. Load the page again.',
      );
    }
  }
  return session;
}

export function needsTls(): ViewerFailure {
  const message =
    'The audit trail is open to other machines over HTTPS only. Set viewer.tls, or viewer.host 127.0.0.1.';
  return new ViewerFailure(403, 'TLS_NEEDED', message);
}

/** A page of another site cannot log anybody in, nor change anything. */
export function refuseOtherSites(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const { origin, host } = request.headers;
  const isOther = origin !== undefined && originHost(origin) !== host;
  if (isOther || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    throw new ViewerFailure(403, 'OTHER_SITE', 'Requests from pages of other sites are refused.');
  }
}

/** What a browser keeps for this server: its session, and that it is the one that began a log-in elsewhere. */
export type CookieKind = 'session' | 'log-in';

export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  { kind = 'session', value, maxAge }: { readonly kind?: CookieKind; readonly value: string; readonly maxAge: number },
  secure: boolean,
): void {
  // a proxy before this port may be what speaks TLS
  const isOverTls = secure || request.headers.origin?.startsWith('https://') === true;
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${isOverTls ? '; Secure' : ''}`;
  reply.header('set-cookie', `${cookieName(request, kind)}=${value}; ${flags}`);
}

export function cookieOf(request: FastifyRequest, kind: CookieKind = 'session'): string | undefined {
  const name = `${cookieName(request, kind)}=`;
  const found = (request.headers.cookie ?? '').split(';').find((part) => part.trim().startsWith(name));
  return found?.trim().slice(name.length);
}

/** Cookies do not tell ports apart: two servers on one machine would end each other's sessions. */
function cookieName(request: FastifyRequest, kind: CookieKind): string {
  return `audit-trail-${kind === 'session' ? '' : `${kind}-`}${request.socket.localPort}`;
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isSameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
