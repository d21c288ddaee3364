import assert from 'node:assert/strict';
import { generateEnvelopes } from '../../src/app/simulate/event-stream.ts';
import { post } from '../support/audit-client.ts';
import type { AskedRange } from '../support/grafana.ts';
import { createHome, eventually, startServer } from '../support/running-server.ts';

const EVENTS = 600;

export interface SimulatedEvent {
  readonly eventId: string;
  readonly timestamp: string;
  readonly type: string;
  readonly payload: {
    readonly context: { readonly user: string; readonly appName: string; readonly sheetName: string };
    readonly event: Readonly<Record<string, unknown>>;
  };
}

export const SIMULATED = generateEnvelopes(EVENTS, 7).map((text) => JSON.parse(text) as SimulatedEvent);

/** Has a selection, the validated model, a picture, and views that began or ended under it. */
export const TRANSACTION = transactionWithEverything();

/** Of what was simulated. */
export const EVENT_RANGE: AskedRange = {
  from: new Date(Date.parse(SIMULATED[0]?.timestamp ?? '') - 1000),
  to: new Date(Date.parse(SIMULATED.at(-1)?.timestamp ?? '') + 1000),
  intervalSeconds: 1,
};

/** Of the queue's points: while a test runs. */
export function queueRange(): AskedRange {
  return { from: new Date(Date.now() - 600_000), to: new Date(Date.now() + 1000), intervalSeconds: 10 };
}

function transactionWithEverything(): string {
  const [found] = SIMULATED.filter(({ type, payload }) => {
    const id = payload.event.selectionTxnId;
    const has = (wanted: string, member = 'selectionTxnId') =>
      SIMULATED.some((event) => event.type === wanted && event.payload.event[member] === id);
    return (
      type === 'selection.state.changed' &&
      has('app.model.validated') &&
      has('screenshot.url.received') &&
      has('object.view.duration', 'enterSelectionTxnId')
    );
  });
  assert.ok(found !== undefined, 'the simulation has no transaction with everything');
  return String(found.payload.event.selectionTxnId);
}

/**
 * Runs a server as a user would, with `destination.influxdb` and the queue's metrics, until all that was simulated and
 * what the queue has to tell of it is in InfluxDB.
 */
export async function deliverTo(influxdb: Readonly<Record<string, unknown>>): Promise<void> {
  const home = createHome({
    destination: `    destination: ${JSON.stringify({
      enable: true,
      type: 'influxdb',
      influxdb: { host: '127.0.0.1', writeFrequency: 50, ...influxdb },
    })}\n`,
    extra: '    queue: {queueMetrics: {influxdb: {enable: true, writeFrequency: 300}}}\n',
  });
  try {
    const server = await startServer(home);
    for (let i = 0; i < SIMULATED.length; i += 100) {
      const reply = await post(server.url, '/api/v1/audit-events', JSON.stringify(SIMULATED.slice(i, i + 100)));
      assert.equal(reply.status, 200);
    }
    await eventually(async () => {
      const reply = await fetch(`${server.viewerUrl}/api/v1/status`);
      const { destinations } = (await reply.json()) as {
        readonly destinations: readonly { readonly lagEvents: number; readonly delivered: number }[];
      };
      return destinations.every(({ lagEvents, delivered }) => lagEvents === 0 && delivered >= EVENTS) || undefined;
    }, 30_000).catch(() => assert.fail(server.output()));
    // a stop writes the rest of the queue's metrics
    assert.equal(await server.stop(), 0, server.output());
  } finally {
    home.remove();
  }
}
