import { membersOf } from '../../domain/payload-member.ts';

const SHOWN_LENGTH = 400;
const SHOWN_VALUES = 20;

/**
 * What somebody asked for who looked at the trail, in a line: `summary, “nordics”, user LAB\anna`. Null: everything, or
 * nothing that could be said.
 * @param envelope of a `server.viewer.*` record
 */
export function lookText(envelope: unknown): string | null {
  const payload = membersOf(membersOf(envelope).payload);
  const { what, state, rows } = payload;
  const facts = [
    what === 'events' ? undefined : what,
    ...['id', 'variant', 'eventId', 'format'].map((name) => payload[name]),
    typeof rows === 'number' ? `${rows} rows` : undefined,
    state === 'complete' ? undefined : state,
    ...['destination', 'reason', 'with', 'address'].map((name) => payload[name]),
    ...Object.entries(membersOf(payload.filter)).map(([name, value]) => filterText(name, value)),
  ];
  const text = facts.filter((fact) => typeof fact === 'string' && fact !== '').join(', ');
  if (text === '') return null;
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH).toWellFormed()}…` : text;
}

function filterText(name: string, value: unknown): string {
  const values = (Array.isArray(value) ? value : [value]).map(String);
  const some = values.length > SHOWN_VALUES ? [...values.slice(0, SHOWN_VALUES), '…'] : values;
  return name === 'q' ? `“${some.join(' ')}”` : `${name} ${some.join(' or ')}`;
}
