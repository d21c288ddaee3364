import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { TrailLogInOptions, TrailRedirect, TrailSession } from '../../../server/src/domain/trail.ts';
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

type Proof = { link: string } | { user: string; password: string } | { callback: string };

/** @throws ApiError when link, password or the provider's answer are refused */
export async function logIn(proof: Proof): Promise<TrailSession> {
  return adopt((await (await change('POST', 'session', proof)).json()) as TrailSession);
}

export function readLogInOptions(): Promise<TrailLogInOptions> {
  return get<TrailLogInOptions>('log-in-options');
}

/** Leaves the page, which comes back to where it is. @throws ApiError when the provider cannot be reached */
export async function goToProvider(): Promise<void> {
  const { url } = (await (await change('POST', 'session/provider')).json()) as TrailRedirect;
  sessionStorage.setItem(RETURN_TO, location.pathname + location.search);
  location.assign(url);
}

/** Where the reader was before the log-in; an address of this page. */
export function returnAddress(): string {
  const address = sessionStorage.getItem(RETURN_TO) ?? '/';
  sessionStorage.removeItem(RETURN_TO);
  return /^\/(?!\/|login\b)/.test(address) ? address : '/';
}

const RETURN_TO = 'audit-trail-return-to';

export async function logOut(): Promise<void> {
  await change('DELETE', 'session');
}

function adopt(session: TrailSession): TrailSession {
  useCsrfToken(session.csrfToken);
  return session;
}
