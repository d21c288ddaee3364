import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TRAIL_ROOT, type TrailLogInOptions, type TrailRedirect } from '../../domain/trail.ts';
import type { ProviderRefusal, ProviderSignIn, ViewerAccess } from '../../pipeline/ports/viewer-access.ts';
import { notFound, throttled, ViewerFailure } from './failure.ts';
import { cookieOf, needsTls, refuseOtherSites, type SessionParts, setCookie } from './request-session.ts';

/** Which ways lead in, and the first step of the one through an identity provider; `POST session` is the last. */
export function addProviderRoutes(app: FastifyInstance, { access, isSecure, isOpenWithoutTls }: SessionParts): void {
  app.get(`${TRAIL_ROOT}/log-in-options`, async (): Promise<TrailLogInOptions> => {
    const label = isOpenWithoutTls ? undefined : access.providerSignIn?.provider.label;
    return { provider: label === undefined ? null : { label } };
  });
  app.post(`${TRAIL_ROOT}/session/provider`, async (request, reply): Promise<TrailRedirect> => {
    refuseOtherSites(request);
    if (isOpenWithoutTls) throw needsTls();
    const signIn = providerSignInOf(access);
    const redirectUri = signIn.provider.redirectUri ?? `${originOf(request, isSecure)}/login`;
    const begun = await signIn.begin(redirectUri, cookieOf(request, 'log-in'));
    if ('kind' in begun) throw providerFailure(begun, signIn.provider.label);
    setCookie(request, reply, { kind: 'log-in', value: begun.browser, maxAge: begun.maxAgeSeconds }, isSecure);
    return { url: begun.url };
  });
}

/** @throws ViewerFailure 404 */
export function providerSignInOf({ providerSignIn }: ViewerAccess): ProviderSignIn {
  if (providerSignIn === undefined) throw notFound('No identity provider is set up here (viewer.oidc).');
  return providerSignIn;
}

/** In a sentence that says what to do; the reasons are in the log. */
export function providerFailure(refusal: ProviderRefusal, label: string): ViewerFailure {
  switch (refusal.kind) {
    case 'throttled':
      return throttled(refusal.afterMs);
    case 'unreachable':
      return new ViewerFailure(
        503,
        'PROVIDER_UNREACHABLE',
        `${label} does not answer as it should, so nobody can log in with it now. Try again, or log in another way; the log of the server says why.`,
        { 'retry-after': '10' },
      );
    case 'denied':
      return new ViewerFailure(401, 'PROVIDER_DENIED', `${label} refused the log-in (${refusal.reason}).`);
    case 'untrusted':
      return new ViewerFailure(
        401,
        'PROVIDER_UNTRUSTED',
        `What ${label} answered cannot be trusted. Log in again; if that does not help, the log of the server says why.`,
      );
    case 'unknown-attempt':
      return new ViewerFailure(
        401,
        'LOG_IN_UNKNOWN',
        'This log-in was not begun in this browser, took more than 10 minutes, or was used before. Begin again.',
      );
    case 'no-rights':
      return new ViewerFailure(
        403,
        'NO_RIGHTS',
        `${label} knows you as "${refusal.name}", who has no right to see the audit trail. Ask whoever runs this server for one (viewer.oidc.roles).`,
      );
  }
}

/** As the browser reaches this port. Its `Host` is a known one, and `Origin`, which also knows of a proxy's TLS, agrees with it. */
function originOf({ headers }: FastifyRequest, isSecure: boolean): string {
  return headers.origin ?? `${isSecure ? 'https' : 'http'}://${headers.host}`;
}
