import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { membersOf } from '../../domain/payload-member.ts';
import { TRAIL_ROOT, type TrailSession } from '../../domain/trail.ts';
import type { SignedIn, SignInRefusal, ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { Looks } from '../../pipeline/trail/looks.ts';
import { badRequest, ViewerFailure } from './failure.ts';
import { needsTls, refuseOtherSites, type SessionParts, sessionOf, setCookie } from './request-session.ts';

export interface SessionRouteParts extends SessionParts {
  readonly looks: Looks;
}

const MAX_PASSWORD_LENGTH = 1000;

/** Logging in by link or password, logging out, and who one is. */
export function addSessionRoutes(app: FastifyInstance, parts: SessionRouteParts): void {
  const path = `${TRAIL_ROOT}/session`;
  app.get(path, async (request) => trailSession(sessionOf(request, parts)));
  app.post(path, async (request, reply) => {
    refuseOtherSites(request);
    if (parts.isOpenWithoutTls) throw needsTls();
    const { link, user, password } = membersOf(request.body);
    if (typeof link === 'string') {
      const signedIn = parts.access.signInWithLink(link, addressOf(request));
      return answer(parts, request, reply, signedIn, 'link', '');
    }
    if (typeof user !== 'string' || typeof password !== 'string' || password.length > MAX_PASSWORD_LENGTH) {
      throw badRequest('Send {"link"} or {"user", "password"} as JSON.');
    }
    const signedIn = await parts.access.signInWithPassword(user, password, addressOf(request));
    return answer(parts, request, reply, signedIn, 'password', user);
  });
  app.delete(path, async (request, reply) => {
    const session = sessionOf(request, parts);
    parts.access.signOut(session);
    parts.looks.note(session, 'signed-out', {});
    setCookie(request, reply, '', 0, parts.isSecure);
    return reply.code(204).send();
  });
}

function answer(
  { looks, isSecure }: SessionRouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  result: SignedIn | SignInRefusal,
  by: 'link' | 'password',
  user: string,
): TrailSession {
  const address = addressOf(request);
  if ('kind' in result) {
    looks.noteRefused({ user, address, reason: `${by} ${result.kind}` });
    throw result.kind === 'wrong' ? wrong(by) : throttled(result.afterMs);
  }
  setCookie(request, reply, result.cookie, result.maxAgeSeconds, isSecure);
  looks.note(result.session, 'signed-in', { with: by, address });
  return trailSession(result.session);
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

function throttled(afterMs: number): ViewerFailure {
  const seconds = Math.ceil(afterMs / 1000);
  return new ViewerFailure(429, 'TOO_MANY_TRIES', `Too many tries. Wait ${seconds} s, then try again.`, {
    'retry-after': String(seconds),
  });
}

function trailSession({ reader, csrfToken }: ViewerSession): TrailSession {
  return { ...reader, csrfToken };
}

function addressOf(request: FastifyRequest): string {
  return request.socket.remoteAddress ?? 'unknown';
}
