import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface ScriptedReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Has everything that any version of the destination looks for, and answers writes as a test says. */
export class ScriptedInfluxdb {
  /** Undefined: the write is taken. */
  answer: (lines: readonly string[]) => ScriptedReply | undefined = () => undefined;
  /** Lines that were taken. */
  readonly lines: string[] = [];
  readonly requests: ('set-up' | 'write')[] = [];
  readonly encodings: (string | undefined)[] = [];
  connections = 0;
  #port = 0;
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const reply = this.#replyTo(request.url ?? '', request.headers, Buffer.concat(parts));
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
    });
  });

  constructor() {
    this.#server.on('connection', () => this.connections++);
  }

  get port(): number {
    return this.#port;
  }

  get writes(): number {
    return this.requests.filter((kind) => kind === 'write').length;
  }

  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #replyTo(url: string, headers: IncomingHttpHeaders, body: Buffer): ScriptedReply {
    const { pathname } = new URL(url, 'http://scripted');
    const present = PRESENT[pathname];
    if (present !== undefined) {
      this.requests.push('set-up');
      return { status: 200, body: present };
    }
    this.requests.push('write');
    this.encodings.push(headers['content-encoding']);
    const lines = gunzipSync(body).toString('utf8').trimEnd().split('\n');
    const reply = this.answer(lines);
    if (reply === undefined) this.lines.push(...lines);
    return reply ?? { status: 204 };
  }
}

/** What the look-ups before the first write find. */
const PRESENT: Readonly<Record<string, unknown>> = {
  '/query': { results: [{ series: [{ columns: ['name'], values: [['audit']] }] }] },
  '/api/v2/orgs': { orgs: [{ id: '0123456789abcdef', name: 'audit' }] },
  '/api/v2/buckets': { buckets: [{ name: 'audit' }] },
  '/api/v3/configure/database': [{ 'iox::database': 'audit' }],
};
