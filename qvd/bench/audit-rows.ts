import { createHash } from 'node:crypto';
import type { QvdFieldOptions } from '../src/index.ts';

/** The audit table as the server's documents describe it. */
export const AUDIT_FIELDS: readonly QvdFieldOptions[] = [
  { name: 'timestamp', type: 'integer' },
  { name: 'date', type: 'text' },
  { name: 'eventId', type: 'text' },
  { name: 'correlationId', type: 'text' },
  { name: 'eventType', type: 'text' },
  { name: 'userId', type: 'text' },
  { name: 'appId', type: 'text' },
  { name: 'appName', type: 'text' },
  { name: 'sheetId', type: 'text' },
  { name: 'sheetName', type: 'text' },
  { name: 'objectId', type: 'text' },
  { name: 'selectionTxnId', type: 'text' },
  { name: 'durationMs', type: 'integer' },
  { name: 'visible', type: 'boolean' },
  { name: 'enteredAt', type: 'text' },
  { name: 'leftAt', type: 'text' },
  { name: 'dataStateId', type: 'integer' },
  { name: 'selectionDetails', type: 'text' },
  { name: 'screenshotUrl', type: 'text' },
  { name: 'screenshotSavedPaths', type: 'text' },
  { name: 'tags', type: 'text' },
];

const TYPES = [
  'selection.state.changed',
  'navigation.sheet.loaded',
  'object.visibility.changed',
  'object.view.duration',
  'app.model.validated',
  'screenshot.url.received',
];

/** One of the rows a busy site makes: every event has ids of its own, the names repeat. The same row for the same number. */
export function auditRow(row: number): (string | number | boolean | null)[] {
  const epochMs = Date.UTC(2026, 2, 8) + row * 173;
  const type = TYPES[row % TYPES.length] as string;
  const app = row % 50;
  const sheet = row % 400;
  const transaction = uuid('transaction', Math.floor(row / 5));
  const iso = new Date(epochMs).toISOString();
  return [
    epochMs,
    iso.slice(0, 10).replaceAll('-', ''),
    uuid('event', row),
    uuid('correlation', Math.floor(row / 20)),
    type,
    `UserDirectory=LAB; UserId=user${row % 900}`,
    uuid('app', app),
    `Sales and margins ${app}`,
    uuid('sheet', sheet),
    `Översikt ${sheet}`,
    type === 'navigation.sheet.loaded' ? null : `obj${row % 3000}`,
    type === 'navigation.sheet.loaded' ? null : transaction,
    type === 'object.view.duration' ? (row * 7919) % 90_000 : null,
    type === 'object.visibility.changed' ? row % 4 < 2 : null,
    type === 'object.view.duration' ? new Date(epochMs - 5000).toISOString() : null,
    type === 'object.view.duration' ? iso : null,
    type === 'app.model.validated' ? row : null,
    type === 'selection.state.changed'
      ? `[{"fieldName":"Region","selectedValues":["R${row % 100}","R${row % 7}"],"selectedCount":2,"total":100}]`
      : null,
    type === 'screenshot.url.received' ? `https://qlik.example.com/tempcontent/${transaction}/shot.png` : null,
    type === 'screenshot.url.received' ? `["audit/screenshots/${iso.slice(0, 10)}/${uuid('event', row)}.png"]` : null,
    `{"qs_env":"prod","receivedAt":"${new Date(epochMs + 40).toISOString()}","sequence":${row}}`,
  ];
}

function uuid(kind: string, number: number): string {
  const hex = createHash('md5').update(`${kind} ${number}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
