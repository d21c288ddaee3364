import { useEffect, useRef, useState } from 'preact/hooks';
import type { TrailSession } from '../../../../server/src/domain/trail.ts';
import type { ApiError } from '../../api/request.ts';
import { asApiError } from '../../api/resource.ts';
import { Icon } from '../../parts/icon.tsx';
import { goToProvider, logIn, readLogInOptions } from '../../shell/session.ts';
import { Logo } from '../../shell/shell.tsx';

interface LoginProps {
  /** Why a link did not open the page. */
  readonly error?: ApiError;
  readonly opened: (session: TrailSession) => void;
}

export function LoginView({ error: linkError, opened }: LoginProps) {
  const [error, setError] = useState(linkError);
  const [isBusy, setBusy] = useState(false);
  const [provider, setProvider] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = 'Log in · Audit trail';
    // who was typing elsewhere when the session ended does not type on into the name
    if (linkError?.code === 'SESSION_ENDED') title.current?.focus();
    else first.current?.focus();
    // without an answer there are the other ways in
    readLogInOptions().then(
      (options) => setProvider(options.provider?.label ?? null),
      () => {},
    );
  }, []);
  const goElsewhere = async () => {
    setBusy(true);
    try {
      await goToProvider();
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      opened(await logIn({ user: String(form.get('user')), password: String(form.get('password')) }));
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <Logo />
        <h1 ref={title} tabIndex={-1}>
          Audit trail
        </h1>
        <p class="muted">Who looked at what in Qlik Sense, when, and what was on the screen.</p>
        {error !== undefined && (
          <p class="notice notice-bad" role="alert">
            <Icon name="warning" size={17} />
            <span>{error.message}</span>
          </p>
        )}
        <label class="field">
          <span>User name</span>
          <input ref={first} name="user" autocomplete="username" autocapitalize="none" spellcheck={false} required />
        </label>
        <label class="field">
          <span>Password</span>
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <button class="button button-strong" type="submit" disabled={isBusy}>
          {isBusy ? 'Logging in…' : 'Log in'}
        </button>
        {provider !== null && (
          <>
            <p class="login-or">or</p>
            <button class="button" type="button" disabled={isBusy} onClick={goElsewhere}>
              Log in with {provider}
            </button>
          </>
        )}
        <p class="login-hint">
          <Icon name="key" size={16} />
          <span>
            On the server itself? Open the link that it printed when it started, or make a new one with{' '}
            <code>butler-sos-audit open</code>.
          </span>
        </p>
      </form>
    </main>
  );
}
