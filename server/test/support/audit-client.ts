import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { TOKEN } from './running-server.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export function envelope(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    schemaVersion: 1,
    eventId: randomUUID(),
    timestamp: new Date().toISOString(),
    correlationId: randomUUID(),
    type: 'selection.state.changed',
    source: { kind: 'qlik-sense-extension', name: 'audit-qs', version: '0.3.1' },
    payload: {
      context: {
        appId: '11111111-2222-4333-8444-555555555555',
        appName: 'Försäljning Ł 商品',
        sheetId: 'sheet-1',
        sheetName: 'Översikt',
        user: 'UserDirectory=LAB; UserId=jörgen',
      },
      event: { selectionTxnId: randomUUID(), details: [{ field: 'Region', values: ['Europe', 'Asia'] }] },
    },
    ...overrides,
  };
}

/** Posts one body over a keep-alive connection; rejects on connection errors. */
export function post(
  url: string,
  path: string,
  body: string,
  agent?: Agent,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${url}${path}`,
      {
        method: 'POST',
        ...(agent === undefined ? {} : { agent }),
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-audit-qs-version': '0.3.1',
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function postEvent(url: string, event: Record<string, unknown>, agent?: Agent): Promise<Reply> {
  return post(url, '/api/v1/audit-event', JSON.stringify(event), agent);
}

/**
 * `connections` clients that post one event after another until `signal` aborts or the server goes away.
 * `acknowledged` is the judge of every crash test: the ids for which a 202 was received.
 */
export async function load(
  url: string,
  connections: number,
  signal: AbortSignal,
  acknowledged: Set<string>,
  next: () => Record<string, unknown> = envelope,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const client = async () => {
    while (!signal.aborted) {
      const event = next();
      const reply = await postEvent(url, event, agent).catch(() => undefined);
      if (reply === undefined) return;
      if (reply.status === 202) acknowledged.add(String(event.eventId));
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
}
