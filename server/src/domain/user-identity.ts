/** Who a user identity string of Qlik Sense names. The string comes from the browser: it is a claim, not a proof. */
export interface UserIdentity {
  /** `LAB`; null where the string names none, as in Qlik Cloud. */
  readonly directory: string | null;
  /** The id within the directory; null without one. Only an identity with both may be asked a ticket for. */
  readonly id: string | null;
  /** What to show and count by: the id, else the whole string; null when the user is unknown. */
  readonly user: string | null;
}

const UNKNOWN: UserIdentity = { directory: null, id: null, user: null };

/**
 * Parses `UserDirectory=LAB; UserId=john.doe` (any case, with or without blanks, with or without the first key),
 * `LAB\john.doe`, and the single names of Qlik Cloud (an email or an opaque subject). User ids may hold `;`, `=`, `@`
 * and blanks. `N/A` and the empty string are unknown. Linear in the length of the text, which anyone may send.
 */
export function parseUserIdentity(text: string): UserIdentity {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toUpperCase() === 'N/A') return UNKNOWN;
  return parseKeys(trimmed) ?? parseBackslash(trimmed) ?? { directory: null, id: null, user: trimmed };
}

/** The same for all notations of one user, and for no other: directories and ids compare without regard to case. */
export function userKey(text: string): string {
  const { directory, user } = parseUserIdentity(text);
  return `${directory ?? ''}\0${user ?? ''}`.toLowerCase();
}

/** Does the string name anybody? */
export function isKnownUser(text: string): boolean {
  const { directory, user } = parseUserIdentity(text);
  return directory !== null || user !== null;
}

function parseKeys(text: string): UserIdentity | undefined {
  const idKey = /;\s*UserId\s*=/i.exec(text);
  if (idKey !== null) {
    const directory = text.slice(0, idKey.index).replace(/^UserDirectory\s*=/i, '');
    return identity(directory, text.slice(idKey.index + idKey[0].length));
  }
  const onlyKey = /^User(Id|Directory)\s*=/i.exec(text);
  if (onlyKey === null) return undefined;
  const value = text.slice(onlyKey[0].length);
  return onlyKey[1]?.toLowerCase() === 'id' ? identity('', value) : identity(value, '');
}

function parseBackslash(text: string): UserIdentity | undefined {
  const at = text.indexOf('\\');
  return at === -1 ? undefined : identity(text.slice(0, at), text.slice(at + 1));
}

function identity(directory: string, id: string): UserIdentity {
  const name = id.trim() || null;
  return { directory: directory.trim() || null, id: name, user: name };
}
