import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { IdentityProvider, ProvidedUser, ProviderAttempt } from '../../pipeline/ports/identity-provider.ts';
import type {
  ProviderRedirect,
  ProviderRefusal,
  ProviderSignIn,
  SignedIn,
} from '../../pipeline/ports/viewer-access.ts';
import type { TrailReader } from '../../pipeline/trail/reader.ts';
import { type Account, readerOf } from './accounts.ts';
import type { Sessions } from './sessions.ts';
import type { Throttle } from './throttle.ts';

/** What everybody may do to whom the provider gives this role. */
export interface RoleRights extends Omit<Account, 'name' | 'passwordHash'> {
  /** As the provider names it. */
  readonly value: string;
}

export interface ProviderSignInParts {
  readonly provider: IdentityProvider;
  /** The first one that a user has counts. */
  readonly roles: readonly RoleRights[];
  readonly account: (name: string) => Account | undefined;
  readonly sessions: Sessions;
  readonly throttle: Throttle;
  readonly clock: Clock;
}

interface Pending {
  readonly attempt: ProviderAttempt;
  /** Hash of the browser's secret. */
  readonly browser: string;
  readonly endsAtMs: number;
}

const SECRET = /^[\w-]{43}$/;
const ATTEMPT_MS = 10 * 60_000;
const MAX_PENDING = 10_000;

/** Log-ins that have gone to the provider, in memory, by their state: each can come back once, to the browser it left. */
export class ProviderSignIns implements ProviderSignIn {
  readonly #parts: ProviderSignInParts;
  readonly #pending = new Map<string, Pending>();

  constructor(parts: ProviderSignInParts) {
    this.#parts = parts;
  }

  get provider(): IdentityProvider {
    return this.#parts.provider;
  }

  async begin(redirectUri: string, browser: string | undefined): Promise<ProviderRedirect | ProviderRefusal> {
    const begun = await this.#parts.provider.begin(redirectUri);
    if (begun.kind !== 'begun') return begun;
    this.#dropOld();
    // another tab of the same browser may be on its way as well
    const secret = browser !== undefined && SECRET.test(browser) ? browser : randomBytes(32).toString('base64url');
    const endsAtMs = this.#parts.clock.monotonicMs() + ATTEMPT_MS;
    this.#pending.set(begun.attempt.state, { attempt: begun.attempt, browser: hashOf(secret), endsAtMs });
    return { url: begun.url, browser: secret, maxAgeSeconds: ATTEMPT_MS / 1000 };
  }

  async finish(query: string, browser: string | undefined, address: string): Promise<SignedIn | ProviderRefusal> {
    const { provider, throttle, sessions } = this.#parts;
    const names = [`provider from ${address}`];
    const afterMs = throttle.waitMs(names);
    if (afterMs > 0) return { kind: 'throttled', afterMs };
    const attempt = this.#take(new URLSearchParams(query).get('state') ?? '', browser);
    if (attempt === undefined) return { kind: 'unknown-attempt' };
    const found = await provider.finish(attempt, query);
    if (found.kind === 'untrusted') throttle.failed(names);
    if (found.kind !== 'known') return found;
    throttle.succeeded(names);
    const current = this.#rightsOf(found.user);
    const reader = current();
    return reader === undefined ? { kind: 'no-rights', name: found.user.name } : sessions.open(reader, current);
  }

  /** Taken out before anybody is asked: what comes back twice is known once. */
  #take(state: string, browser: string | undefined): ProviderAttempt | undefined {
    const pending = this.#pending.get(state);
    if (pending === undefined || browser === undefined || pending.browser !== hashOf(browser)) return undefined;
    this.#pending.delete(state);
    return this.#parts.clock.monotonicMs() < pending.endsAtMs ? pending.attempt : undefined;
  }

  /**
   * An account of this name that has no password here; else the user's role. Accounts with a password are names of this
   * server: nobody becomes one by being called so elsewhere.
   */
  #rightsOf({ name, roles }: ProvidedUser): () => TrailReader | undefined {
    const given = this.#parts.roles.find(({ value }) => roles.includes(value));
    return () => {
      const account = this.#parts.account(name);
      if (account !== undefined && account.passwordHash === undefined) return readerOf(account);
      return given === undefined ? undefined : readerOf({ ...given, name });
    };
  }

  #dropOld(): void {
    const now = this.#parts.clock.monotonicMs();
    for (const [state, { endsAtMs }] of this.#pending) {
      if (now < endsAtMs && this.#pending.size < MAX_PENDING) break;
      this.#pending.delete(state);
    }
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
