import type { ComponentChildren } from 'preact';
import { useSyncExternalStore } from 'preact/compat';

/** Where the reader is; everything that can be shared stands in it. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Tells visits of one address apart, so that going back finds its scroll position again. */
  readonly visit: string;
}

const listeners = new Set<() => void>();
let visits = 0;
let present = read();

function read(): Place {
  const state: unknown = history.state;
  const visit = typeof state === 'object' && state !== null && 'visit' in state ? String(state.visit) : 'first';
  return { path: location.pathname, query: new URLSearchParams(location.search), visit };
}

function tell(): void {
  present = read();
  for (const listener of listeners) listener();
}

window.addEventListener('popstate', tell);

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => present);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param href path and query of this page */
export function navigate(href: string, options: { readonly replace?: boolean } = {}): void {
  if (href === location.pathname + location.search) return;
  if (options.replace) history.replaceState({ visit: present.visit }, '', href);
  else {
    visits += 1;
    history.pushState({ visit: `${Date.now()}-${visits}` }, '', href);
  }
  tell();
}

interface LinkProps {
  /** Path and query of this page. */
  readonly href: string;
  readonly class?: string;
  readonly 'aria-label'?: string;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
  readonly title?: string | undefined;
  /** -1: by mouse alone, where the keyboard has another way. */
  readonly tabIndex?: -1;
  readonly children?: ComponentChildren;
}

/** A link within the page. New tabs, middle clicks and downloads stay the browser's. */
export function Link({ href, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(href);
      }}
    />
  );
}
