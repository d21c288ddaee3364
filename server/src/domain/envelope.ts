import { parseRfc3339 } from './rfc3339.ts';
import {
  missingMember,
  notAllowed,
  outOfBounds,
  type SchemaError,
  tooShort,
  wrongFormat,
  wrongType,
} from './schema-error.ts';

/** What every event has. Members beyond these may stand anywhere and are kept. */
export interface Envelope {
  readonly schemaVersion: number;
  readonly eventId: string;
  /** RFC 3339 date-time; the browser's clock. */
  readonly timestamp: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
  readonly source?: { readonly kind?: string; readonly name?: string; readonly version?: string };
}

const SOURCE_KINDS = ['qlik-sense-extension'];
const SOURCE_NAMES = ['audit-qs', 'butler-sos-audit'];

const NO_ERRORS: readonly SchemaError[] = Object.freeze([]);

/** Everything that is wrong with the shape of an envelope; empty = `value` is an `Envelope`. Nothing is coerced. */
export function envelopeErrors(value: unknown): readonly SchemaError[] {
  if (!isObject(value)) return [wrongType('', 'object')];
  return isPlainEnvelope(value) ? NO_ERRORS : collectErrors(value);
}

/** The same rules as `collectErrors`, for the events that break none of them. */
function isPlainEnvelope({
  schemaVersion,
  eventId,
  timestamp,
  type,
  payload,
  correlationId,
  source,
}: Members): boolean {
  return (
    Number.isInteger(schemaVersion) &&
    (schemaVersion as number) >= 1 &&
    typeof eventId === 'string' &&
    typeof timestamp === 'string' &&
    parseRfc3339(timestamp) !== undefined &&
    typeof type === 'string' &&
    type !== '' &&
    isObject(payload) &&
    (correlationId === undefined || typeof correlationId === 'string') &&
    (source === undefined || (isObject(source) && sourceErrors(source).length === 0))
  );
}

function collectErrors(value: Members): readonly SchemaError[] {
  const { schemaVersion, eventId, timestamp, type, payload, correlationId, source } = value;
  const errors: SchemaError[] = [];
  for (const name of ['schemaVersion', 'eventId', 'timestamp', 'type', 'payload']) {
    if (value[name] === undefined) errors.push(missingMember('', name));
  }
  if (schemaVersion !== undefined) {
    if (!Number.isInteger(schemaVersion)) errors.push(wrongType('/schemaVersion', 'integer'));
    else if ((schemaVersion as number) < 1) errors.push(outOfBounds('/schemaVersion', '>=', 1));
  }
  if (eventId !== undefined && typeof eventId !== 'string') errors.push(wrongType('/eventId', 'string'));
  if (timestamp !== undefined) {
    if (typeof timestamp !== 'string') errors.push(wrongType('/timestamp', 'string'));
    else if (parseRfc3339(timestamp) === undefined) errors.push(wrongFormat('/timestamp', 'date-time'));
  }
  if (type !== undefined) {
    if (typeof type !== 'string') errors.push(wrongType('/type', 'string'));
    else if (type === '') errors.push(tooShort('/type', 1));
  }
  if (payload !== undefined && !isObject(payload)) errors.push(wrongType('/payload', 'object'));
  if (correlationId !== undefined && typeof correlationId !== 'string') {
    errors.push(wrongType('/correlationId', 'string'));
  }
  if (source !== undefined) {
    if (!isObject(source)) errors.push(wrongType('/source', 'object'));
    else errors.push(...sourceErrors(source));
  }
  return errors;
}

function sourceErrors({ kind, name, version }: Members): readonly SchemaError[] {
  if (isOneOf(kind, SOURCE_KINDS) && isOneOf(name, SOURCE_NAMES) && isText(version)) return NO_ERRORS;
  const errors: SchemaError[] = [];
  if (!isOneOf(kind, SOURCE_KINDS)) errors.push(notAllowed('/source/kind', SOURCE_KINDS));
  if (!isOneOf(name, SOURCE_NAMES)) errors.push(notAllowed('/source/name', SOURCE_NAMES));
  if (!isText(version)) errors.push(wrongType('/source/version', 'string'));
  return errors;
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Or absent. */
function isOneOf(value: unknown, allowed: readonly string[]): boolean {
  return value === undefined || allowed.includes(value as string);
}

/** Or absent. */
function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
