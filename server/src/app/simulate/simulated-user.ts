import type { SimulatedContext, SimulatedEnvelope, SimulatedType } from './envelope.ts';
import { SIMULATED_VERSION } from './envelope.ts';
import { objectData, selectionDetails } from './qlik-data.ts';
import type { Random } from './random.ts';
import type { App, ChartObject, Sheet } from './tenant.ts';

/** What one user's browser sends, and how long the user then pauses (at natural speed, ms). */
export interface UserStep {
  readonly envelope: SimulatedEnvelope;
  readonly pauseMs: number;
}

export interface UserSurroundings {
  readonly identity: string;
  readonly apps: readonly App[];
  readonly random: Random;
  /** Milliseconds since 1970; asked for whenever something happens. */
  readonly now: () => number;
  /** `https://host`, the start of every screenshot URL. */
  readonly screenshotOrigin: string;
}

interface OnScreen {
  readonly object: ChartObject;
  readonly enteredAt: number;
  readonly enterTxnId: string | null;
}

const USER_AGENTS: readonly string[] = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
];

/** One person at one browser, for ever: opens an app, reads, selects, scrolls, changes sheets, closes it, opens the next. */
export class SimulatedUser {
  readonly #place: UserSurroundings;
  readonly #userAgent: string;
  #app: App;
  #sheet: Sheet;
  /** Undefined before the first selection in an app. */
  #txnId: string | undefined;
  #dataStateId = 0;
  #onScreen: OnScreen[] = [];

  constructor(place: UserSurroundings) {
    this.#place = place;
    this.#userAgent = place.random.pick(USER_AGENTS);
    this.#app = place.random.pick(place.apps);
    this.#sheet = place.random.pick(this.#app.sheets);
  }

  *life(): Generator<UserStep, never, undefined> {
    for (;;) {
      yield* this.#visitApp();
      this.#app = this.#place.random.pick(this.#place.apps);
    }
  }

  *#visitApp(): Generator<UserStep, void, undefined> {
    const { random } = this.#place;
    this.#txnId = undefined;
    this.#dataStateId = Math.floor(this.#place.now());
    this.#sheet = random.pick(this.#app.sheets);
    yield* this.#showSheet();
    for (let left = random.integer(3, 12); left > 0; left--) {
      const choice = random.fraction();
      if (choice < 0.5) yield* this.#select();
      else if (choice < 0.75) yield* this.#scroll();
      else if (choice < 0.95) yield* this.#changeSheet();
      else yield* this.#applyBookmark();
    }
    yield* this.#leaveObjects(this.#onScreen.length);
  }

  *#showSheet(): Generator<UserStep, void, undefined> {
    yield this.#step('navigation.sheet.loaded', { type: 'sheet.loaded', objectCount: this.#sheet.objects.length }, 400);
    for (const object of this.#sheet.objects.slice(0, 3)) yield* this.#enterObject(object);
  }

  *#changeSheet(): Generator<UserStep, void, undefined> {
    yield* this.#leaveObjects(this.#onScreen.length);
    this.#sheet = this.#place.random.pick(this.#app.sheets);
    yield* this.#showSheet();
  }

  *#enterObject(object: ChartObject): Generator<UserStep, void, undefined> {
    this.#onScreen.push({ object, enteredAt: this.#place.now(), enterTxnId: this.#txnId ?? null });
    yield this.#step('object.visibility.changed', {
      type: 'visibility.changed',
      objectId: object.id,
      objectType: object.type,
      visible: true,
    });
  }

  /** The first `count` objects on the screen go out of sight. */
  *#leaveObjects(count: number): Generator<UserStep, void, undefined> {
    const leftAt = this.#place.now();
    for (const { object, enteredAt, enterTxnId } of this.#onScreen.splice(0, count)) {
      yield this.#step('object.view.duration', {
        type: 'view.duration',
        objectId: object.id,
        objectType: object.type,
        enteredAt: new Date(enteredAt).toISOString(),
        leftAt: new Date(leftAt).toISOString(),
        duration: Math.floor(leftAt) - Math.floor(enteredAt),
        visible: false,
        enterSelectionTxnId: enterTxnId,
        leaveSelectionTxnId: this.#txnId ?? null,
        ...(object.supported && this.#place.random.chance(0.8) ? { objectData: this.#dataOf(object) } : {}),
      });
    }
  }

  *#scroll(): Generator<UserStep, void, undefined> {
    const visible = new Set(this.#onScreen.map((seen) => seen.object));
    const next = this.#sheet.objects.find((object) => !visible.has(object));
    yield* this.#leaveObjects(1);
    if (next !== undefined) yield* this.#enterObject(next);
  }

  *#applyBookmark(): Generator<UserStep, void, undefined> {
    const { random } = this.#place;
    yield this.#step('event.bookmark', {
      type: 'bookmark',
      action: random.pick(['applied', 'created']),
      bookmarkId: random.uuid(),
      title: `${random.pick(this.#app.measures)} ⭐ ${random.pick(this.#app.fields).name}`,
    });
    yield* this.#select();
  }

  /** One selection transaction: its id ties together the selection, the validated model, pictures and durations. */
  *#select(): Generator<UserStep, void, undefined> {
    const { random } = this.#place;
    this.#txnId = random.uuid();
    yield this.#step(
      'selection.state.changed',
      { type: 'selection.changed', details: selectionDetails(this.#app, random) },
      300,
    );
    this.#dataStateId = Math.floor(this.#place.now());
    yield this.#step('app.model.validated', { type: 'model.validated' }, 800);
    for (const { object } of random.sample(this.#onScreen, 2)) {
      yield object.supported ? this.#screenshot(object) : this.#unsupported(object);
    }
  }

  #screenshot(object: ChartObject): UserStep {
    const { random, screenshotOrigin } = this.#place;
    return this.#step('screenshot.url.received', {
      type: 'screenshot.url',
      objectId: object.id,
      objectType: object.type,
      screenshotUrl: `${screenshotOrigin}/tempcontent/${random.uuid()}/${object.id}.png?serverNodeId=${random.uuid()}`,
      crop: { x: 12 + random.integer(0, 4), y: 56 + random.integer(0, 4) + 0.5, width: 624, height: 354.25 },
      ...(random.chance(0.8) ? { objectData: this.#dataOf(object) } : {}),
    });
  }

  #unsupported(object: ChartObject): UserStep {
    return this.#step('event.unsupported.visualization', {
      type: 'unsupported.visualization',
      objectId: object.id,
      vizType: object.type,
      title: object.title,
      trigger: 'selection',
    });
  }

  #dataOf(object: ChartObject): object {
    return objectData(this.#app, object, this.#place.now(), this.#place.random);
  }

  #step(type: SimulatedType, members: Readonly<Record<string, unknown>>, pauseMs = this.#readingMs()): UserStep {
    const timestamp = new Date(this.#place.now()).toISOString();
    const txnId = this.#txnId === undefined ? {} : { selectionTxnId: this.#txnId };
    return {
      pauseMs,
      envelope: {
        schemaVersion: 1,
        eventId: this.#place.random.uuid(),
        timestamp,
        correlationId: this.#txnId ?? String(this.#dataStateId),
        type,
        source: { kind: 'qlik-sense-extension', name: 'audit-qs', version: SIMULATED_VERSION },
        payload: {
          timestamp,
          context: this.#context(),
          event: { ...members, ...txnId, dataStateId: this.#dataStateId },
        },
      },
    };
  }

  #context(): SimulatedContext {
    return {
      appId: this.#app.id,
      appName: this.#app.name,
      user: this.#place.identity,
      userAgent: this.#userAgent,
      sheetId: this.#sheet.id,
      sheetName: this.#sheet.name,
    };
  }

  /** Mostly short, sometimes long. */
  #readingMs(): number {
    return 200 - Math.log(1 - this.#place.random.fraction()) * 3000;
  }
}
