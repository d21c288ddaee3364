import {
  ALL_TIME,
  type Filter,
  isEmpty,
  LIST_NAMES,
  type ListName,
  NO_FILTER,
  withoutValue,
} from '../../filter/filter.ts';
import { rangeLabel } from '../../filter/range-label.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { nameOf } from '../../parts/known-names.ts';
import { Name } from '../../parts/names.tsx';
import { clipped } from '../../text/formats.ts';
import { formats } from '../../text/reader.ts';

const CHIP_LOOKS: Readonly<Record<ListName, readonly [icon: IconName, label: string]>> = {
  user: ['user', 'User'],
  appId: ['app', 'App'],
  sheetId: ['sheet', 'Sheet'],
  objectId: ['object', 'Object'],
  eventType: ['filter', 'Kind'],
  selectionTxnId: ['transaction', 'Transaction'],
  correlationId: ['hash', 'Correlation'],
  hour: ['clock', 'Hour'],
  weekday: ['calendar', 'Weekday'],
};

interface ChipsProps {
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

export function FilterChips({ filter, change }: ChipsProps) {
  if (isEmpty({ ...filter, q: '' })) return null;
  return (
    <ul class="chips" aria-label="Filters">
      {filter.range.kind !== 'all' && (
        <Chip
          icon="calendar"
          label="Time"
          text={rangeLabel(filter.range, formats)}
          remove={() => change({ ...filter, range: ALL_TIME })}
        />
      )}
      {LIST_NAMES.flatMap((name) =>
        (filter.lists[name] ?? []).map((value) => (
          <Chip
            key={name + value}
            icon={CHIP_LOOKS[name][0]}
            label={CHIP_LOOKS[name][1]}
            text={nameOf(name, value)}
            remove={() => change(withoutValue(filter, name, value))}
          />
        )),
      )}
      <li>
        <button type="button" class="button-quiet small" onClick={() => change(NO_FILTER)}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

interface ChipProps {
  readonly icon: IconName;
  readonly label: string;
  readonly text: string;
  readonly remove: () => void;
}

function Chip({ icon, label, text, remove }: ChipProps) {
  return (
    <li class="chip">
      <Icon name={icon} size={15} />
      <span class="visually-hidden">{label}: </span>
      <span class="chip-text">
        <Name text={text} max={60} />
      </span>
      <button type="button" aria-label={`Remove the filter ${label} ${clipped(text, 60)}`} onClick={remove}>
        <Icon name="close" size={13} />
      </button>
    </li>
  );
}
