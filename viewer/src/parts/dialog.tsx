import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface DialogProps {
  readonly label: string;
  readonly className?: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** Modal; the browser keeps the focus inside and gives it back. */
export function Dialog({ label, className = '', close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it, the click is on what lies behind
    <dialog
      ref={dialog}
      class={`dialog ${className}`}
      aria-label={label}
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <header class="dialog-head">
        <h2>{label}</h2>
        <button type="button" class="button-quiet" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
