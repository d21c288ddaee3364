import type { TrailReader } from '../trail/reader.ts';
import type { IdentityProvider, ProviderFailure } from './identity-provider.ts';

/** What a request carries, and where it came from. */
export interface ViewerCredentials {
  /** Of the connection, not of a header. */
  readonly address: string;
  /** The session's cookie. */
  readonly cookie: string | undefined;
  /** `Authorization: Bearer`. */
  readonly bearer: string | undefined;
  /** A page asks by itself: nobody uses the session by that. */
  readonly isBackground: boolean;
  /** Any header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
}

export interface ViewerSession {
  /** Tells sessions apart in records of who looked; says nothing about the cookie. */
  readonly id: string;
  readonly reader: TrailReader;
  /** `token` and `proxy` end with the request. */
  readonly by: 'session' | 'token' | 'proxy';
  readonly csrfToken: string;
}

export interface SignedIn {
  readonly session: ViewerSession;
  /** A secret. */
  readonly cookie: string;
  /** For the browser: it ends then in any case. */
  readonly maxAgeSeconds: number;
}

export type SignInRefusal =
  | { readonly kind: 'wrong' }
  /** Too many tries: wait so long. */
  | { readonly kind: 'throttled'; readonly afterMs: number };

export type ProviderRefusal =
  | ProviderFailure
  /** Too many tries: wait so long. */
  | { readonly kind: 'throttled'; readonly afterMs: number }
  /** Nobody began this log-in in this browser, it took too long, or it was finished before. */
  | { readonly kind: 'unknown-attempt' }
  /** The provider vouches for somebody who has no rights here. */
  | { readonly kind: 'no-rights'; readonly name: string };

/** Log-in through an identity provider. */
export interface ProviderSignIn {
  readonly provider: Pick<IdentityProvider, 'label' | 'redirectUri'>;
  /** @param browser what the last answer gave to keep */
  begin(redirectUri: string, browser: string | undefined): Promise<ProviderRedirect | ProviderRefusal>;
  /** Each begun log-in is finished once, by the browser that began it. @param query with which it came back */
  finish(query: string, browser: string | undefined, address: string): Promise<SignedIn | ProviderRefusal>;
}

export interface ProviderRedirect {
  /** Where the browser has to go. */
  readonly url: string;
  /** A secret for the browser to keep until it is back. */
  readonly browser: string;
  readonly maxAgeSeconds: number;
}

/** Who may look at the trail. */
export interface ViewerAccess {
  /** Undefined: nobody that is known. A session's idle time begins anew, unless a page asks by itself. */
  identify(credentials: ViewerCredentials): ViewerSession | undefined;
  /** A one-time link: an administrator of this machine. The link is spent, whoever asks. */
  signInWithLink(link: string, address: string): SignedIn | SignInRefusal;
  signInWithPassword(name: string, password: string, address: string): Promise<SignedIn | SignInRefusal>;
  /** Undefined: there is no identity provider. */
  readonly providerSignIn: ProviderSignIn | undefined;
  signOut(session: ViewerSession): void;
}
