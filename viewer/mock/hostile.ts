import type { MockEnvelope } from './history.ts';

/** What somebody with the access token could post to harm those who read the trail. */
export const HOSTILE = {
  script: '<script>window.harmed = true</script><img src=x onerror="window.harmed = true">',
  rightToLeft: '\u202egpj.exe\u202c \u2067مرحبا\u2066 abc \u200f\u061c',
  long: 'Long'.repeat(2500),
  formula: '=HYPERLINK("https://evil.example","click")',
  blank: '\u200b\u00a0\u3164',
  stacked: `Z${'\u0335\u0322\u0321\u031b'.repeat(60)}algo`,
} as const;

const APP_ID = 'bad00000-0000-4000-8000-000000000001';
const SHEET_ID = 'bad00000-0000-4000-8000-000000000002';
export const HOSTILE_TXN = 'bad00000-0000-4000-8000-00000000000f';

export const hostileId = (number: number) => `bad00000-0000-4000-8000-1000000000${String(number).padStart(2, '0')}`;

/** One user after the other has a name that bites; the last events have names of the other kind everywhere. */
export function hostileTrail(atMs: number): readonly MockEnvelope[] {
  const values = Object.values(HOSTILE);
  const selections = values.map((value, at) =>
    envelope(at, atMs, 'selection.state.changed', value, {
      details: values.map((one) => ({ qField: one, qSelectedCount: 3, qSelected: `${one}, ${one}` })),
      selectionTxnId: HOSTILE_TXN,
    }),
  );
  const data = envelope(values.length, atMs, 'object.view.duration', HOSTILE.script, {
    objectId: HOSTILE.script,
    objectType: HOSTILE.rightToLeft,
    title: HOSTILE.long,
    selectionTxnId: HOSTILE_TXN,
    duration: 4200,
    leftAt: new Date(atMs).toISOString(),
    objectData: hugeData(),
  });
  const strange = envelope(values.length + 1, atMs, HOSTILE.script, HOSTILE.stacked, {
    duration: 9e15,
    objectId: 'constructor',
  });
  const conflict = envelope(0, atMs + 1, 'selection.state.changed', HOSTILE.formula, {
    isConflict: true,
    details: [],
    selectionTxnId: HOSTILE_TXN,
  });
  return [...selections, data, strange, conflict];
}

function envelope(number: number, atMs: number, type: string, name: string, event: object): MockEnvelope {
  return {
    receivedAtMs: atMs + number,
    envelope: {
      schemaVersion: 1,
      source: { kind: 'qlik-sense-extension', name: 'audit-qs', version: '0.3.2' },
      eventId: hostileId(number),
      timestamp: new Date(atMs + number * 250).toISOString(),
      correlationId: name.slice(0, 64),
      type,
      payload: { context: { user: name, appId: APP_ID, appName: name, sheetId: SHEET_ID, sheetName: name }, event },
    },
  };
}

/** 200 columns of 1200 cells. */
function hugeData(): object {
  const cells = Array.from(
    { length: 1200 },
    (_, at) => [HOSTILE.formula, HOSTILE.script, '12.5', HOSTILE.rightToLeft][at % 4],
  );
  const column = (at: number) => ({ label: at === 0 ? HOSTILE.long : `${HOSTILE.formula} ${at}`, values: cells });
  return { dimensions: Array.from({ length: 200 }, (_, at) => column(at)), measures: [] };
}
