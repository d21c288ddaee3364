import type { RowReadBack } from '../conformance/destination.ts';

export const TAG_NAMES = ['appId', 'appName', 'eventType', 'eventId', 'correlationId', 'selectionTxnId', 'userId'];

const FIELD_NAMES = [
  ...['sheetId', 'sheetName', 'objectId', 'durationMs', 'visible', 'enteredAt', 'leftAt', 'dataStateId'],
  ...['selectionDetails', 'screenshotUrl', 'objectData', 'enterSelectionTxnId', 'leaveSelectionTxnId'],
];

/** A tag or field of a point by name; integers and floats as text. */
export type PointValue = (name: string) => string | boolean | null | undefined;

/** Our points, by sequence; those of a foreign writer have none. @param points each with its time in milliseconds */
export function rowsReadBack(
  points: readonly { readonly value: PointValue; readonly timeMs: bigint | number }[],
): readonly RowReadBack[] {
  return points
    .filter(({ value }) => (value('sequence') ?? null) !== null)
    .map(({ value, timeMs }) => ({
      sequence: Number(value('sequence')),
      fields: {
        timestamp: String(timeMs),
        ...Object.fromEntries(
          [...TAG_NAMES, ...FIELD_NAMES].map((name) => [name, value(`${name}_exact`) ?? value(name) ?? null]),
        ),
        ...fractionOf(value('durationMs')),
      },
    }))
    .sort((a, b) => a.sequence - b.sequence);
}

/** A duration with a fraction is compared as the record has it: rounded, and with its fraction. */
function fractionOf(duration: ReturnType<PointValue>): RowReadBack['fields'] {
  const value = Number(duration ?? 0);
  return Number.isInteger(value) ? {} : { durationMs: String(Math.round(value)), durationFractionMs: value };
}
