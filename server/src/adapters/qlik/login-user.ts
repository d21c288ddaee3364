import { parseUserIdentity } from '../../domain/user-identity.ts';
import type { LoginOptions } from './options.ts';

/** Whom a ticket is asked for. */
export interface LoginUser {
  readonly directory: string;
  readonly id: string;
}

export type LoginUserChoice =
  | { readonly kind: 'user'; readonly user: LoginUser }
  /** Nobody that a ticket could be asked for. */
  | { readonly kind: 'unknown' }
  /** The directory INTERNAL, or one of `deniedUsers`. */
  | { readonly kind: 'denied'; readonly user: LoginUser };

/** Whose ticket fetches the picture: the configured user's, or that of the user whom the event names, never another's. */
export function chooseLoginUser(auth: LoginOptions, userIdentity: string | null): LoginUserChoice {
  const { directory, id } = auth.mode === 'qpsTicket' ? configuredUser(auth) : parseUserIdentity(userIdentity ?? '');
  if (!isName(directory) || !isName(id)) return { kind: 'unknown' };
  const user = { directory, id };
  return isDenied(user, auth.deniedUsers) ? { kind: 'denied', user } : { kind: 'user', user };
}

/** `DIRECTORY\user`, for people. */
export function nameOf({ directory, id }: LoginUser): string {
  return `${directory}\\${id}`;
}

/** The same for the spellings of one user: Qlik Sense compares without case. Never for two users: they would share a session. */
export function sameUserName(name: string): string {
  return name.trim().toLowerCase();
}

function configuredUser({ qps }: LoginOptions): { readonly directory?: string; readonly id?: string } {
  return {
    ...(qps.userDirectory === undefined ? {} : { directory: qps.userDirectory }),
    ...(qps.userId === undefined ? {} : { id: qps.userId }),
  };
}

/** The Qlik Proxy Service takes no blank names and no backslash in them. */
function isName(name: string | null | undefined): name is string {
  return typeof name === 'string' && name.trim() !== '' && !/[\\\p{Cc}]/u.test(name);
}

/** The same for all that could be taken for one name, invisible characters and all. For denials only. */
function lookalike(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toUpperCase();
}

function isDenied(user: LoginUser, deniedUsers: readonly string[]): boolean {
  if (lookalike(user.directory) === 'INTERNAL') return true;
  return deniedUsers.some((text) => {
    const denied = parseUserIdentity(text);
    if (denied.directory === null) return denied.user !== null && lookalike(denied.user) === lookalike(user.id);
    const sameDirectory = lookalike(denied.directory) === lookalike(user.directory);
    return sameDirectory && (denied.id === null || lookalike(denied.id) === lookalike(user.id));
  });
}
