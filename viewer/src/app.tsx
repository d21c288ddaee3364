import { useCallback, useEffect, useState } from 'preact/hooks';
import type { TrailSession } from '../../server/src/domain/trail.ts';
import { ApiError, whenLoggedOut } from './api/request.ts';
import { asApiError, forgetAll } from './api/resource.ts';
import { Empty, Failure } from './parts/states.tsx';
import { Link, navigate, usePlace } from './routing/location.tsx';
import { logIn, logOut, readSession, returnAddress, SessionContext } from './shell/session.ts';
import { Shell } from './shell/shell.tsx';
import { EventView } from './views/event/event-view.tsx';
import { InsightsView } from './views/insights/insights-view.tsx';
import { LiveView } from './views/live/live-view.tsx';
import { LoginView } from './views/login/login-view.tsx';
import { SearchView } from './views/search/search-view.tsx';
import { StoryView } from './views/story/story-view.tsx';
import { SystemView } from './views/system/system-view.tsx';
import { TransactionView } from './views/transaction/transaction-view.tsx';

type State =
  | { readonly kind: 'starting' }
  | { readonly kind: 'logged-out'; readonly error?: ApiError }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'open'; readonly session: TrailSession };

const SESSION_ENDED = new ApiError(401, 'SESSION_ENDED', 'Your session has ended. Log in to go on where you were.');

export function App() {
  const [state, setState] = useState<State>({ kind: 'starting' });
  const opened = useCallback((session: TrailSession) => {
    if (location.pathname === '/login') navigate('/', { replace: true });
    setState({ kind: 'open', session });
  }, []);
  const start = useCallback(() => {
    openSession().then(opened, (thrown: unknown) => setState(stateAfter(asApiError(thrown))));
  }, [opened]);
  useEffect(() => {
    whenLoggedOut(() => {
      forgetAll();
      setState({ kind: 'logged-out', error: SESSION_ENDED });
    });
    start();
  }, [start]);
  if (state.kind === 'starting') return null;
  if (state.kind === 'failed') return <Failure error={state.error} retry={start} />;
  if (state.kind === 'logged-out') {
    return <LoginView {...(state.error === undefined ? {} : { error: state.error })} opened={opened} />;
  }
  const leave = () => {
    logOut().then(
      () => {
        forgetAll();
        navigate('/', { replace: true });
        setState({ kind: 'logged-out' });
      },
      // who believes to be logged out and is not should know
      (thrown: unknown) => setState({ kind: 'failed', error: asApiError(thrown) }),
    );
  };
  return (
    <SessionContext.Provider value={state.session}>
      <Shell leave={leave}>
        <View />
      </Shell>
    </SessionContext.Provider>
  );
}

/** A link from the server's start, `#link=TOKEN`, or an identity provider's answer opens a session, and goes from the address at once. */
async function openSession(): Promise<TrailSession> {
  const link = /^#link=(.+)$/.exec(location.hash)?.[1];
  const callback = providerAnswer();
  if (link === undefined && callback === undefined) return readSession();
  if (callback !== undefined) navigate(returnAddress(), { replace: true });
  else history.replaceState(history.state, '', location.pathname + location.search);
  try {
    return await logIn(callback !== undefined ? { callback } : { link: decodeURIComponent(link ?? '') });
  } catch (thrown) {
    // what was used before is no reason to lock out somebody who is logged in
    return readSession().catch(() => {
      throw thrown;
    });
  }
}

/** The query with which an identity provider sends people back. */
function providerAnswer(): string | undefined {
  const query = new URLSearchParams(location.search);
  const isAnswer = location.pathname === '/login' && query.has('state') && (query.has('code') || query.has('error'));
  return isAnswer ? location.search.slice(1) : undefined;
}

/** Who is not logged in needs no reason; who was refused does. */
function stateAfter(error: ApiError): State {
  if (error.code === 'NOT_LOGGED_IN') return { kind: 'logged-out' };
  if (error.status >= 400 && error.status < 500) return { kind: 'logged-out', error };
  return { kind: 'failed', error };
}

function View() {
  const { path } = usePlace();
  const [, area = '', id = ''] = path.split('/').map(decoded);
  if (area === '') return <SearchView />;
  if (area === 'events' && id !== '') return <EventView key={id} eventId={id} />;
  if (area === 'transactions' && id !== '') return <TransactionView key={id} id={id} />;
  if (area === 'story') return <StoryView />;
  if (area === 'insights') return <InsightsView />;
  if (area === 'live') return <LiveView />;
  if (area === 'system') return <SystemView />;
  return (
    <Empty icon="search" title="There is no such page">
      <p>
        The address may have been cut off. <Link href="/">Search the trail</Link> instead.
      </p>
    </Empty>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
