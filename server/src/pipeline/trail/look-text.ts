import { type AuditRecord, auditRecordOf } from '../../domain/audit-record.ts';
import type { StoredEvent } from '../../domain/log-entry.ts';
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

/** Somebody looked at the trail. */
export function isLook(event: StoredEvent): boolean {
  return event.origin === 'server' && event.type.startsWith('server.viewer.');
}

/** Who looked; it stands beside the envelope, which is about what they looked at. */
export function viewerOf(event: StoredEvent): string | undefined {
  return isLook(event) ? event.private()?.actor : undefined;
}

/** An event as a row; a look is that of its viewer. */
export function trailRecord(event: StoredEvent, outcome?: StoredEvent): AuditRecord {
  const record = auditRecordOf(event, outcome);
  const viewer = viewerOf(event);
  return viewer === undefined ? record : { ...record, userId: viewer, userName: viewer };
}

function filterText(name: string, value: unknown): string {
  const values = (Array.isArray(value) ? value : [value]).map(String);
  const some = values.length > SHOWN_VALUES ? [...values.slice(0, SHOWN_VALUES), '…'] : values;
  return name === 'q' ? `“${some.join(' ')}”` : `${name} ${some.join(' or ')}`;
}
