/** What the browser's return is held against; the state and the verifier are secrets. */
export interface ProviderAttempt {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Absolute; where the provider sends the browser back to. */
  readonly redirectUri: string;
}

/** Whom the provider vouches for. */
export interface ProvidedUser {
  readonly name: string;
  /** Of the provider: never given to somebody else. */
  readonly subject: string;
  readonly roles: readonly string[];
}

export type ProviderFailure =
  /** Nothing was decided: another try may do. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The provider says no; an error code of OAuth 2.0. */
  | { readonly kind: 'denied'; readonly reason: string }
  /** What came back cannot be believed. */
  | { readonly kind: 'untrusted'; readonly reason: string };

/** Somebody else who knows who people are. Never rejects. */
export interface IdentityProvider {
  /** For people: what follows "Log in with". */
  readonly label: string;
  /** Where the provider sends browsers back to; undefined: to the name under which the page was asked for. */
  readonly redirectUri: string | undefined;
  /** Where the browser has to go. */
  begin(
    redirectUri: string,
  ): Promise<{ readonly kind: 'begun'; readonly url: string; readonly attempt: ProviderAttempt } | ProviderFailure>;
  /** @param query with which the browser came back */
  finish(
    attempt: ProviderAttempt,
    query: string,
  ): Promise<{ readonly kind: 'known'; readonly user: ProvidedUser } | ProviderFailure>;
}
