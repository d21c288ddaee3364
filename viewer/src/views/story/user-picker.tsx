import { useEffect, useState } from 'preact/hooks';
import type { TrailUser } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { rememberName } from '../../parts/known-names.ts';
import { Avatar, Name } from '../../parts/names.tsx';
import { Empty, Failure, Skeleton } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { storyAddress } from '../../routing/addresses.ts';
import { Link } from '../../routing/location.tsx';
import { formats, localDay } from '../../text/reader.ts';

type SeenUser = TrailUser & { readonly events: number; readonly firstSeen: string; readonly lastSeen: string };

const SHOWN = 60;

/** Whose story? */
export function UserPicker() {
  const [text, setText] = useState('');
  const { data, error, isLoading, reload } = useResource(`users ${text}`, async (signal) => {
    const query = new URLSearchParams({ limit: String(SHOWN) });
    if (text.trim() !== '') query.set('q', text.trim());
    const { items } = await get<{ readonly items: readonly SeenUser[] }>('users', query, signal);
    for (const { id, name } of items) rememberName('user', id, name);
    return items;
  });
  useEffect(() => {
    document.title = 'User story · Audit trail';
  }, []);
  return (
    <div class="view">
      <header class="view-head">
        <h1>User story</h1>
        <label class="field picker-field">
          <span class="visually-hidden">Find a user</span>
          <input
            type="search"
            placeholder="Find a user"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </header>
      <p class="muted">One user’s day: which sheets, for how long, with which selections and pictures.</p>
      {error !== undefined ? (
        <Failure error={error} retry={reload} />
      ) : data === undefined ? (
        <Skeleton lines={8} label="Loading users" />
      ) : data.length === 0 && !isLoading ? (
        <Empty icon="user" title="No such user">
          <p>Names are matched from their beginnings. Try fewer letters.</p>
        </Empty>
      ) : (
        <ul class="people">
          {data.map((user) => (
            <li key={user.id}>
              <Link class="person" href={storyAddress(user.id, localDay(Date.parse(user.lastSeen)))}>
                <Avatar user={user} size="large" />
                <span class="person-text">
                  <strong class="clip">
                    <Name text={user.name} max={80} />
                  </strong>
                  <span class="muted small clip">
                    {user.directory !== null && (
                      <>
                        <Name text={user.directory} max={40} /> ·{' '}
                      </>
                    )}
                    {formats.number(user.events)} events · last <When at={user.lastSeen} style="dayShort" />
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
