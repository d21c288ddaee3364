import type { AuditRecord } from '../../../domain/audit-record.ts';
import { epochMillis, toIsoString } from '../../../domain/epoch-millis.ts';
import { parseExact } from '../../../domain/exact-json.ts';
import type { FieldSet } from '../../../domain/table-row.ts';

type Members = readonly (readonly [name: string, json: string])[];

/**
 * The text of one object data file: pretty-printed, numbers in the spelling in which they were sent. Its members are
 * those of the Butler SOS files of the same name; `extended` appends what the table's extended fields have.
 * @param tags the JSON text of the table's `tags` field
 */
export function encodeObjectData(record: AuditRecord, tags: string, fieldSet: FieldSet): string {
  const members =
    fieldSet === 'documented' ? documented(record, tags) : [...documented(record, tags), ...extended(record)];
  return `{\n${members.map(([name, json]) => `  "${name}": ${json}`).join(',\n')}\n}\n`;
}

function documented(r: AuditRecord, tags: string): Members {
  return [
    ['eventId', text(r.eventId)],
    ['correlationId', text(r.correlationId)],
    ['timestamp', text(isoTime(r.timestamp))],
    ['eventType', text(r.eventType)],
    ['userId', text(r.userId)],
    ['appId', text(r.appId)],
    ['appName', text(r.appName)],
    ['sheetId', text(r.sheetId)],
    ['sheetName', text(r.sheetName)],
    ['objectId', text(r.objectId)],
    ['objectType', text(r.objectType)],
    ['selectionTxnId', text(r.selectionTxnId)],
    ['durationMs', String(r.durationMs)],
    ['visible', String(r.visible)],
    ['enteredAt', text(r.enteredAt)],
    ['leftAt', text(r.leftAt)],
    ['dataStateId', String(r.dataStateId)],
    ['screenshotUrl', text(r.screenshotUrl)],
    ['screenshotSavedPaths', pretty(r.screenshotSavedPaths)],
    ['selectionDetails', pretty(r.selectionDetails)],
    ['objectData', pretty(r.objectData)],
    ['tags', pretty(tags)],
  ];
}

function extended(r: AuditRecord): Members {
  return [
    ['userDirectory', text(r.userDirectory)],
    ['userName', text(r.userName)],
    ['enterSelectionTxnId', text(r.enterSelectionTxnId)],
    ['leaveSelectionTxnId', text(r.leaveSelectionTxnId)],
    ['receivedAt', text(toIsoString(r.receivedAt))],
    ['sequence', String(r.sequence)],
    ['rawEnvelope', text(r.rawEnvelope)],
  ];
}

export function isoTime(timestamp: bigint | null): string | null {
  return timestamp === null ? null : toIsoString(epochMillis(Number(timestamp)));
}

function text(value: string | null): string {
  return JSON.stringify(value);
}

/** Indenting deeper text than this would let a small event fill the memory with blanks. */
const MAX_INDENTED_DEPTH = 64;

/** JSON text, indented to stand in a member of the file. */
function pretty(json: string | null): string {
  if (json === null || depthOf(json) > MAX_INDENTED_DEPTH) return json ?? 'null';
  const plain: unknown = JSON.parse(json);
  const value = JSON.stringify(plain) === json ? plain : parseExact(json);
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
}

/** How many arrays and objects stand in each other in a JSON text. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '"') i = endOfString(json, i);
    else if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth);
    else if (char === ']' || char === '}') depth--;
  }
  return deepest;
}

/** The position of the quote that closes the string opened at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (i < json.length && json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
  return i;
}
