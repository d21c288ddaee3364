import { useLayoutEffect, useRef } from 'preact/hooks';
import { Dialog } from '../parts/dialog.tsx';
import { navigate } from '../routing/location.tsx';

const JUMPS: Readonly<Record<string, string>> = { s: '/', u: '/story', i: '/insights', l: '/live', y: '/system' };
const JUMP_WITHIN_MS = 1200;

/** Keys that work everywhere but in text fields. */
export function useShortcuts(openHelp: () => void): void {
  // outlives what is drawn between two keys
  const wentAt = useRef(0);
  // before anything is seen: whoever sees the page may press a key
  useLayoutEffect(() => {
    const listener = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('dialog[open]') !== null) return;
      const isJump = event.timeStamp - wentAt.current < JUMP_WITHIN_MS;
      wentAt.current = event.key === 'g' ? event.timeStamp : 0;
      if (event.key === '?') openHelp();
      else if (event.key === '/') focusSearch();
      else if (isJump && JUMPS[event.key] !== undefined) navigate(JUMPS[event.key] ?? '/');
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, [openHelp]);
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input:not([type="radio"], [type="checkbox"]), textarea, select')
  );
}

/** The box is on the search view alone; elsewhere the key leads there. */
function focusSearch(): void {
  const focus = () => {
    const box = document.querySelector<HTMLInputElement>('#search-box');
    box?.focus();
    box?.select();
    return box !== null;
  };
  // at once, so that the next key finds it there
  if (focus()) return;
  navigate('/');
  requestAnimationFrame(focus);
}

const KEYS: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['/'], 'Go to the search box'],
  [['↓', '↑'], 'Move through suggestions or events'],
  [['j', 'k'], 'The same, within the list'],
  [['Enter'], 'Open'],
  [['Esc'], 'Close, or leave the search box'],
  [['←', '→'], 'In a user story: the day before, the day after'],
  [['g', 's'], 'Search'],
  [['g', 'u'], 'User story'],
  [['g', 'i'], 'Insights'],
  [['g', 'l'], 'Live'],
  [['g', 'y'], 'System, for administrators'],
  [['Space'], 'In Live: pause and go on'],
  [['?'], 'This list'],
];

export function ShortcutHelp({ close }: { readonly close: () => void }) {
  return (
    <Dialog label="Keyboard" className="dialog-small" close={close}>
      <dl class="keys">
        {KEYS.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
