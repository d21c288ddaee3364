import { ALL_TIME, type Filter, PRESETS, type Range } from '../../filter/filter.ts';
import { PRESET_LABELS, rangeLabel } from '../../filter/range-label.ts';
import { Icon } from '../../parts/icon.tsx';
import { Menu } from '../../parts/menu.tsx';
import { formats, localDay } from '../../text/reader.ts';

interface RangeProps {
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

export function RangeMenu({ filter, change }: RangeProps) {
  const { range } = filter;
  return (
    <Menu
      label={`Time: ${rangeLabel(range, formats)}`}
      button={
        <>
          <Icon name="calendar" size={17} />
          <span class="tool-label">{range.kind === 'between' ? 'Time' : rangeLabel(range, formats)}</span>
        </>
      }
    >
      {(close) => {
        const choose = (next: Range) => {
          close();
          change({ ...filter, range: next });
        };
        return (
          <div class="range-panel">
            <div class="range-presets">
              <Preset label="All time" isChosen={range.kind === 'all'} choose={() => choose(ALL_TIME)} />
              {PRESETS.map((preset) => (
                <Preset
                  key={preset}
                  label={PRESET_LABELS[preset]}
                  isChosen={range.kind === 'last' && range.preset === preset}
                  choose={() => choose({ kind: 'last', preset })}
                />
              ))}
            </div>
            <CustomRange range={range} choose={choose} />
          </div>
        );
      }}
    </Menu>
  );
}

function Preset({
  label,
  isChosen,
  choose,
}: {
  readonly label: string;
  readonly isChosen: boolean;
  readonly choose: () => void;
}) {
  return (
    <button type="button" class="panel-item" aria-pressed={isChosen} onClick={choose}>
      {label}
      {isChosen && <Icon name="check" size={16} />}
    </button>
  );
}

function CustomRange({ range, choose }: { readonly range: Range; readonly choose: (range: Range) => void }) {
  const shown = range.kind === 'between' ? range : { from: null, to: null };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    const iso = (name: string) => {
      const text = String(form.get(name) ?? '');
      return text === '' ? null : new Date(text).toISOString();
    };
    choose(
      iso('from') === null && iso('to') === null ? ALL_TIME : { kind: 'between', from: iso('from'), to: iso('to') },
    );
  };
  return (
    <form class="range-custom" onSubmit={submit}>
      <label class="field">
        <span>From</span>
        <input type="datetime-local" name="from" defaultValue={inputValue(shown.from)} />
      </label>
      <label class="field">
        <span>To</span>
        <input type="datetime-local" name="to" defaultValue={inputValue(shown.to)} />
      </label>
      <button type="submit" class="button">
        Apply
      </button>
      <p class="muted small">Times are in {formats.zone}.</p>
    </form>
  );
}

function inputValue(iso: string | null): string {
  if (iso === null) return '';
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${localDay(at.getTime())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
