import * as openid from 'openid-client';
import { messageOf } from '../../domain/errors.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { IdentityProvider, ProviderAttempt, ProviderFailure } from '../../pipeline/ports/identity-provider.ts';
import type { Logger } from '../../pipeline/ports/logger.ts';
import { type Claims, claimAt, userIn } from './claims.ts';

export interface OpenIdOptions {
  /** https; http on loopback only. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client, which PKCE alone protects. */
  readonly clientSecret?: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly userClaim: string;
  readonly roleClaim: string;
  readonly redirectUri?: string;
}

const TIMEOUT_S = 10;
const WARNING_MS = 10_000;
/** An issuer may move its addresses and retire its keys. */
const DISCOVERED_MS = 60 * 60_000;

/**
 * Log-in through OpenID Connect: authorization code flow with PKCE, state and nonce; the ID token's signature is checked
 * against the issuer's keys. The issuer is asked when somebody logs in, never at start.
 */
export function createOpenIdProvider(options: OpenIdOptions, clock: Clock, logger: Logger): IdentityProvider {
  return new OpenIdProvider(options, clock, logger);
}

class OpenIdProvider implements IdentityProvider {
  readonly #options: OpenIdOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #discovered: { readonly configuration: Promise<openid.Configuration>; readonly atMs: number } | undefined;
  #lastWarningMs = Number.NEGATIVE_INFINITY;

  constructor(options: OpenIdOptions, clock: Clock, logger: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
  }

  get label(): string {
    return this.#options.label;
  }

  get redirectUri(): string | undefined {
    return this.#options.redirectUri;
  }

  async begin(redirectUri: string): ReturnType<IdentityProvider['begin']> {
    try {
      const configuration = await this.#discover();
      const codeVerifier = openid.randomPKCECodeVerifier();
      const attempt = { state: openid.randomState(), nonce: openid.randomNonce(), codeVerifier, redirectUri };
      const url = openid.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...this.#options.scopes])].join(' '),
        code_challenge: await openid.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        state: attempt.state,
        nonce: attempt.nonce,
      });
      return { kind: 'begun', url: url.href, attempt };
    } catch (thrown) {
      return this.#failed({ kind: 'unreachable', reason: reasonOf(thrown) });
    }
  }

  async finish(attempt: ProviderAttempt, query: string): ReturnType<IdentityProvider['finish']> {
    try {
      const configuration = await this.#discover();
      const back = new URL(attempt.redirectUri);
      back.search = query;
      const tokens = await openid.authorizationCodeGrant(configuration, back, {
        pkceCodeVerifier: attempt.codeVerifier,
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        idTokenExpected: true,
      });
      const claims = await this.#withUserInfo(configuration, tokens.claims() ?? {}, tokens.access_token);
      const user = userIn(claims, this.#options.userClaim, this.#options.roleClaim);
      return typeof user === 'string' ? this.#failed({ kind: 'untrusted', reason: user }) : { kind: 'known', user };
    } catch (thrown) {
      return this.#failed(failureOf(thrown));
    }
  }

  /** Some issuers keep an ID token short and tell the rest when asked. What the ID token says goes first. */
  async #withUserInfo(configuration: openid.Configuration, claims: Claims, accessToken: string): Promise<Claims> {
    const { userClaim, roleClaim } = this.#options;
    const isComplete = [userClaim, roleClaim].every((name) => claimAt(claims, name) !== undefined);
    if (isComplete || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await openid.fetchUserInfo(configuration, accessToken, String(claims.sub))), ...claims };
  }

  /** Those who log in at the same time wait for one answer; a failure is not kept. */
  #discover(): Promise<openid.Configuration> {
    const known = this.#discovered;
    const atMs = this.#clock.monotonicMs();
    if (known !== undefined && atMs - known.atMs < DISCOVERED_MS) return known.configuration;
    const discovered = { configuration: discover(this.#options), atMs };
    this.#discovered = discovered;
    discovered.configuration.catch(() => {
      if (this.#discovered === discovered) this.#discovered = undefined;
    });
    return discovered.configuration;
  }

  /** Somebody who tries again and again does not fill the log; each try is a record of the trail. */
  #failed(failure: ProviderFailure): ProviderFailure {
    const now = this.#clock.monotonicMs();
    if (now - this.#lastWarningMs < WARNING_MS) return failure;
    this.#lastWarningMs = now;
    this.#logger.warn(
      { issuer: this.#options.issuer, ...failure },
      'A log-in to the audit trail through OpenID Connect failed.',
    );
    return failure;
  }
}

function discover({ issuer, clientId, clientSecret }: OpenIdOptions): Promise<openid.Configuration> {
  const url = new URL(issuer);
  const execute = [
    openid.enableNonRepudiationChecks,
    ...(url.protocol === 'http:' ? [openid.allowInsecureRequests] : []),
  ];
  const authentication = clientSecret === undefined ? openid.None() : bySecret(clientSecret);
  return openid.discovery(url, clientId, undefined, authentication, { execute, timeout: TIMEOUT_S });
}

/** As the issuer takes it; one that does not say takes the header (OpenID Connect Discovery 1.0, section 3). */
function bySecret(secret: string): openid.ClientAuth {
  const [inBody, inHeader] = [openid.ClientSecretPost(secret), openid.ClientSecretBasic(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const apply = methods.includes('client_secret_basic') ? inHeader : inBody;
    return apply(server, ...rest);
  };
}

function failureOf(thrown: unknown): ProviderFailure {
  if (thrown instanceof openid.AuthorizationResponseError) return { kind: 'denied', reason: plain(thrown.error) };
  if (thrown instanceof openid.ResponseBodyError) {
    return { kind: thrown.status >= 500 ? 'unreachable' : 'untrusted', reason: plain(thrown.error) };
  }
  return { kind: isOutOfReach(thrown) ? 'unreachable' : 'untrusted', reason: reasonOf(thrown) };
}

/** The network, the time limit, or an answer that is none of OAuth's. */
function isOutOfReach(thrown: unknown): boolean {
  if (thrown instanceof Error && thrown.message === 'fetch failed') return true;
  const { code } = (thrown ?? {}) as { code?: unknown };
  return code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM';
}

/** The issuer's own word, as far as it is one. */
function plain(code: string): string {
  return /^[\w.-]{1,60}$/.test(code) ? code : 'an error without a name';
}

/** With what lies below: "fetch failed" says nothing. Never a token, which the messages of the library do not hold. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  const below = cause instanceof Error ? `: ${messageOf(cause)}` : '';
  return `${messageOf(thrown)}${below}`.slice(0, 300);
}
