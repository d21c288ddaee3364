import type { Envelope } from './envelope.ts';
import { isUuid } from './event-id.ts';
import { type FoundMember, findEventMember, type PayloadPlaces, payloadPlaces } from './payload-member.ts';
import { parseRfc3339 } from './rfc3339.ts';
import {
  broken,
  missingMember,
  outOfBounds,
  type SchemaError,
  tooLong,
  tooShort,
  wrongFormat,
  wrongType,
} from './schema-error.ts';

/** Why an event whose envelope is right is refused all the same. */
export interface ContentFault {
  readonly reason: 'One or more constraint violations' | 'Payload validation failed';
  /** Every one of them. */
  readonly errors: readonly SchemaError[];
}

/** Types of records that the server itself writes (rule 3). */
const SERVER_TYPES = 'server.';

/**
 * The rules for what an event says, by its type. A type without rules, known or not, is stored as it is: an audit trail
 * loses nothing that it can store. Long names are stored too.
 * @returns undefined: nothing is wrong
 */
export function contentFault(envelope: Envelope): ContentFault | undefined {
  const constraints = constraintErrors(envelope);
  const members = new MemberRules(payloadPlaces(envelope));
  RULES.get(envelope.type)?.(members);
  if (constraints === undefined && members.errors === undefined) return undefined;
  return {
    reason: constraints === undefined ? 'Payload validation failed' : 'One or more constraint violations',
    errors: [...(constraints ?? []), ...(members.errors ?? [])],
  };
}

/** What holds for events of every type. */
function constraintErrors({ eventId, correlationId, type, payload }: Envelope): SchemaError[] | undefined {
  let errors: SchemaError[] | undefined;
  const fail = (error: SchemaError) => {
    errors ??= [];
    errors.push(error);
  };
  if (!isUuid(eventId)) fail(wrongFormat('/eventId', 'uuid'));
  if (correlationId !== undefined && isLongerThan(correlationId, 64)) fail(tooLong('/correlationId', 'characters', 64));
  if (type.startsWith(SERVER_TYPES))
    fail(broken('/type', `must NOT begin with "${SERVER_TYPES}": those are the server's own`));
  const appId = isMembers(payload.context) ? payload.context.appId : undefined;
  if (appId !== undefined && appId !== null && !isUuid(appId)) fail(wrongFormat('/payload/context/appId', 'uuid'));
  return errors;
}

const RULES: ReadonlyMap<string, (members: MemberRules) => void> = new Map([
  [
    'selection.state.changed',
    (members: MemberRules) => {
      members.requireUuid('selectionTxnId');
      members.requireArray(['details', 'selectionDetails'], 500);
    },
  ],
  [
    'app.model.validated',
    (members: MemberRules) => {
      members.requireText('selectionTxnId');
      members.allowInteger('dataStateId');
    },
  ],
  [
    'screenshot.url.received',
    (members: MemberRules) => {
      members.requireUri('screenshotUrl', 2048);
      members.requireText('selectionTxnId');
      members.allowText('objectId');
      members.allowCrop('crop');
    },
  ],
  [
    'event.unsupported.visualization',
    (members: MemberRules) => {
      members.requireText('vizType');
      members.requireText('selectionTxnId');
    },
  ],
  [
    'object.view.duration',
    (members: MemberRules) => {
      members.requireText('objectId');
      members.requireNumber(['duration', 'durationMs'], 0);
      members.requireTime('leftAt');
      members.allowTime('enteredAt');
    },
  ],
]);

/** Rules for single members, wherever below the payload they stand: the value that the table row will have is checked. */
class MemberRules {
  errors: SchemaError[] | undefined;
  readonly #places: PayloadPlaces;

  constructor(places: PayloadPlaces) {
    this.#places = places;
  }

  requireUuid(name: string): void {
    const found = this.#require(name);
    if (found === undefined) return;
    if (typeof found.value !== 'string') this.#fail(wrongType(found.path, 'string'));
    else if (!isUuid(found.value)) this.#fail(wrongFormat(found.path, 'uuid'));
  }

  requireText(name: string): void {
    const found = this.#require(name);
    if (found === undefined) return;
    if (typeof found.value !== 'string') this.#fail(wrongType(found.path, 'string'));
    else if (found.value === '') this.#fail(tooShort(found.path, 1));
  }

  requireUri(name: string, maxLength: number): void {
    const found = this.#require(name);
    if (found === undefined) return;
    const { value, path } = found;
    if (typeof value !== 'string') {
      this.#fail(wrongType(path, 'string'));
      return;
    }
    if (isLongerThan(value, maxLength)) this.#fail(tooLong(path, 'characters', maxLength));
    if (!URL.canParse(value)) this.#fail(wrongFormat(path, 'uri'));
  }

  requireArray(names: readonly [string, string], maxItems: number): void {
    const found = this.#require(...names);
    if (found === undefined) return;
    if (!Array.isArray(found.value)) this.#fail(wrongType(found.path, 'array'));
    else if (found.value.length > maxItems) this.#fail(tooLong(found.path, 'items', maxItems));
  }

  requireNumber(names: readonly [string, string], minimum: number): void {
    const found = this.#require(...names);
    if (found === undefined) return;
    if (typeof found.value !== 'number') this.#fail(wrongType(found.path, 'number'));
    else if (found.value < minimum) this.#fail(outOfBounds(found.path, '>=', minimum));
  }

  requireTime(name: string): void {
    const found = this.#require(name);
    if (found !== undefined) this.#checkTime(found, false);
  }

  allowTime(name: string): void {
    const found = findEventMember(this.#places, name);
    if (found !== undefined) this.#checkTime(found, true);
  }

  allowText(name: string): void {
    const found = findEventMember(this.#places, name);
    if (found !== undefined && typeof found.value !== 'string') this.#fail(wrongType(found.path, 'string', 'null'));
  }

  allowInteger(name: string): void {
    const found = findEventMember(this.#places, name);
    if (found !== undefined && !Number.isInteger(found.value)) this.#fail(wrongType(found.path, 'integer', 'null'));
  }

  /** Pixels of the picture, fractions allowed; the size must be there. */
  allowCrop(name: string): void {
    const found = findEventMember(this.#places, name);
    if (found === undefined) return;
    if (!isMembers(found.value)) {
      this.#fail(wrongType(found.path, 'object', 'null'));
      return;
    }
    for (const member of CROP_MEMBERS) {
      const value = found.value[member];
      const path = `${found.path}/${member}`;
      const isSize = member === 'width' || member === 'height';
      if (value === undefined) {
        if (isSize) this.#fail(missingMember(found.path, member));
      } else if (typeof value !== 'number') this.#fail(wrongType(path, 'number'));
      else if (value > MAX_CROP) this.#fail(outOfBounds(path, '<=', MAX_CROP));
      else if (isSize && value <= 0) this.#fail(outOfBounds(path, '>', 0));
      else if (value < 0) this.#fail(outOfBounds(path, '>=', 0));
    }
  }

  #checkTime({ value, path }: FoundMember, nullable: boolean): void {
    if (typeof value !== 'string') this.#fail(nullable ? wrongType(path, 'string', 'null') : wrongType(path, 'string'));
    else if (parseRfc3339(value) === undefined) this.#fail(wrongFormat(path, 'date-time'));
  }

  /** Under its name, else under the one that its column has. */
  #require(name: string, columnName?: string): FoundMember | undefined {
    const found =
      findEventMember(this.#places, name) ??
      (columnName === undefined ? undefined : findEventMember(this.#places, columnName));
    if (found === undefined) this.#fail(missingMember('/payload/event', name));
    return found;
  }

  #fail(error: SchemaError): void {
    this.errors ??= [];
    this.errors.push(error);
  }
}

/** Where the picture is cut: the position under either of its names, the size, and how far the object was scrolled. */
const CROP_MEMBERS = [
  'x',
  'y',
  'left',
  'top',
  'width',
  'height',
  'scrollTop',
  'scrollAreaOffsetY',
  'renderingOverflow',
];
const MAX_CROP = 32_767;

/** In characters as people count them, not in UTF-16 units. */
function isLongerThan(text: string, characters: number): boolean {
  if (text.length <= characters) return false;
  return text.length > 2 * characters || [...text].length > characters;
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
