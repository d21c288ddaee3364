import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { SummaryBy, TrailDeadLetter, TrailSession, TrailSystem } from '../../server/src/domain/trail.ts';
import { comingEvents, type MockEnvelope, pastDays } from './history.ts';
import { pictureOf } from './picture.ts';
import { detailOf, type Kept, keep } from './projection.ts';
import * as queries from './queries.ts';

export interface MockOptions {
  /** 0: any free port. */
  readonly port: number;
  /** The folder that Vite has built. */
  readonly dist: string;
  readonly now: () => number;
  readonly days?: number;
  /** Beside those of the past days. */
  readonly further?: readonly MockEnvelope[];
  /** A live event this often; 0: only by `arrive`. */
  readonly liveEveryMs?: number;
  /** Nobody needs to log in: as development is easier. */
  readonly open?: boolean;
  /** An identity provider by this name, which sends everybody back at once. */
  readonly provider?: string;
}

export interface MockServer {
  readonly url: string;
  /** Links that `POST session` takes, once each. */
  readonly links: Set<string>;
  /** What was asked, newest last: `GET /api/v1/trail/events?q=anna`. */
  readonly requests: string[];
  readonly newestFirst: () => readonly Kept[];
  /** How the identity provider does. */
  provider(state: 'away' | 'denies' | 'knows'): void;
  /** The next event of the people who are still at work. */
  arrive(): void;
  close(): Promise<void>;
}

const ROOT = '/api/v1/trail';
/** As strict as the real server's. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Accounts of the mock: a reader without rights of their own, and an administrator. */
const ACCOUNTS: Readonly<Record<string, TrailSession>> = {
  admin: session('Governance admin', 'admin', true),
  reader: session('reader', 'reader', true),
  blind: session('blind', 'reader', false),
};
const PROVIDER_IS_AWAY = 'Example ID does not answer as it should. Try again, or log in another way.';
export const MOCK_PASSWORD = 'correct horse battery';

function session(name: string, role: 'reader' | 'admin', sees: boolean): TrailSession {
  return { name, role, apps: null, maySeePictures: sees, maySeeObjectData: sees, csrfToken: 'mock-csrf-token' };
}

/** Answers the contract of `server/src/domain/trail.ts` from memory, and serves the built page as the real server does. */
export async function startMock(options: MockOptions): Promise<MockServer> {
  const mock = new Mock(options);
  const server = createServer((request, response) => {
    mock.answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendError(response, 500, 'MOCK_FAILED', String(error));
      else response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const every = options.liveEveryMs ?? 0;
  const timer = every > 0 ? setInterval(() => mock.arrive(), every) : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    links: mock.links,
    requests: mock.requests,
    newestFirst: () => mock.newestFirst,
    provider(state) {
      mock.providerIsAway = state === 'away';
      mock.providerKnows = state === 'knows';
    },
    arrive: () => mock.arrive(),
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Mock {
  readonly links = new Set(['mock-link']);
  readonly requests: string[] = [];
  providerIsAway = false;
  providerKnows = true;
  newestFirst: Kept[];
  readonly #options: MockOptions;
  readonly #sessions = new Map<string, TrailSession>();
  readonly #listeners = new Set<(kept: Kept) => void>();
  readonly #next: () => MockEnvelope;
  #letters = deadLetters();

  constructor(options: MockOptions) {
    this.#options = options;
    const past = [...pastDays(options.now(), options.days ?? 14), ...(options.further ?? [])];
    past.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
    this.newestFirst = past.map((item, at) => keep(item, at + 1)).reverse();
    this.#next = comingEvents(options.now);
  }

  arrive(): void {
    const kept = keep(this.#next(), (this.newestFirst[0]?.event.sequence ?? 0) + 1);
    this.newestFirst = [kept, ...this.newestFirst];
    for (const listener of this.#listeners) listener(kept);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://mock');
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (!url.pathname.startsWith(ROOT)) return this.#file(url.pathname, response);
    const path = url.pathname
      .slice(ROOT.length + 1)
      .split('/')
      .map(decodeURIComponent);
    if (path[0] === 'log-in-options') {
      const { provider } = this.#options;
      return sendJson(response, 200, { provider: provider === undefined ? null : { label: provider } });
    }
    if (path[0] === 'session' && path[1] === 'provider') {
      if (this.providerIsAway) return sendError(response, 503, 'PROVIDER_UNREACHABLE', PROVIDER_IS_AWAY);
      return sendJson(response, 200, { url: '/login?state=mock-state&code=mock-code' });
    }
    if (path[0] === 'session') return this.#session(request, response);
    const who = this.#whoAsks(request);
    if (who === undefined) return sendError(response, 401, 'NOT_LOGGED_IN', 'Log in to see the audit trail.');
    if (request.method === 'POST') return this.#post(request, response, who, path);
    return this.#get(response, who, path, url.searchParams, request);
  }

  async #session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'DELETE') {
      this.#sessions.delete(cookieOf(request));
      response.writeHead(204, { 'set-cookie': 'session=; Max-Age=0; Path=/' }).end();
      return;
    }
    if (request.method === 'GET') {
      const who = this.#whoAsks(request);
      if (who === undefined) return sendError(response, 401, 'NOT_LOGGED_IN', 'Log in to see the audit trail.');
      return sendJson(response, 200, who);
    }
    const { link, user, password, callback } = await bodyOf(request);
    const byOther = typeof link === 'string' ? this.#byLink(link) : byPassword(user, password);
    const who = typeof callback === 'string' ? this.#byProvider(callback) : byOther;
    if (typeof who === 'string') return sendError(response, 401, 'WRONG_PASSWORD', who);
    const id = randomUUID();
    this.#sessions.set(id, who);
    response.setHeader('set-cookie', `session=${id}; HttpOnly; SameSite=Strict; Path=/`);
    sendJson(response, 200, who);
  }

  #byLink(link: string): TrailSession | string {
    if (this.links.delete(link)) return ACCOUNTS.admin ?? 'no such account';
    return 'This link has been used or is too old. Make another with "butler-sos-audit open".';
  }

  #byProvider(callback: string): TrailSession | string {
    const isRight = callback === 'state=mock-state&code=mock-code' && this.providerKnows;
    return isRight ? (ACCOUNTS.reader ?? 'no such account') : 'Example ID refused the log-in (access_denied).';
  }

  #whoAsks(request: IncomingMessage): TrailSession | undefined {
    return this.#options.open ? ACCOUNTS.admin : this.#sessions.get(cookieOf(request));
  }

  async #post(request: IncomingMessage, response: ServerResponse, who: TrailSession, path: string[]): Promise<void> {
    if (request.headers['x-csrf-token'] !== who.csrfToken)
      return sendError(response, 403, 'CSRF_TOKEN_MISSING', 'Reload the page and try again.');
    if (path.join('/') !== 'dead-letters/retry') return sendError(response, 404, 'NOT_FOUND', 'Nothing is here.');
    const { destination, ids } = await bodyOf(request);
    const asked = Array.isArray(ids) ? new Set(ids) : undefined;
    this.#letters = this.#letters.filter((l) => l.destination !== destination || (asked && !asked.has(l.id)));
    response.writeHead(202).end();
  }

  #get(
    response: ServerResponse,
    who: TrailSession,
    path: string[],
    query: URLSearchParams,
    request: IncomingMessage,
  ): unknown {
    const [what = '', id = '', more] = path;
    const found = () => queries.filtered(this.newestFirst, query);
    if (what === 'live') return this.#live(request, response, query);
    if (what === 'screenshots') return this.#picture(response, who, id, query);
    if (what === 'export') return exportFile(response, found(), query.get('format') ?? 'ndjson');
    const answers: Readonly<Record<string, () => unknown>> = {
      events: () => (id === '' ? queries.page(found(), query) : this.#detail(who, id)),
      transactions: () => queries.transaction(this.newestFirst, id),
      users: () =>
        more === 'timeline'
          ? queries.timeline(this.newestFirst, id, query)
          : { items: queries.usersOf(this.newestFirst, query) },
      apps: () => ({ items: queries.appsOf(found()) }),
      summary: () => {
        const [by, limit] = [(query.get('by') ?? 'app') as SummaryBy, Number(query.get('limit') ?? 20)];
        return queries.summary(found(), by, limit, query.get('order') ?? undefined);
      },
      histogram: () => queries.histogram(found(), query, this.#options.now()),
      suggest: () => ({ items: queries.suggestions(this.newestFirst, query.get('q') ?? '') }),
      'openapi.json': () => ({ openapi: '3.1.0' }),
    };
    const forAdmins: Readonly<Record<string, () => unknown>> = {
      system: () => this.#system(),
      'dead-letters': () => ({ items: this.#letters, nextCursor: null }),
    };
    if (forAdmins[what] !== undefined && who.role !== 'admin')
      return sendError(response, 403, 'ADMIN_ONLY', 'Only an administrator may see this.');
    const answer = (answers[what] ?? forAdmins[what])?.();
    if (answer !== undefined) return sendJson(response, 200, who.maySeePictures ? answer : withoutPictures(answer));
    return sendError(response, 404, 'NOT_FOUND', `The trail has nothing under ${id || what}.`);
  }

  #detail(who: TrailSession, id: string): unknown {
    const kept = this.newestFirst.find(({ event }) => event.eventId === id.toLowerCase());
    if (kept === undefined) return undefined;
    const txn = kept.event.selectionTxnId;
    const steps = txn === null ? [] : (queries.transaction(this.newestFirst, txn)?.steps ?? []);
    const detail = detailOf(
      kept,
      steps.map(({ event }) => event).filter(({ eventId }) => eventId !== id),
    );
    return { ...detail, objectData: who.maySeeObjectData ? detail.objectData : null };
  }

  #picture(response: ServerResponse, who: TrailSession, id: string, query: URLSearchParams): unknown {
    const kept = this.newestFirst.find(({ event }) => event.eventId === id);
    if (kept === undefined || !who.maySeePictures) return sendError(response, 404, 'NOT_FOUND', 'There is no picture.');
    response.writeHead(200, { 'content-type': 'image/svg+xml', 'cache-control': 'private, max-age=3600' });
    return response.end(pictureOf(kept, query.get('variant') === 'annotated'));
  }

  #live(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = ({ event }: Kept) => response.write(`id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
    const listener = (kept: Kept) => {
      if (queries.filtered([kept], query).length > 0) send(kept);
    };
    response.write(': welcome\n\n');
    const since = Number(request.headers['last-event-id'] ?? Number.NaN);
    for (const kept of this.newestFirst.filter(({ event }) => event.sequence > since).reverse()) listener(kept);
    this.#listeners.add(listener);
    response.on('close', () => this.#listeners.delete(listener));
  }

  #system(): TrailSystem {
    const head = this.newestFirst[0]?.event.sequence ?? 0;
    const now = this.#options.now();
    const destination = {
      state: 'idle',
      committed: head,
      head,
      lagEvents: 0,
      lagSeconds: 0,
      delivered: head,
      heldBytes: 0,
    };
    return {
      product: { name: 'butler-sos-audit', version: '15.0.0' },
      log: {
        directory: '/srv/audit/audit-events/log',
        logId: '0198a3c4-77d1-7c55-9a3e-0d4f3f0b6c11',
        head,
        disk: { isFull: false, freeBytes: 412 * 2 ** 30 },
      },
      logBytes: head * 1480,
      queue: { queueSize: 3, queueMaxSize: 200, utilizationPct: 1.5, backpressureActive: false },
      destinations: [
        { ...destination, name: 'parquet', deadLetters: 0, lastSuccessAt: now - 4_000 },
        { ...destination, name: 'qvd', deadLetters: 0, lastSuccessAt: now - 9_000 },
        {
          ...destination,
          name: 'influxdb',
          state: 'retrying',
          committed: head - 214,
          lagEvents: 214,
          lagSeconds: 95,
          heldBytes: 214 * 1480,
          deadLetters: this.#letters.length,
          lastSuccessAt: now - 96_000,
          lastError: {
            code: 'INFLUXDB_UNREACHABLE',
            message: 'influx.example:8086 does not answer (ECONNREFUSED). Events wait in the log; tried again in 30 s.',
            at: now - 12_000,
          },
        },
      ],
      deduplicator: { position: head },
      searchIndex: { position: head - 2 },
    };
  }

  #file(path: string, response: ServerResponse): unknown {
    const asked = normalize(path).replace(/^([/\\]|\.\.)+/, '');
    const file = join(this.#options.dist, asked);
    const isFile = asked !== '' && existsSync(file) && statSync(file).isFile();
    if (!isFile && path.startsWith('/assets/')) return sendError(response, 404, 'NOT_FOUND', 'No such file.');
    const sent = isFile ? file : join(this.#options.dist, 'index.html');
    response.writeHead(200, {
      'content-type': TYPES[extname(sent)] ?? 'application/octet-stream',
      'content-security-policy': PAGE_POLICY,
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    return createReadStream(sent).pipe(response);
  }
}

function byPassword(user: unknown, password: unknown): TrailSession | string {
  const account = typeof user === 'string' && Object.hasOwn(ACCOUNTS, user) ? ACCOUNTS[user] : undefined;
  if (account !== undefined && password === MOCK_PASSWORD) return account;
  return 'User name and password do not fit together. After five tries the log-in pauses for a minute.';
}

function deadLetters(): TrailDeadLetter[] {
  return [7, 8, 9].map((id) => ({
    id,
    destination: 'influxdb',
    range: { first: 400 + id * 31, last: 400 + id * 31 },
    eventId: null,
    eventType: 'object.view.duration',
    code: 'INFLUXDB_POINT_REFUSED',
    message: 'field type conflict: input field "durationMs" is type float, already exists as type integer',
    at: new Date(Date.UTC(2026, 2, 12, 9, id)).toISOString(),
  }));
}

function exportFile(response: ServerResponse, found: readonly Kept[], format: string): void {
  const lines =
    format === 'csv'
      ? [
          'time,user,eventType,appName',
          ...found.map(({ event: e }) => [e.time, e.user?.id, e.eventType, e.appName].join(',')),
        ]
      : found.map(({ event }) => JSON.stringify(event));
  response.writeHead(200, {
    'content-type': format === 'csv' ? 'text/csv' : 'application/octet-stream',
    'content-disposition': `attachment; filename="audit-trail.${format}"`,
  });
  response.end(`${lines.join('\n')}\n`);
}

const cookieOf = (request: IncomingMessage) =>
  /(?:^|;\s*)session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '';

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

/** Whoever may not see pictures gets no address of any. */
function withoutPictures(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (key, value) =>
    /^(url|originalUrl|annotatedUrl)$/.test(key) ? null : value,
  );
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  sendJson(response, status, { error: { code, message } });
}
