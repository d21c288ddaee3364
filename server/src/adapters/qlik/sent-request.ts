import http, { type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import { portOf } from './host-rules.ts';

export interface RequestParts {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  readonly agent: http.Agent;
  readonly lookup?: LookupFunction;
}

/** A request under way. */
export interface SentRequest {
  /** The head of the answer. Rejects with the error of the connection. */
  readonly response: Promise<IncomingMessage>;
  /** The connection stood: the server may have acted on the request, even if its answer never comes. */
  wasSent(): boolean;
  /** It went over a connection that had been idle; the other side may have been closing it. */
  wasReused(): boolean;
  wasCancelled(): boolean;
  cancel(): void;
}

/** As `SentRequest`, of one or two requests. */
export interface RepeatableRequest extends Pick<SentRequest, 'response' | 'wasSent' | 'cancel'> {
  /** It was sent a second time; nobody knows whether the server acted on the first. */
  wasRepeated(): boolean;
}

/** Notices after a minute or so that the other side has vanished. */
const KEEP_ALIVE_MS = 10_000;

/** Sends exactly what it is given: no redirects, no cookies of its own, no retries. */
export function sendRequest({ url, method, headers, body, agent, lookup }: RequestParts): SentRequest {
  const isHttps = url.protocol === 'https:';
  const request = (isHttps ? https : http).request({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: portOf(url),
    path: `${url.pathname}${url.search}`,
    ...{ method, agent, headers: { 'user-agent': 'butler-sos-audit', ...headers } },
    ...(lookup === undefined ? {} : { lookup }),
  });
  let stood = false;
  request.on('socket', (socket: Socket) => {
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (request.reusedSocket) stood = true;
    else
      socket.once(isHttps ? 'secureConnect' : 'connect', () => {
        stood = true;
      });
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (head) => {
      // errors of the body show where it is read
      head.on('error', () => undefined);
      resolve(head);
    });
    // 101, which nobody asked for: an answer without a body
    request.on('upgrade', (head, socket) => {
      socket.destroy();
      resolve(head.destroy());
    });
  });
  // whoever has lost interest need not be there
  response.catch(() => undefined);
  request.end(body);
  let isCancelled = false;
  return {
    response,
    wasSent: () => stood,
    wasReused: () => request.reusedSocket,
    wasCancelled: () => isCancelled,
    cancel() {
      isCancelled = true;
      request.destroy();
    },
  };
}

/** So much of a body as is wanted, at most; whatever comes after that is not read. */
export async function readStart(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break; // destroys the connection
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
}
