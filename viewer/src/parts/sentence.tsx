import type { TrailEvent } from '../../../server/src/domain/trail.ts';
import { Name, UserName } from './names.tsx';
import { hasPhrase, Phrase } from './phrase.tsx';

interface SentenceProps {
  readonly event: TrailEvent;
  /** The server's words, for events that the page has none for. */
  readonly fallback: string;
}

/** `Anna selected Region = Europe, Asia in Sales / Overview`, with what matters in bold. */
export function Sentence({ event, fallback }: SentenceProps) {
  if (!hasPhrase(event)) return <Name text={fallback} max={300} />;
  const app = event.appName ?? event.appId;
  const sheet = event.sheetName ?? event.sheetId;
  return (
    <span class="sentence">
      <strong>
        <UserName user={event.user} />
      </strong>{' '}
      <Phrase event={event} />
      {app !== null && (
        <>
          {' in '}
          <em>
            <Name text={app} max={120} />
            {sheet !== null && (
              <>
                {' / '}
                <Name text={sheet} max={120} />
              </>
            )}
          </em>
        </>
      )}
    </span>
  );
}
