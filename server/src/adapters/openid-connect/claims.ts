import type { ProvidedUser } from '../../pipeline/ports/identity-provider.ts';

export type Claims = Readonly<Record<string, unknown>>;

const MAX_NAME_LENGTH = 200;
/** An account can be in many groups; a token that says more is no account's. */
const MAX_ROLES = 1000;

/** A claim by its name, or by the path to it: `realm_access.roles`. A name with dots in it goes first. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let found: unknown = claims;
  for (const key of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Claims)[key];
  }
  return found;
}

/** One text, or a list of them. */
function rolesIn(claims: Claims, roleClaim: string): readonly string[] {
  const value = claimAt(claims, roleClaim);
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string').slice(0, MAX_ROLES);
}

/**
 * Whom these claims name.
 * @returns the reason, when they name nobody
 */
export function userIn(claims: Claims, userClaim: string, roleClaim: string): ProvidedUser | string {
  const name = claimAt(claims, userClaim);
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    return `there is no claim ${userClaim} with a name`;
  }
  if (userClaim === 'email' && claims.email_verified === false) return 'the email address is not verified';
  return { name, subject: String(claims.sub), roles: rolesIn(claims, roleClaim) };
}
