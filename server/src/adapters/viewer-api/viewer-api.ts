import { isIP } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { failureOf } from './failure.ts';
import { addLiveRoute, type LiveParts } from './live.ts';
import { addTrailRoutes } from './trail-routes.ts';

export interface ViewerApiOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Further names under which people reach this port. */
  readonly allowedHosts: readonly string[];
}

/** What the port shows; each is asked for at every request. */
export interface ViewerSources {
  /** Undefined: ready. Else the reason why not, for people. */
  notReadyBecause(): Promise<string | undefined>;
  status(): Promise<object>;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** What an answer of status 500 does not say. */
  failed(route: string, error: unknown): void;
}

/** The trail API; without it the port shows health, status and metrics only. */
export type TrailParts = Omit<LiveParts, 'closing'>;

export interface ViewerApi {
  listen(): Promise<{ readonly url: string }>;
  close(): Promise<void>;
}

/**
 * The port where people and monitors read; browsers of dashboards write to the ingest port.
 * Requests whose `Host` is neither an address, nor localhost, nor a configured name are refused (DNS rebinding).
 */
export function createViewerApi(options: ViewerApiOptions, sources: ViewerSources, trail?: TrailParts): ViewerApi {
  const app = fastify({ logger: false, requestTimeout: 30_000, forceCloseConnections: true });
  const closing = new AbortController();
  const names = new Set(['localhost', options.host, ...options.allowedHosts].map((name) => name.toLowerCase()));
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (!isKnownHost(request.headers.host, names)) {
      await reply.code(421).send({
        error: `This server is not known as "${String(request.headers.host)}". Add the name to viewer.allowedHosts.`,
      });
    }
  });
  addRoutes(app, sources);
  if (trail !== undefined) {
    addTrailRoutes(app, trail);
    addLiveRoute(app, { ...trail, closing: closing.signal });
  }
  return {
    async listen() {
      const url = await app.listen({ host: options.host, port: options.port });
      return { url };
    },
    close: () => {
      closing.abort();
      return app.close();
    },
  };
}

function addRoutes(app: FastifyInstance, sources: ViewerSources): void {
  app.get('/health/live', async () => ({ status: 'ok' }));
  app.get('/health/ready', async (_request, reply) => {
    const reason = await sources.notReadyBecause().catch((error: Error) => error.message);
    if (reason === undefined) return { status: 'ok' };
    return reply.code(503).send({ status: 'unavailable', reason });
  });
  app.get('/api/v1/status', async () => sources.status());
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await sources.metrics();
    return reply.header('content-type', contentType).send(text);
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `Nothing is at ${request.method} ${request.url.split('?')[0]}.` }),
  );
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    if (failure === undefined) sources.failed(`${request.method} ${request.routeOptions.url ?? '?'}`, error);
    if (failure === undefined) return reply.code(500).send({ error: 'This failed inside; see the log.' });
    return reply.code(failure.status).headers(failure.headers).send(failure.body);
  });
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** An address literal cannot be rebound; a name must be known. */
export function isKnownHost(header: string | undefined, names: ReadonlySet<string>): boolean {
  if (header === undefined) return false;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(header)?.[1];
  const host = (bracketed ?? header.replace(/:\d+$/, '')).toLowerCase();
  return isIP(host) !== 0 || names.has(host);
}
