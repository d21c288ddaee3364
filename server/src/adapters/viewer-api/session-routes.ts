import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { membersOf } from '../../domain/payload-member.ts';
import { TRAIL_ROOT, type TrailSession } from '../../domain/trail.ts';
import type { SignedIn, SignInRefusal, ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { Looks } from '../../pipeline/trail/looks.ts';
import { badRequest, throttled, ViewerFailure } from './failure.ts';
import { providerFailure, providerSignInOf } from './provider-routes.ts';
import { cookieOf, needsTls, refuseOtherSites, type SessionParts, sessionOf, setCookie } from './request-session.ts';

export interface SessionRouteParts extends SessionParts {
  readonly looks: Looks;
}

const MAX_PASSWORD_LENGTH = 1000;

/** Logging in by link or password, or through an identity provider; logging out, and who one is. */
export function addSessionRoutes(app: FastifyInstance, parts: SessionRouteParts): void {
  const path = `${TRAIL_ROOT}/session`;
  app.get(path, async (request) => trailSession(sessionOf(request, parts)));
  app.post(path, async (request, reply) => {
    refuseOtherSites(request);
    if (parts.isOpenWithoutTls) throw needsTls();
    const { link, user, password, callback } = membersOf(request.body);
    if (typeof link === 'string') {
      const signedIn = parts.access.signInWithLink(link, addressOf(request));
      return answer(parts, request, reply, signedIn, 'link', '');
    }
    if (typeof callback === 'string') return finishProviderSignIn(parts, request, reply, callback);
    if (typeof user !== 'string' || typeof password !== 'string' || password.length > MAX_PASSWORD_LENGTH) {
      throw badRequest('Send {"link"}, {"user", "password"} or {"callback"} as JSON.');
    }
    const signedIn = await parts.access.signInWithPassword(user, password, addressOf(request));
    return answer(parts, request, reply, signedIn, 'password', user);
  });
  app.delete(path, async (request, reply) => {
    const session = sessionOf(request, parts);
    parts.access.signOut(session);
    parts.looks.note(session, 'signed-out', {});
    setCookie(request, reply, { value: '', maxAge: 0 }, parts.isSecure);
    return reply.code(204).send();
  });
}

async function finishProviderSignIn(
  parts: SessionRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  query: string,
): Promise<TrailSession> {
  const signIn = providerSignInOf(parts.access);
  const result = await signIn.finish(query, cookieOf(request, 'log-in'), addressOf(request));
  if (!('kind' in result)) return opened(parts, request, reply, result, 'provider');
  const user = result.kind === 'no-rights' ? result.name : '';
  const why = 'reason' in result ? `: ${result.reason}` : '';
  parts.looks.noteRefused({ user, address: addressOf(request), reason: `provider ${result.kind}${why}` }, user);
  throw providerFailure(result, signIn.provider.label);
}

function answer(
  parts: SessionRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  result: SignedIn | SignInRefusal,
  by: 'link' | 'password',
  user: string,
): TrailSession {
  if (!('kind' in result)) return opened(parts, request, reply, result, by);
  // which names were tried, as long as tries are few; after that, that there were more
  const alike = result.kind === 'wrong' ? user : '';
  parts.looks.noteRefused({ user, address: addressOf(request), reason: `${by} ${result.kind}` }, alike);
  throw result.kind === 'wrong' ? wrong(by) : throttled(result.afterMs);
}

function opened(
  { looks, isSecure }: SessionRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  { session, cookie, maxAgeSeconds }: SignedIn,
  by: 'link' | 'password' | 'provider',
): TrailSession {
  setCookie(request, reply, { value: cookie, maxAge: maxAgeSeconds }, isSecure);
  looks.note(session, 'signed-in', { with: by, address: addressOf(request) });
  return trailSession(session);
}

function wrong(by: 'link' | 'password'): ViewerFailure {
  return by === 'link'
    ? new ViewerFailure(
        401,
        'LINK_SPENT',
        'This link was used before, or has expired. "butler-sos-audit open" makes another.',
      )
    : new ViewerFailure(401, 'WRONG_PASSWORD', 'No account has this name and password.');
}

function trailSession({ reader, csrfToken }: ViewerSession): TrailSession {
  return { ...reader, csrfToken };
}

function addressOf(request: FastifyRequest): string {
  return request.socket.remoteAddress ?? 'unknown';
}
