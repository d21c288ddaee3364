import type { JsonSchema } from '../../../pipeline/ports/destination.ts';

/**
 * Destinations that files may name already and that this version does not have. When one is built, its folder brings the
 * schema, and it goes away here.
 */
export interface UnavailableDestination {
  readonly type: string;
  readonly jsonSchema: JsonSchema;
}

export const UNAVAILABLE_DESTINATIONS: readonly UnavailableDestination[] = [
  { type: 'postgresql', jsonSchema: { description: 'PostgreSQL.', type: 'object', default: {} } },
  { type: 'mongodb', jsonSchema: { description: 'MongoDB.', type: 'object', default: {} } },
  { type: 'mqtt', jsonSchema: { description: 'MQTT.', type: 'object', default: {} } },
  { type: 'webhook', jsonSchema: { description: 'HTTP webhooks.', type: 'object', default: {} } },
];
