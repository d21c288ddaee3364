import type { Server as TlsServer } from 'node:https';
import { isIP } from 'node:net';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { TRAIL_ROOT } from '../../domain/trail.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { ViewerAccess } from '../../pipeline/ports/viewer-access.ts';
import type { ExportFormat } from '../../pipeline/trail/export-formats.ts';
import type { Looks } from '../../pipeline/trail/looks.ts';
import type { Trail } from '../../pipeline/trail/trail.ts';
import { type CertificateFiles, keepCertificateFresh } from '../shared/fresh-certificate.ts';
import { addExportRoute } from './export-route.ts';
import { failureOf } from './failure.ts';
import { addLiveRoute } from './live.ts';
import { addOpenApiRoute } from './openapi.ts';
import { addOperatorRoutes, type OperatorRouteParts } from './operator-routes.ts';
import { addPictureRoute } from './picture-route.ts';
import { addProviderRoutes } from './provider-routes.ts';
import { sessionOf } from './request-session.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addStaticFiles } from './static-files.ts';
import { addTrailRoutes, type TrailRouteParts } from './trail-routes.ts';

export interface ViewerApiOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Further names under which people reach this port. */
  readonly allowedHosts: readonly string[];
  /** Undefined: http. New files are taken into use. */
  readonly tls?: CertificateFiles | undefined;
  /** Other machines can reach it. */
  readonly isOpenToOthers: boolean;
  /** Of the product. */
  readonly version: string;
  /** The page as it was built; without it `/` says so. */
  readonly pageFolder?: string | undefined;
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

/** The audit trail; without it the port shows health, status and metrics only. */
export interface TrailApiParts extends Pick<OperatorRouteParts, 'deadLetters' | 'destinations' | 'requests'> {
  readonly trail: Trail;
  readonly access: ViewerAccess;
  readonly looks: Looks;
  readonly clock: Clock;
  readonly formats: readonly ExportFormat[];
}

export interface ViewerApi {
  listen(): Promise<{ readonly url: string }>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;

/**
 * The port where people and monitors read; browsers of dashboards write to the ingest port.
 * Requests whose `Host` is neither an address, nor localhost, nor a configured name are refused (DNS rebinding).
 * @throws CodedError TLS_FILES_UNUSABLE
 */
export function createViewerApi(options: ViewerApiOptions, sources: ViewerSources, trail?: TrailApiParts): ViewerApi {
  const { tls } = options;
  const certificate = tls?.read();
  const app = fastify({
    logger: false,
    requestTimeout: 30_000,
    forceCloseConnections: true,
    bodyLimit: MAX_BODY_BYTES,
    // an identity of 10,000 characters is one, too; the length of a request line is limited before
    routerOptions: { maxParamLength: MAX_BODY_BYTES },
    frameworkErrors: (_error, request, reply) => unreadable(request.url, reply),
    ...(certificate === undefined ? {} : { https: certificate }),
  }) as unknown as FastifyInstance;
  const closing = new AbortController();
  const names = new Set(['localhost', options.host, ...options.allowedHosts].map((name) => name.toLowerCase()));
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (request.url.startsWith(TRAIL_ROOT)) reply.header('link', `<${TRAIL_ROOT}/openapi.json>; rel="service-desc"`);
    if (!isKnownHost(request.headers.host, names)) {
      const message = `This server is not known as "${String(request.headers.host)}". Add the name to viewer.allowedHosts.`;
      const isTrail = request.url.startsWith(TRAIL_ROOT);
      await reply.code(421).send({ error: isTrail ? { code: 'UNKNOWN_HOST', message } : message });
    }
  });
  addRoutes(app, sources);
  if (trail !== undefined) {
    const isSecure = tls !== undefined;
    const guard = { access: trail.access, isSecure, isOpenWithoutTls: options.isOpenToOthers && !isSecure };
    const who: TrailRouteParts['sessionOf'] = (request, isStillThere) => sessionOf(request, guard, isStillThere);
    const parts = { ...trail, sessionOf: who };
    addOpenApiRoute(app, options.version);
    addSessionRoutes(app, { ...guard, looks: trail.looks });
    addProviderRoutes(app, guard);
    addTrailRoutes(app, parts);
    addPictureRoute(app, parts);
    addLiveRoute(app, { ...parts, closing: closing.signal });
    addExportRoute(app, { ...parts, closing: closing.signal, failed: sources.failed });
    addOperatorRoutes(app, { ...parts, status: sources.status });
  }
  if (trail !== undefined) addStaticFiles(app, options.pageFolder);
  return {
    async listen() {
      const url = await app.listen({ host: options.host, port: options.port });
      if (tls !== undefined && certificate !== undefined) {
        keepCertificateFresh(app.server as unknown as TlsServer, certificate, tls, closing.signal);
      }
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
  app.setNotFoundHandler((request, reply) => {
    const message = `Nothing is at ${request.method} ${request.url.split('?')[0]}.`;
    const isTrail = request.url.startsWith(TRAIL_ROOT);
    return reply.code(404).send({ error: isTrail ? { code: 'NOT_FOUND', message } : message });
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    if (failure !== undefined) return reply.code(failure.status).headers(failure.headers).send(failure.body);
    const isTrail = request.url.startsWith(TRAIL_ROOT);
    const status = clientErrorOf(error);
    if (status === undefined) sources.failed(`${request.method} ${request.routeOptions.url ?? '?'}`, error);
    const message = status === undefined ? 'This failed inside; see the log.' : 'This request cannot be read.';
    const code = status === undefined ? 'INTERNAL' : 'BAD_REQUEST';
    return reply.code(status ?? 500).send({ error: isTrail ? { code, message } : message });
  });
}

/** An address that is none: `%zz`. */
function unreadable(url: string, reply: FastifyReply): void {
  const message = 'This address cannot be read.';
  reply.code(400).headers(SECURITY_HEADERS);
  reply.send({ error: url.startsWith(TRAIL_ROOT) ? { code: 'BAD_REQUEST', message } : message });
}

/** What the framework says about a request that it cannot read: a body that is no JSON, or too long. */
function clientErrorOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
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
