import { compactJson, parseExact } from '../../domain/exact-json.ts';
import type { PrivatePart, StoredEvent } from '../../domain/log-entry.ts';
import type { TrailReader } from './reader.ts';

/** Members that hold a picture, or lead to one. */
const PICTURE_MEMBERS = new Set(['screenshotUrl', 'screenshotSavedPaths', 'files', 'paths']);
const OBJECT_DATA_MEMBERS = new Set(['objectData']);

/**
 * The event as this reader may see it: what rights of their own hide is taken out of the envelope itself, wherever it
 * stands, before anything is derived from it.
 */
export function visibleEvent(event: StoredEvent, reader: TrailReader): StoredEvent {
  const hidden = new Set([
    ...(reader.maySeePictures ? [] : PICTURE_MEMBERS),
    ...(reader.maySeeObjectData ? [] : OBJECT_DATA_MEMBERS),
  ]);
  if (hidden.size === 0) return event;
  return {
    ...event,
    private: () => {
      const stored = event.private();
      return stored === undefined ? undefined : withoutMembers(stored, hidden);
    },
  };
}

function withoutMembers(stored: PrivatePart, hidden: ReadonlySet<string>): PrivatePart {
  const envelope = without(exact(stored), hidden);
  const envelopeText = compactJson(envelope) ?? 'null';
  return { ...stored, envelope: JSON.parse(envelopeText) as unknown, envelopeText };
}

/** Numbers keep their spelling. */
function exact({ envelopeText, envelope }: PrivatePart): unknown {
  try {
    return parseExact(envelopeText);
  } catch {
    return envelope;
  }
}

function without(value: unknown, hidden: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, hidden));
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  const kept = Object.entries(value).filter(([name]) => !hidden.has(name));
  // entries, because a member may be called __proto__
  return Object.fromEntries(kept.map(([name, below]) => [name, without(below, hidden)]));
}
