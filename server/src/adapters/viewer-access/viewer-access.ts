import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { IdentityProvider } from '../../pipeline/ports/identity-provider.ts';
import type {
  ProviderSignIn,
  SignedIn,
  SignInRefusal,
  ViewerAccess,
  ViewerCredentials,
  ViewerSession,
} from '../../pipeline/ports/viewer-access.ts';
import type { TrailReader } from '../../pipeline/trail/reader.ts';
import { AccessFile } from './access-file.ts';
import { type Account, readerOf } from './accounts.ts';
import { OneTimeLinks } from './one-time-links.ts';
import { hashPassword, isPassword } from './password-hash.ts';
import { ProviderSignIns, type RoleRights } from './provider-sign-in.ts';
import { Sessions, type SessionTimes } from './sessions.ts';
import { STRICT, Throttle, type ThrottleLimits } from './throttle.ts';

export interface ViewerAccessOptions {
  /** Of the log. */
  readonly directory: string;
  /** Of the configuration; the file beside the log adds to them. */
  readonly users: readonly Account[];
  readonly session: SessionTimes;
  readonly proxy: { readonly addresses: readonly string[]; readonly userHeader: string };
  /** Undefined: nobody vouches for people here. */
  readonly provider?: { readonly identities: IdentityProvider; readonly roles: readonly RoleRights[] } | undefined;
  readonly clock: Clock;
}

/** Accounts of the configuration and of the command line, one-time links, API tokens, a proxy or an identity provider that knows the user. */
export function createViewerAccess(options: ViewerAccessOptions): ViewerAccess {
  return new Access(options);
}

/** People share addresses. */
const MANY_OF_AN_ADDRESS: ThrottleLimits = { ...STRICT, freeTries: 20 };
/** From everywhere together. Whoever tries other people's names makes them wait a minute, and not longer. */
const MANY_FOR_A_NAME: ThrottleLimits = { freeTries: 100, longestWaitMs: 60_000 };

const REFUSED: SignInRefusal = { kind: 'wrong' };

class Access implements ViewerAccess {
  readonly providerSignIn: ProviderSignIn | undefined;
  readonly #options: ViewerAccessOptions;
  readonly #file: AccessFile;
  readonly #links: OneTimeLinks;
  readonly #sessions: Sessions;
  readonly #throttle: Throttle;
  readonly #addressThrottle: Throttle;
  readonly #nameThrottle: Throttle;
  readonly #proxies: ReadonlySet<string>;
  /** Of proxy users, whose sessions end with each request. */
  readonly #csrfSecret = randomBytes(32);
  /** An unknown name takes as long as a wrong password. */
  readonly #nobody = hashPassword(randomBytes(16).toString('hex'));

  constructor(options: ViewerAccessOptions) {
    const { directory, session, proxy, provider, clock } = options;
    this.#options = options;
    this.#file = new AccessFile(directory);
    this.#links = new OneTimeLinks(directory, clock);
    this.#sessions = new Sessions(clock, session);
    this.#throttle = new Throttle(clock);
    this.#addressThrottle = new Throttle(clock, MANY_OF_AN_ADDRESS);
    this.#nameThrottle = new Throttle(clock, MANY_FOR_A_NAME);
    this.#proxies = new Set(proxy.addresses.map(plainAddress));
    const [sessions, throttle] = [this.#sessions, this.#throttle];
    this.providerSignIn =
      provider === undefined
        ? undefined
        : new ProviderSignIns({
            provider: provider.identities,
            roles: provider.roles,
            account: (name) => this.#account(name),
            sessions,
            throttle,
            clock,
          });
  }

  identify({ address, cookie, bearer, isBackground, header }: ViewerCredentials): ViewerSession | undefined {
    if (bearer !== undefined) return this.#ofToken(bearer);
    if (cookie !== undefined) {
      const session = this.#sessions.find(cookie, !isBackground);
      if (session !== undefined) return session;
    }
    const { userHeader } = this.#options.proxy;
    return this.#proxies.has(plainAddress(address)) ? this.#ofProxyUser(header(userHeader.toLowerCase())) : undefined;
  }

  signInWithLink(link: string, address: string): SignedIn | SignInRefusal {
    const names = [`link from ${address}`];
    const afterMs = this.#throttle.waitMs(names);
    if (afterMs > 0) return { kind: 'throttled', afterMs };
    const name = this.#links.spend(link);
    if (name === undefined) {
      this.#throttle.failed(names);
      return REFUSED;
    }
    this.#throttle.succeeded(names);
    const operator = { ...OPERATOR, name };
    return this.#sessions.open(operator, () => operator);
  }

  async signInWithPassword(name: string, password: string, address: string): Promise<SignedIn | SignInRefusal> {
    const user = `user ${name.toLowerCase().slice(0, 200)}`;
    const counted = [
      [this.#throttle, [`${user} from ${address}`]],
      [this.#addressThrottle, [address]],
      [this.#nameThrottle, [user]],
    ] as const;
    const afterMs = Math.max(...counted.map(([throttle, names]) => throttle.waitMs(names)));
    if (afterMs > 0) return { kind: 'throttled', afterMs };
    // counted before it is looked at: many tries at once are many tries
    for (const [throttle, names] of counted) throttle.failed(names);
    const account = this.#account(name);
    const hash = account?.passwordHash ?? (await this.#nobody);
    const isRight = await isPassword(password, hash);
    if (!isRight || account?.passwordHash === undefined) return REFUSED;
    for (const [throttle, names] of counted) throttle.succeeded(names);
    return this.#sessions.open(readerOf(account), () => {
      const now = this.#account(name);
      // another password ends the sessions of the old one
      return now?.passwordHash === hash ? readerOf(now) : undefined;
    });
  }

  signOut(session: ViewerSession): void {
    this.#sessions.end(session.id);
  }

  #account(name: string): Account | undefined {
    const isCalled = (account: Account) => account.name === name;
    return this.#options.users.find(isCalled) ?? this.#file.entries().users.find(isCalled);
  }

  #ofToken(bearer: string): ViewerSession | undefined {
    const sha256 = createHash('sha256').update(bearer).digest('hex');
    const token = this.#file.entries().tokens.find((one) => one.sha256 === sha256);
    if (token === undefined) return undefined;
    return { id: `token:${token.name}`, reader: readerOf(token), by: 'token', csrfToken: '' };
  }

  #ofProxyUser(name: string | undefined): ViewerSession | undefined {
    const account = name === undefined || name === '' ? undefined : this.#account(name);
    if (account === undefined) return undefined;
    const csrfToken = createHmac('sha256', this.#csrfSecret).update(account.name).digest('base64url');
    return { id: `proxy:${account.name}`, reader: readerOf(account), by: 'proxy', csrfToken };
  }
}

/** Who opens a link could read the log itself. */
const OPERATOR: Omit<TrailReader, 'name'> = {
  role: 'admin',
  apps: null,
  maySeePictures: true,
  maySeeObjectData: true,
};

/** `::ffff:10.0.0.5` is 10.0.0.5. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(.+)$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address.toLowerCase();
}
