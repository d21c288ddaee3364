import { parseUserIdentity } from '../../domain/user-identity.ts';
import type { TrailRow } from '../ports/trail-index.ts';

const MAX_NAME = 200;

/** What happened, for people: `Anna selected Region = Europe, Asia in Sales / Overview`. */
export function sentenceOf(row: TrailRow): string {
  if (row.origin === 'server') return serverSentence(row);
  const who = row.userId === null ? 'Somebody' : name(parseUserIdentity(row.userId).user ?? row.userId);
  return `${who} ${whatOf(row)}${placeOf(row)}`;
}

function whatOf(row: TrailRow): string {
  const object = objectOf(row);
  switch (row.eventType) {
    case 'selection.state.changed':
      return row.selections === null ? 'changed the selection' : `selected ${row.selections}`;
    case 'app.model.validated':
      return 'got the data recalculated';
    case 'screenshot.url.received':
      return `was shown ${object}`;
    case 'event.unsupported.visualization':
      return `was shown ${object}, of which no picture can be taken,`;
    case 'object.view.duration':
      return `looked at ${object}${row.durationMs === null ? '' : ` for ${durationText(row.durationMs)}`}`;
    case 'object.visibility.changed':
      return row.visible === false ? `moved ${object} out of view` : `brought ${object} into view`;
    case 'navigation.sheet.loaded':
      return 'opened a sheet';
    case 'event.bookmark':
      return 'used a bookmark';
    default:
      return `caused ${name(row.eventType)}`;
  }
}

const SERVER_SENTENCES: Readonly<Record<string, string>> = {
  'server.synced': 'The server noted that everything up to here is on disk',
  'server.destination.added': 'A destination was added',
  'server.destination.skipped': 'An operator let go of events that a destination had not got',
  'server.screenshot.saved': 'The server saved a picture',
  'server.screenshot.failed': 'The server could not get a picture',
  'server.viewer.signed-in': 'signed in to the audit trail',
  'server.viewer.signed-out': 'signed out of the audit trail',
  'server.viewer.refused': 'was refused by the audit trail',
  'server.viewer.searched': 'searched the audit trail',
  'server.viewer.opened': 'opened a part of the audit trail',
  'server.viewer.pictured': 'looked at a picture in the audit trail',
  'server.viewer.exported': 'exported from the audit trail',
  'server.viewer.followed': 'followed the audit trail live',
  'server.viewer.retried': 'sent dead letters again',
};

function serverSentence({ eventType, userId, selections }: TrailRow): string {
  const known = SERVER_SENTENCES[eventType] ?? `The server noted ${name(eventType)}`;
  if (!eventType.startsWith('server.viewer.')) return known;
  return `${name(userId ?? 'Somebody')} ${known}${selections === null ? '' : `: ${selections}`}`;
}

function objectOf({ objectType, objectId }: TrailRow): string {
  if (objectId === null) return objectType === null ? 'an object' : `a ${name(objectType)}`;
  return objectType === null ? `object ${name(objectId)}` : `${name(objectType)} ${name(objectId)}`;
}

function placeOf({ appName, appId, sheetName, sheetId }: TrailRow): string {
  const app = appName ?? appId;
  const sheet = sheetName ?? sheetId;
  if (app === null && sheet === null) return '';
  return ` in ${[app, sheet]
    .filter((part) => part !== null)
    .map(name)
    .join(' / ')}`;
}

function name(text: string): string {
  return text.length > MAX_NAME ? `${text.slice(0, MAX_NAME).toWellFormed()}…` : text;
}

function durationText(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
