import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TrailSession } from '../../../server/src/domain/trail.ts';
import { change, get, useCsrfToken } from '../api/request.ts';

export const SessionContext = createContext<TrailSession | undefined>(undefined);

/** Who looks. @throws Error outside of a session */
export function useSession(): TrailSession {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('This view needs a session.');
  return session;
}

/** @throws ApiError 401 without one */
export async function readSession(): Promise<TrailSession> {
  return adopt(await get<TrailSession>('session'));
}

/** @throws ApiError when link or password are refused */
export async function logIn(proof: { link: string } | { user: string; password: string }): Promise<TrailSession> {
  return adopt((await (await change('POST', 'session', proof)).json()) as TrailSession);
}

export async function logOut(): Promise<void> {
  await change('DELETE', 'session');
}

function adopt(session: TrailSession): TrailSession {
  useCsrfToken(session.csrfToken);
  return session;
}
