import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import { CountedWarnings } from '../../pipeline/counted-warnings.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { Refusal } from '../../pipeline/refusal.ts';
import { keepCertificateFresh } from '../shared/fresh-certificate.ts';
import { mostConnections } from './connection-limit.ts';
import { DEFAULT_TIMEOUTS, type HttpApiOptions, type Timeouts } from './options.ts';
import { type HttpApiParts, RequestHandler } from './request-handler.ts';
import { readTlsFiles } from './tls-files.ts';

export interface ListeningAddress {
  /** As the operating system reports it. */
  readonly address: string;
  readonly port: number;
  /** `http://127.0.0.1:8181`: with the configured host name. */
  readonly url: string;
}

/** The ingest port. */
export interface HttpApi {
  /** @throws the system's error (EADDRINUSE, EACCES, …) when the port cannot be had */
  listen(): Promise<ListeningAddress>;
  /** To be called now and then: a burst is counted in the log also where nothing follows it. */
  sayDueWarnings(): void;
  /**
   * Takes no new connections, answers what is under way, ends connections as they become idle, and after `deadlineMs` all
   * that are left. May be called twice.
   */
  close(deadlineMs: number): Promise<void>;
}

/** @throws CodedError TLS_FILES_UNUSABLE */
export function createHttpApi(options: HttpApiOptions, parts: HttpApiParts): HttpApi {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const handler = new RequestHandler(options, parts);
  const stop = new AbortController();
  const server = createNodeServer(
    options,
    timeouts,
    (request, response) => handler.handle(request, response),
    (tls) => {
      const { tls: files } = options;
      const checked = { read: () => readTlsFiles(files), name: files.cert, checkMs: timeouts.certificateCheckMs };
      keepCertificateFresh(tls.server, tls.context, { ...checked, ...parts }, stop.signal);
    },
  );
  server.on('checkContinue', (request, response) => handler.handleExpecting(request, response));
  server.on('checkExpectation', (request, response) => handler.refuseExpectation(request, response));
  server.on('clientError', (error: Error, socket: Socket) => answerUnreadable(error, socket, handler));
  const refused = boundConnections(server, options.maxConnections ?? mostConnections(), parts);
  const sockets = watchConnections(server, options, parts);
  const connections = options.tls.enable ? socketsOf(server, 'connection') : sockets;
  let closed: Promise<void> | undefined;
  return {
    listen: () => listen(server, options, parts),
    sayDueWarnings: () => {
      handler.sayDueWarnings();
      refused.sayDue();
    },
    close: (deadlineMs) => {
      stop.abort();
      closed ??= closeServer(server, { handler, sockets, connections, clock: parts.clock, deadlineMs }).then(() =>
        refused.flush(),
      );
      return closed;
    },
  };
}

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

interface TlsParts {
  readonly server: TlsServer;
  readonly context: SecureContextOptions;
}

function createNodeServer(
  options: HttpApiOptions,
  timeouts: Timeouts,
  onRequest: RequestListener,
  onTls: (tls: TlsParts) => void,
): Server | TlsServer {
  const limits: ServerOptions = {
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: timeouts.checkMs,
    noDelay: true,
    // nothing here depends on it, and Node's own refusal would have no body
    requireHostHeader: false,
  };
  if (!options.tls.enable) return answeringHalfClosed(createServer(limits, onRequest));
  const context = readTlsFiles(options.tls);
  const server = createTlsServer({ ...limits, ...context, handshakeTimeout: timeouts.headersMs }, onRequest);
  // as Node has it for plain connections; set at once, it would keep those that end in mid-handshake
  server.on('secureConnection', (socket) => Object.assign(socket, { allowHalfOpen: true }));
  onTls({ server, context });
  return answeringHalfClosed(server);
}

/**
 * A client that has sent all it has to say may close its side at once and still waits for the answer. Node would end such
 * a connection without one. With this it answers the requests that are complete and then ends the connection; one whose
 * request is not complete it reports as unreadable. The property is in no type and has been in Node since version 0.
 */
function answeringHalfClosed<S extends Server | TlsServer>(server: S): S {
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** A name with addresses of both kinds means the older one: who is given only that could not connect to the other. */
async function listen(
  server: Server | TlsServer,
  { host: name, port, tls }: HttpApiOptions,
  { logger }: HttpApiParts,
): Promise<ListeningAddress> {
  const { address: host } = await lookup(name, { order: 'ipv4first' });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject);
      server.on('error', (error) =>
        logger.error({ cause: messageOf(error) }, 'the ingest port has a fault; please report it'),
      );
      const bound = server.address();
      if (bound === null || typeof bound === 'string') {
        reject(new Error('the port has no address'));
        return;
      }
      const shown = name.includes(':') ? `[${name}]` : name;
      const scheme = tls.enable ? 'https' : 'http';
      resolve({ address: bound.address, port: bound.port, url: `${scheme}://${shown}:${bound.port}` });
    });
  });
}

/** Those beyond are closed at once: a client of ours tries again. */
function boundConnections(
  server: Server | TlsServer,
  most: number | undefined,
  { clock, logger }: HttpApiParts,
): CountedWarnings {
  const refused = new CountedWarnings(clock);
  if (most === undefined) return refused;
  server.maxConnections = most;
  server.on('drop', () => {
    refused.add('', (count) => {
      logger.warn({ count, most }, 'connections were closed at once: this process may not open enough files for more');
    });
  });
  return refused;
}

/** The sockets on which requests come. */
function watchConnections(
  server: Server | TlsServer,
  options: HttpApiOptions,
  parts: HttpApiParts,
): ReadonlySet<Socket> {
  const gauge = parts.metrics.gauge('butler_sos_audit_http_connections', 'Open connections of the ingest port.');
  return socketsOf(server, options.tls.enable ? 'secureConnection' : 'connection', (size) => gauge.set(size));
}

function socketsOf(server: Server, event: string, onSize: (size: number) => void = () => {}): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    onSize(sockets.size);
    socket.once('close', () => {
      sockets.delete(socket);
      onSize(sockets.size);
    });
  });
  return sockets;
}

interface Closing {
  readonly handler: RequestHandler;
  readonly sockets: ReadonlySet<Socket>;
  /** Those in mid-handshake as well, of which Node's `closeAllConnections` knows nothing. */
  readonly connections: ReadonlySet<Socket>;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

async function closeServer(server: Server | TlsServer, closing: Closing): Promise<void> {
  const { handler, sockets, connections, clock, deadlineMs } = closing;
  handler.replies.closeConnections();
  const done = new AbortController();
  const closed = new Promise<void>((resolve) => {
    // an error here means that it never listened
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  // browsers open connections ahead of need; Node does not count those as idle
  for (const socket of sockets) if (handler.stateOf(socket).stage === 'silent') socket.destroy();
  const deadline = clock.sleep(deadlineMs, done.signal).then(() => {
    for (const connection of connections) connection.destroy();
  });
  await closed;
  done.abort();
  await deadline;
  handler.close();
}

/** For what the parser cannot make a request of, and for clients that are too slow. */
function answerUnreadable(error: Error, socket: Socket, handler: RequestHandler): void {
  const code = systemCodeOf(error);
  const { stage, origin } = handler.stateOf(socket);
  if (stage === 'answered early') {
    socket.destroySoon();
    return;
  }
  // an answer now would be taken for that to the request before
  if (code === 'ECONNRESET' || !socket.writable || stage === 'awaits answer') {
    socket.destroy();
    return;
  }
  const refusal = UNREADABLE.get(code ?? '') ?? MALFORMED;
  socket.end(handler.replies.raw(origin, refusal), () => socket.destroySoon());
}

const MALFORMED: Refusal = { status: 400, outcome: 'error', reason: 'Malformed request' };
const UNREADABLE: ReadonlyMap<string, Refusal> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, outcome: 'error', reason: 'Request timeout' }],
  ['HPE_HEADER_OVERFLOW', { status: 431, outcome: 'error', reason: 'Request header fields are too large' }],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', { status: 413, outcome: 'error', reason: 'Chunk extensions are too large' }],
]);
