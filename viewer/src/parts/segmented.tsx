interface SegmentedProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, label: string])[];
  readonly choose: (value: T) => void;
}

/** One of a few; radio buttons by nature, so arrows move between them. */
export function Segmented<T extends string>({ label, value, options, choose }: SegmentedProps<T>) {
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{label}</legend>
      {options.map(([one, text]) => (
        <label key={one} class={one === value ? 'is-chosen' : ''}>
          <input
            type="radio"
            class="visually-hidden"
            name={label}
            checked={one === value}
            onChange={() => choose(one)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
