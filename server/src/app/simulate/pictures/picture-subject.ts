import type { SimulatedEnvelope } from '../envelope.ts';
import { type ObjectData, objectData, type SelectedField } from '../qlik-data.ts';
import { Random } from '../random.ts';
import { type App, type ChartObject, createTenant, type Sheet } from '../tenant.ts';

/** What there is to see in a picture: all that it depends on. */
export interface PictureSubject {
  readonly app: App;
  readonly sheet: Sheet;
  readonly object: ChartObject;
  readonly selections: readonly SelectedField[];
  readonly data: ObjectData;
}

interface Place {
  readonly app: App;
  readonly sheet: Sheet;
  readonly object: ChartObject;
}

const PLACES: ReadonlyMap<string, Place> = new Map(
  createTenant().flatMap((app) =>
    app.sheets.flatMap((sheet) => sheet.objects.map((object) => [object.id, { app, sheet, object }])),
  ),
);

/** Objects of all apps of which Audit.qs takes pictures. */
export function picturedObjectIds(): readonly string[] {
  return [...PLACES.values()].filter(({ object }) => object.supported).map(({ object }) => object.id);
}

/**
 * An object as it looked after a selection.
 * @param data what its event says that it showed; without it, the same made-up numbers for the same object and selection
 * @returns undefined for an object of no app
 */
export function pictureSubject(
  objectId: string,
  selections: readonly SelectedField[],
  data?: ObjectData,
): PictureSubject | undefined {
  const place = PLACES.get(objectId);
  if (place === undefined) return undefined;
  const random = new Random(hashOf(objectId + JSON.stringify(selections)));
  return { ...place, selections, data: data ?? objectData(place.app, place.object, 0, random) };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Pictures and selections that are remembered; about 1 KB each. */
const MAX_REMEMBERED = 10_000;

/** Pictures of which the events of a run told, by the path of their URL, and which of them nobody fetched yet. */
export class AnnouncedPictures {
  readonly #selections = new Map<string, readonly SelectedField[]>();
  readonly #subjects = new Map<string, PictureSubject>();
  readonly #unfetched = new Set<string>();

  /** Takes note of an event before it is sent. */
  note({ type, payload: { event } }: SimulatedEnvelope): void {
    const txnId = String(event.selectionTxnId);
    if (type === 'selection.state.changed') remember(this.#selections, txnId, event.details as SelectedField[]);
    if (type !== 'screenshot.url.received') return;
    const { screenshotUrl, objectId, objectData: data } = event;
    const selections = this.#selections.get(txnId) ?? [];
    const subject = pictureSubject(String(objectId), selections, data as ObjectData | undefined);
    if (subject === undefined) return;
    const path = new URL(String(screenshotUrl)).pathname;
    const forgotten = remember(this.#subjects, path, subject);
    if (forgotten !== undefined) this.#unfetched.delete(forgotten);
    this.#unfetched.add(path);
  }

  /** Undefined: no event told of it, or too many did since. */
  subjectOf(path: string): PictureSubject | undefined {
    return this.#subjects.get(path);
  }

  fetched(path: string): void {
    this.#unfetched.delete(path);
  }

  get unfetched(): number {
    return this.#unfetched.size;
  }
}

/** @returns the key that had to go for it */
function remember<V>(map: Map<string, V>, key: string, value: V): string | undefined {
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return undefined;
  const [oldest = ''] = map.keys();
  map.delete(oldest);
  return oldest;
}
