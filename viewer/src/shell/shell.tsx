import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Menu } from '../parts/menu.tsx';
import { Avatar } from '../parts/names.tsx';
import { Segmented } from '../parts/segmented.tsx';
import { Link, usePlace } from '../routing/location.tsx';
import { useSession } from './session.ts';
import { ShortcutHelp, useShortcuts } from './shortcuts.tsx';
import { applyTheme, readTheme, type Theme } from './theme.ts';

interface Area {
  readonly href: string;
  readonly label: string;
  readonly icon: IconName;
  readonly isForAdmins?: true;
  /** Addresses below belong to it too. */
  readonly also?: readonly string[];
}

const AREAS: readonly Area[] = [
  { href: '/', label: 'Search', icon: 'search', also: ['/events', '/transactions'] },
  { href: '/story', label: 'User story', icon: 'story' },
  { href: '/insights', label: 'Insights', icon: 'insights' },
  { href: '/live', label: 'Live', icon: 'live' },
  { href: '/system', label: 'System', icon: 'system', isForAdmins: true },
];

export function Shell({ children, leave }: { readonly children: ComponentChildren; readonly leave: () => void }) {
  const session = useSession();
  const { path } = usePlace();
  const main = useFocusKept();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts(() => setHelpOpen(true));
  const areas = AREAS.filter((area) => area.isForAdmins === undefined || session.role === 'admin');
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <nav class="nav" aria-label="Areas">
        <Link class="brand" href="/" aria-label="Audit trail: start">
          <Logo />
          <span class="brand-name">Audit trail</span>
        </Link>
        <ul>
          {areas.map((area) => (
            <li key={area.href}>
              <Link class="nav-link" href={area.href} aria-current={isWithin(path, area) ? 'page' : undefined}>
                <Icon name={area.icon} size={19} />
                <span>{area.label}</span>
              </Link>
            </li>
          ))}
        </ul>
        <div class="nav-foot">
          <button type="button" class="nav-link nav-help" onClick={() => setHelpOpen(true)}>
            <Icon name="help" size={19} />
            <span>Keyboard</span>
            <kbd>?</kbd>
          </button>
          <AccountMenu leave={leave} />
        </div>
      </nav>
      <main ref={main} class="main" id="main" tabIndex={-1}>
        {children}
      </main>
      {isHelpOpen && <ShortcutHelp close={() => setHelpOpen(false)} />}
    </div>
  );
}

/** What had the focus may be gone with the view before; then keys and screen readers go on in the content. */
function useFocusKept() {
  const main = useRef<HTMLElement>(null);
  const place = usePlace();
  const first = useRef(place);
  useEffect(() => {
    if (place !== first.current && document.activeElement === document.body)
      main.current?.focus({ preventScroll: true });
  }, [place]);
  return main;
}

function isWithin(path: string, { href, also = [] }: Area): boolean {
  return path === href || also.some((one) => path.startsWith(`${one}/`));
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 20.5V24M13.3 14v10M18.7 17v7M24 8v16" />
    </svg>
  );
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ['auto', 'Auto'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function AccountMenu({ leave }: { readonly leave: () => void }) {
  const session = useSession();
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => applyTheme(theme), [theme]);
  const rights = [
    session.apps === null ? 'all apps' : `${session.apps.length} ${session.apps.length === 1 ? 'app' : 'apps'}`,
    session.maySeePictures ? 'pictures' : 'no pictures',
    session.maySeeObjectData ? 'object data' : 'no object data',
  ];
  return (
    <Menu
      label={`Account and appearance: ${session.name}`}
      align="start"
      buttonClass="nav-link account"
      button={
        <>
          <Avatar user={{ id: session.name, directory: null, name: session.name }} />
          <span class="account-name">{session.name}</span>
        </>
      }
    >
      {() => (
        <div class="account-panel">
          <p class="panel-title">{session.name}</p>
          <p class="muted small">
            {session.role === 'admin' ? 'Administrator' : 'Reader'}: {rights.join(', ')}
          </p>
          <Segmented label="Appearance" value={theme} options={THEMES} choose={setTheme} />
          <button type="button" class="panel-item" onClick={leave}>
            <Icon name="exit" size={16} /> Log out
          </button>
        </div>
      )}
    </Menu>
  );
}
