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

/** The same for every way to write one name: Qlik Sense compares without case. */
export function comparable(name: string): string {
  return name.trim().normalize('NFKC').toUpperCase();
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

function isDenied(user: LoginUser, deniedUsers: readonly string[]): boolean {
  if (comparable(user.directory) === 'INTERNAL') return true;
  return deniedUsers.some((text) => {
    const denied = parseUserIdentity(text);
    if (denied.directory === null) return denied.user !== null && comparable(denied.user) === comparable(user.id);
    const sameDirectory = comparable(denied.directory) === comparable(user.directory);
    return sameDirectory && (denied.id === null || comparable(denied.id) === comparable(user.id));
  });
}
