import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface CopyButtonProps {
  /** A long one is made when it is asked for. */
  readonly text: string | (() => string);
  readonly label: string;
}

export function CopyButton({ text, label }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 1600);
    return () => clearTimeout(timer);
  }, [state]);
  const said = state === 'copied' ? 'Copied' : state === 'failed' ? 'The browser refused' : label;
  return (
    <button
      type="button"
      class="button-quiet copy"
      title={said}
      aria-label={said}
      onClick={() =>
        copy(typeof text === 'string' ? text : text()).then((done) => setState(done ? 'copied' : 'failed'))
      }
    >
      <Icon name={state === 'copied' ? 'check' : 'copy'} size={15} />
      <span class="visually-hidden" role="status">
        {state === 'idle' ? '' : said}
      </span>
    </button>
  );
}

/** Pages without TLS have no clipboard of their own; the old way still works there. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
