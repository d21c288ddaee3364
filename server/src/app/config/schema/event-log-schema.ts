import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import { path, section } from './section.ts';

const MIB = 1024 * 1024;

function days(description: string): JsonSchema {
  return { description, type: 'number', minimum: 0, maximum: 100_000, default: 0, 'x-unit': 'days' };
}

export const EVENT_LOG_SCHEMA: JsonSchema = section(
  'The log that every event is written to before it is acknowledged.',
  {
    directory: path('Folder of the log. One server per folder.', { default: 'audit-events/log' }),
    segmentBytes: {
      description: 'The log is cut into files of about this size.',
      type: 'integer',
      minimum: 4096,
      maximum: 4096 * MIB,
      default: 64 * MIB,
      'x-unit': 'bytes',
    },
    retentionDays: days(
      'Files of the log older than this are deleted once every destination has passed them. 0 keeps them for ever: an audit trail should not vanish because nobody chose a number.',
    ),
    idRetentionDays: days(
      'How long the ids of deleted events are remembered, so that a late repeat is known for one. 0: for ever.',
    ),
    minFreeBytes: {
      description: 'With less free space than this on the disk, events are refused (503) until there is more.',
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 200 * MIB,
      'x-unit': 'bytes',
    },
  },
);
