import type { TrailApp, TrailUser } from '../../../../server/src/domain/trail.ts';
import { get } from '../../api/request.ts';
import { useResource } from '../../api/resource.ts';
import { type Filter, type ListName, withoutValue, withValue } from '../../filter/filter.ts';
import { CLIENT_TYPES, LOOKS_AT_TRAIL, lookOf } from '../../parts/event-types.ts';
import { Icon } from '../../parts/icon.tsx';
import { nameOf, rememberName } from '../../parts/known-names.ts';
import { Menu } from '../../parts/menu.tsx';
import { Name } from '../../parts/names.tsx';

interface FilterMenuProps {
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

/** For those who would rather point than type. */
export function FilterMenu({ filter, change }: FilterMenuProps) {
  const count = Object.values(filter.lists).reduce((sum, values) => sum + (values?.length ?? 0), 0);
  return (
    <Menu
      label={count === 0 ? 'Filter by kind, app or user' : `Filter by kind, app or user, ${count} chosen`}
      button={
        <>
          <Icon name="filter" size={17} />
          <span class="tool-label">Filter</span>
          {count > 0 && <span class="count" data-count={count} />}
        </>
      }
    >
      {() => <FilterPanel filter={filter} change={change} />}
    </Menu>
  );
}

const SHOWN = 8;

function FilterPanel({ filter, change }: FilterMenuProps) {
  const apps = useResource('menu apps', async (signal) => {
    const { items } = await get<{ readonly items: readonly TrailApp[] }>('apps', undefined, signal);
    for (const { appId, appName } of items) rememberName('appId', appId, appName);
    return items.toSorted((a, b) => b.events - a.events).slice(0, SHOWN);
  });
  const users = useResource('menu users', async (signal) => {
    const query = new URLSearchParams({ limit: String(SHOWN) });
    const { items } = await get<{ readonly items: readonly TrailUser[] }>('users', query, signal);
    for (const { id, name } of items) rememberName('user', id, name);
    return items;
  });
  const toggle = (list: ListName, value: string, isOn: boolean) =>
    change(isOn ? withValue(filter, list, value) : withoutValue(filter, list, value));
  const section = (title: string, list: ListName, values: readonly (readonly [value: string, label: string])[]) =>
    values.length > 0 && (
      <fieldset class="filter-section">
        <legend>{title}</legend>
        {values.map(([value, label]) => (
          <label key={value} class="check">
            <input
              type="checkbox"
              checked={filter.lists[list]?.includes(value) ?? false}
              onChange={(event) => toggle(list, value, event.currentTarget.checked)}
            />
            <span class="clip">
              <Name text={label} max={80} />
            </span>
          </label>
        ))}
      </fieldset>
    );
  return (
    <div class="filter-panel">
      {section(
        'Kind of event',
        'eventType',
        [...CLIENT_TYPES, LOOKS_AT_TRAIL].map((type) => [type, lookOf(type).label]),
      )}
      {section(
        'App',
        'appId',
        (apps.data ?? []).map(({ appId }) => [appId, nameOf('appId', appId)]),
      )}
      {section(
        'User',
        'user',
        (users.data ?? []).map(({ id }) => [id, nameOf('user', id)]),
      )}
    </div>
  );
}
