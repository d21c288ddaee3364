/**
 * Where Audit.qs puts things below `payload`: what the user looked at in `payload.context`, what happened in
 * `payload.event`. Each member is also accepted at the other two places, so that a client that nests differently still
 * fills its columns. The first place whose value is present and not null wins (docs/audit-record.md has the table).
 * Validation at the door (event-content.ts) looks through the same functions, so both speak of the same value.
 */

type Members = Readonly<Record<string, unknown>>;

const NO_MEMBERS: Members = Object.freeze(Object.create(null));

export interface PayloadPlaces {
  readonly payload: Members;
  readonly context: Members;
  readonly event: Members;
}

export interface FoundMember {
  readonly value: unknown;
  /** JSON pointer from the envelope: `/payload/event/duration`. */
  readonly path: string;
}

/** Never throws; a place that is absent or not an object has no members. */
export function payloadPlaces(envelope: unknown): PayloadPlaces {
  const payload = membersOf(membersOf(envelope).payload);
  return { payload, context: membersOf(payload.context), event: membersOf(payload.event) };
}

/** An object's members; none for anything else. */
export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : NO_MEMBERS;
}

/** What happened: `payload.event.X`, then `payload.X`, then `payload.context.X`. */
export function eventValue(places: PayloadPlaces, name: string): unknown {
  return places.event[name] ?? places.payload[name] ?? places.context[name];
}

/** Where it happened: `payload.context.X`, then `payload.X`, then `payload.event.X`. */
export function contextValue(places: PayloadPlaces, name: string): unknown {
  return places.context[name] ?? places.payload[name] ?? places.event[name];
}

/** `eventValue` with the place where it was found; undefined when it is nowhere. */
export function findEventMember(places: PayloadPlaces, name: string): FoundMember | undefined {
  return find(name, [
    [places.event, '/payload/event'],
    [places.payload, '/payload'],
    [places.context, '/payload/context'],
  ]);
}

/** `contextValue` with the place where it was found; undefined when it is nowhere. */
export function findContextMember(places: PayloadPlaces, name: string): FoundMember | undefined {
  return find(name, [
    [places.context, '/payload/context'],
    [places.payload, '/payload'],
    [places.event, '/payload/event'],
  ]);
}

function find(name: string, order: readonly (readonly [Members, string])[]): FoundMember | undefined {
  for (const [members, path] of order) {
    const value = members[name];
    if (value !== undefined && value !== null) return { value, path: `${path}/${name}` };
  }
  return undefined;
}
