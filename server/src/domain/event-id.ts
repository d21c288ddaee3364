const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Any version, any case, with hyphens and nothing around it. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && value.length === 36 && UUID.test(value);
}

/** The id under which an event is known: ids compare in lower case; the envelope keeps the spelling that was sent. */
export function comparableEventId(eventId: string): string {
  return eventId.toLowerCase();
}
