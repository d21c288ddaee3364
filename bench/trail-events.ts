import { randomUUID } from 'node:crypto';
import { epochMillis } from '../server/src/domain/epoch-millis.ts';
import { sequence } from '../server/src/domain/sequence.ts';
import type { SearchEntry } from '../server/src/pipeline/ports/search-index.ts';

/** How the trail of a large company is spread: a few apps and people make most of it. */
export const TENANT = {
  users: 2000,
  apps: 100,
  sheetsOfApp: 8,
  objectsOfSheet: 8,
  fields: 40,
  values: 20_000,
} as const;
const YEAR_MS = 365 * 86_400_000;
const END = Date.UTC(2026, 11, 1);
const TYPES = [
  'object.visibility.changed',
  'object.view.duration',
  'selection.state.changed',
  'app.model.validated',
  'screenshot.url.received',
  'navigation.sheet.loaded',
  'event.bookmark',
];
const GIVEN = ['anna', 'bert', 'carla', 'dmitri', 'elif', 'farid', 'göran', 'hana', 'ivo', 'jana', 'kofi', 'łukasz'];
const FAMILY = ['öberg', 'smith', 'nguyen', 'garcía', 'novák', 'kim', 'schmidt', 'rossi', 'haddad', 'okafor'];
const SUBJECTS = [
  'Sales',
  'Finance',
  'Payroll',
  'Logistics',
  'Inventory',
  'Claims',
  'Churn',
  'Quality',
  'Energy',
  'Fleet',
];

const pad = (n: number) => String(n).padStart(12, '0');
export const userOf = (n: number) =>
  `UserDirectory=LAB; UserId=${GIVEN[n % 12]}.${FAMILY[Math.floor(n / 12) % 10]}${n < 120 ? '' : Math.floor(n / 120)}`;
export const appOf = (n: number) => `00000000-0000-4000-8000-${pad(n)}`;
export const sheetOf = (n: number) => `00000000-0000-4000-9000-${pad(n)}`;
export const objectOf = (n: number) => `obj${n.toString(36)}`;
const customerOf = (n: number) => `Customer ${n} ${FAMILY[n % 10]}`;

/** Events in order of time over a year, without an end; each has a transaction that some events share. */
export function* trailEvents(count: number): Generator<SearchEntry, void, undefined> {
  const skewed = (below: number) => Math.floor(Math.random() ** 2 * below);
  const stepMs = YEAR_MS / count;
  let txn: string = randomUUID();
  let user = 0;
  let app = 0;
  let sheet = 0;
  for (let i = 1; i <= count; i++) {
    // a selection and what follows it are of one person in one sheet
    if (Math.random() < 0.15) {
      txn = randomUUID();
      user = skewed(TENANT.users);
      app = (user * 7 + skewed(12)) % TENANT.apps;
      sheet = app * TENANT.sheetsOfApp + skewed(TENANT.sheetsOfApp);
    }
    const type = skewed(TYPES.length);
    const isSelection = type === 2;
    const object = sheet * TENANT.objectsOfSheet + skewed(TENANT.objectsOfSheet);
    const time = epochMillis(Math.round(END - YEAR_MS + i * stepMs + Math.random() * 2000));
    const values = isSelection ? [customerOf(skewed(TENANT.values)), customerOf(skewed(TENANT.values))] : [];
    const field = `Field ${skewed(TENANT.fields)}`;
    yield {
      sequence: sequence(i),
      eventId: randomUUID(),
      origin: 'client',
      isConflict: false,
      isHidden: false,
      awaitsPicture: false,
      time,
      receivedAt: epochMillis(time + 40),
      eventType: TYPES[type] ?? '',
      userId: userOf(user),
      appId: appOf(app),
      appName: `${SUBJECTS[app % 10]} ${Math.floor(app / 10)}`,
      sheetId: sheetOf(sheet),
      sheetName: `${SUBJECTS[sheet % 10]} overview ${sheet % 17}`,
      objectId: objectOf(object),
      objectType: 'barchart',
      selectionTxnId: txn,
      correlationId: txn,
      durationMs: type === 1 ? BigInt(skewed(120_000)) : null,
      visible: null,
      selections: isSelection ? `${field} = ${values.join(', ')}` : null,
      selectionTexts: isSelection ? [field, ...values] : [],
    };
  }
}
