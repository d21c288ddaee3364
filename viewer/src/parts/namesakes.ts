import type { TrailUser } from '../../../server/src/domain/trail.ts';

/** The same for all notations of one user. */
export function personOf(user: TrailUser | null): string {
  return user === null ? '' : `${user.directory ?? ''}\\${user.name}`.toLowerCase();
}

/** Names that several users have, in small letters: of those the directory is shown, too. */
export function namesakesOf(users: readonly (TrailUser | null)[]): ReadonlySet<string> {
  const persons = new Map<string, string>();
  const shared = new Set<string>();
  for (const user of users) {
    if (user === null) continue;
    const [name, person] = [user.name.toLowerCase(), personOf(user)];
    if ((persons.get(name) ?? person) !== person) shared.add(name);
    persons.set(name, person);
  }
  return shared;
}
