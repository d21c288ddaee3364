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

/** Who asks. @throws ViewerFailure 401, 403 */
export function sessionOf(request: FastifyRequest, { access, isOpenWithoutTls }: SessionParts): ViewerSession {
  const session = access.identify({
    address: request.socket.remoteAddress ?? '',
    cookie: cookieOf(request),
    bearer: /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1],
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
  const changes = request.method !== 'GET' && request.method !== 'HEAD';
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

export function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  value: string,
  maxAge: number,
  secure: boolean,
): void {
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure ? '; Secure' : ''}`;
  reply.header('set-cookie', `${cookieName(request)}=${value}; ${flags}`);
}

/** Cookies do not tell ports apart: two servers on one machine would end each other's sessions. */
function cookieName(request: FastifyRequest): string {
  return `audit-trail-${request.socket.localPort}`;
}

function cookieOf(request: FastifyRequest): string | undefined {
  const name = `${cookieName(request)}=`;
  const found = (request.headers.cookie ?? '').split(';').find((part) => part.trim().startsWith(name));
  return found?.trim().slice(name.length);
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isSameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
