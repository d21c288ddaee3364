import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answerOf,
  type Behaviour,
  type BehaviourOptions,
  json,
  LOGIN_PATH,
  loginPage,
  picture,
  type Reply,
  redirect,
  text,
  withoutXrfkey,
} from './qlik-stand-in-answers.ts';
import { type SessionRules, type StandInSession, StandInSessions } from './qlik-stand-in-sessions.ts';
import { type CertificateAuthority, createCertificateAuthority } from './test-certificates.ts';

export type { Behaviour, BehaviourOptions } from './qlik-stand-in-answers.ts';
export type { StandInSession } from './qlik-stand-in-sessions.ts';

export interface QlikStandInOptions {
  /** Default: the default one, and `analytics`. `{ sales: { cookieName: 'Sales-Session' } }` */
  readonly virtualProxies?: SessionRules['virtualProxies'];
  /** Names in the server's certificate, besides `localhost`, `127.0.0.1` and `::1`. */
  readonly hostNames?: readonly string[];
  /** Names in it, instead of all of those. */
  readonly certificateHosts?: readonly string[];
  /** Days that it is still valid; negative: has expired. */
  readonly certificateDays?: number;
  /** What somebody without a session gets: a redirect to the log-in page (default), that page at once, or a status. */
  readonly withoutSession?: 'redirect' | 'page' | 401 | 403;
  /** False: pictures for everybody, as a plain web server. */
  readonly requireLogin?: boolean;
  readonly sessionLimit?: number;
  readonly ticketLifeMs?: number;
  readonly nowMs?: () => number;
  /** Pictures for paths that have none of their own. */
  readonly pictureOf?: (path: string) => Buffer | undefined;
}

/** One request as it came, with the status that it got (0: none yet, or the connection was broken). */
export interface StandInRequest {
  readonly server: 'qps' | 'https' | 'http';
  readonly method: string;
  /** With the query: here are the tickets. */
  readonly path: string;
  /** Here are the cookies. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  status: number;
}

/** A Qlik Sense with pictures: proxy (https and http) and Qlik Proxy Service, on 127.0.0.1. */
export interface QlikStandIn {
  readonly qpsPort: number;
  readonly httpsPort: number;
  readonly httpPort: number;
  /** PEM files in a folder that `close` removes. */
  readonly caPath: string;
  readonly clientCertPath: string;
  readonly clientKeyPath: string;
  /** To make other certificates that this server trusts, or servers that its clients trust. */
  readonly authority: CertificateAuthority;
  /** `https://localhost:PORT/tempcontent/x.png` for `tempcontent/x.png`. */
  imageUrl(
    path: string,
    options?: { readonly host?: string; readonly http?: boolean; readonly query?: string },
  ): string;
  /** @param path `tempcontent/x.png`, `analytics/tempcontent/x.png` */
  setImage(path: string, bytes: Buffer): void;
  /** Undefined: plainly again; those that hang are answered. */
  setBehaviour(path: string, behaviour: Behaviour | undefined, options?: BehaviourOptions): void;
  /** Instead of the next answers to requests for tickets, or to end sessions. */
  setQpsBehaviour(behaviour: Behaviour | undefined, method?: 'POST' | 'DELETE'): void;
  /** Those that are open. */
  sessions(): readonly StandInSession[];
  /** Somebody logs in elsewhere. */
  openSession(user: string, virtualProxy?: string): StandInSession;
  /** As after a restart of the proxy: cookies are good for nothing. */
  endAllSessions(): void;
  /** @param user `DIRECTORY\user` @returns the most sessions at a time, ever */
  mostSessionsOf(user: string): number;
  requests(): readonly StandInRequest[];
  close(): Promise<void>;
}

interface PathBehaviour extends BehaviourOptions {
  readonly behaviour: Behaviour;
  left: number;
}

export async function startQlikStandIn(options: QlikStandInOptions = {}): Promise<QlikStandIn> {
  const standIn = new StandIn(options);
  await standIn.listen();
  return standIn;
}

class StandIn implements QlikStandIn {
  readonly authority = createCertificateAuthority('Stand-in root CA');
  readonly caPath: string;
  readonly clientCertPath: string;
  readonly clientKeyPath: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'qlik-stand-in-'));
  readonly #options: QlikStandInOptions;
  readonly #sessions: StandInSessions;
  readonly #images = new Map<string, Buffer>();
  readonly #behaviours = new Map<string, PathBehaviour>();
  readonly #hanging: { readonly path: string; readonly resume: () => void }[] = [];
  readonly #requests: StandInRequest[] = [];
  readonly #servers: Readonly<Record<StandInRequest['server'], http.Server>>;

  constructor(options: QlikStandInOptions) {
    this.#options = options;
    this.#sessions = new StandInSessions({
      virtualProxies: options.virtualProxies ?? { '': {}, analytics: {} },
      sessionLimit: options.sessionLimit ?? 5,
      ticketLifeMs: options.ticketLifeMs ?? 60_000,
      nowMs: options.nowMs ?? Date.now,
    });
    const hosts = options.certificateHosts ?? ['localhost', '127.0.0.1', '::1', ...(options.hostNames ?? [])];
    const server = this.authority.issue('qlik.test', { hosts, days: options.certificateDays ?? 2 });
    const client = this.authority.issue('QlikClient');
    this.caPath = this.#write('root.pem', this.authority.cert);
    this.clientCertPath = this.#write('client.pem', client.cert);
    this.clientKeyPath = this.#write('client_key.pem', client.key);
    const mutual = { ca: this.authority.cert, requestCert: true, rejectUnauthorized: true };
    this.#servers = {
      qps: https.createServer({ ...server, ...mutual }, (request, response) => this.#serve('qps', request, response)),
      https: https.createServer(server, (request, response) => this.#serve('https', request, response)),
      http: http.createServer((request, response) => this.#serve('http', request, response)),
    };
  }

  async listen(): Promise<void> {
    for (const server of Object.values(this.#servers)) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  }

  get qpsPort(): number {
    return portOf(this.#servers.qps);
  }
  get httpsPort(): number {
    return portOf(this.#servers.https);
  }
  get httpPort(): number {
    return portOf(this.#servers.http);
  }

  imageUrl(path: string, { host = 'localhost', http: isHttp = false, query = '' } = {}): string {
    const base = isHttp ? `http://${host}:${this.httpPort}` : `https://${host}:${this.httpsPort}`;
    return `${base}/${path}${query === '' ? '' : `?${query}`}`;
  }

  setImage(path: string, bytes: Buffer): void {
    this.#images.set(`/${path}`, bytes);
  }

  setBehaviour(path: string, behaviour: Behaviour | undefined, options: BehaviourOptions = {}): void {
    this.#setBehaviour(`/${path}`, behaviour, options);
  }

  setQpsBehaviour(behaviour: Behaviour | undefined, method: 'POST' | 'DELETE' = 'POST'): void {
    this.#setBehaviour(`qps ${method}`, behaviour, {});
  }

  sessions(): readonly StandInSession[] {
    return this.#sessions.list();
  }
  openSession(user: string, virtualProxy = ''): StandInSession {
    return this.#sessions.open(user, virtualProxy);
  }
  endAllSessions(): void {
    this.#sessions.endAll();
  }
  mostSessionsOf(user: string): number {
    return this.#sessions.mostOf(user);
  }
  requests(): readonly StandInRequest[] {
    return this.#requests;
  }

  async close(): Promise<void> {
    for (const server of Object.values(this.#servers)) {
      if (!server.listening) continue;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  #setBehaviour(path: string, behaviour: Behaviour | undefined, options: BehaviourOptions): void {
    if (behaviour === undefined) this.#behaviours.delete(path);
    else this.#behaviours.set(path, { ...options, behaviour, left: options.times ?? Number.POSITIVE_INFINITY });
    if (behaviour === 'hang') return;
    const released = this.#hanging.filter((waiting) => waiting.path === path);
    for (const waiting of released) this.#hanging.splice(this.#hanging.indexOf(waiting), 1);
    for (const waiting of released) waiting.resume();
  }

  async #serve(server: StandInRequest['server'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const seen = { server, method, path, headers, body: '', status: 0 };
    this.#requests.push(seen);
    response.on('finish', () => {
      seen.status = response.statusCode;
    });
    try {
      for await (const chunk of request) seen.body += String(chunk);
    } catch {
      return; // the client went away
    }
    const reply = server === 'qps' ? this.#qpsReply(seen) : this.#proxyReply(seen);
    reply(response);
  }

  #qpsReply({ method, path, headers, body }: StandInRequest): Reply {
    const url = new URL(path, 'https://qps');
    const key = url.searchParams.get('Xrfkey') ?? '';
    if (!/^[0-9a-zA-Z]{16}$/.test(key) || headers['x-qlik-xrfkey'] !== key) {
      return withoutXrfkey;
    }
    const match = /^\/qps\/(?:(.+)\/)?(ticket|session\/([^/]+))$/.exec(url.pathname);
    const [, virtualProxy = '', call = '', sessionId] = match ?? [];
    if (match === null || !this.#sessions.hasVirtualProxy(virtualProxy)) return text(404, 'Not found');
    return this.#asTold(`qps ${method}`, NO_PICTURE, (response) => {
      const reply =
        method === 'POST' && call === 'ticket'
          ? this.#makeTicket(virtualProxy, body)
          : method === 'DELETE' && sessionId !== undefined
            ? this.#endSession(virtualProxy, sessionId)
            : text(405, 'Method not allowed');
      reply(response);
    });
  }

  #makeTicket(virtualProxy: string, body: string): Reply {
    const { UserDirectory: directory, UserId: id, ...more } = parsed(body);
    const isName = (name: unknown): name is string =>
      typeof name === 'string' && name.trim() !== '' && !name.includes('\\');
    if (!isName(directory) || !isName(id)) return text(400, 'UserDirectory and UserId');
    const Ticket = this.#sessions.createTicket(`${directory.trim()}\\${id.trim()}`, virtualProxy);
    return json(201, { UserDirectory: directory, UserId: id, ...more, Ticket, TargetUri: null });
  }

  #endSession(virtualProxy: string, id: string): Reply {
    const ended = this.#sessions.end(decodeURIComponent(id), virtualProxy);
    return ended === undefined ? text(404, 'Not found') : json(200, { Session: { SessionId: ended.id } });
  }

  #proxyReply({ server, path, headers }: StandInRequest): Reply {
    const { pathname, searchParams } = new URL(path, 'http://proxy');
    if (pathname.endsWith(LOGIN_PATH)) return loginPage;
    const [, prefix = ''] = /^(?:\/(.+))?\/(?:tempcontent|api|content|extensions|hub)\//.exec(pathname) ?? [];
    const virtualProxy = this.#sessions.hasVirtualProxy(prefix) ? prefix : '';
    const image = this.#images.get(pathname) ?? this.#options.pictureOf?.(pathname);
    const plainly = image === undefined ? text(404, 'Not found') : picture(image);
    const ticket = searchParams.get('qlikTicket');
    const sent = ticket ?? headers.cookie?.split('=')[1] ?? '';
    const reply = this.#asTold(pathname, image ?? NO_PICTURE, plainly, sent);
    const told = this.#behaviours.get(pathname);
    const isBeforeLogin = told?.beforeLogin === true && told.left > 0;
    if (isBeforeLogin || this.#options.requireLogin === false) return reply;

    const cookieName = this.#sessions.cookieName(virtualProxy, server === 'https');
    const cookie = cookieOf(headers.cookie, cookieName);
    if (cookie !== undefined && this.#sessions.find(cookie, virtualProxy) !== undefined) return reply;
    const redeemed = ticket === null ? undefined : this.#sessions.redeem(ticket, virtualProxy);
    if (redeemed?.kind === 'too-many-sessions') return json(403, { errorText: 'UsageDenied' });
    if (redeemed?.kind !== 'session') return this.#loginReply(virtualProxy);
    const flags = `Path=/; HttpOnly${server === 'https' ? '; Secure' : ''}`;
    return (response) => {
      response.setHeader('set-cookie', ['other=1', `${cookieName}=${redeemed.session.id}; ${flags}`]);
      reply(response);
    };
  }

  #loginReply(virtualProxy: string): Reply {
    const { withoutSession = 'redirect' } = this.#options;
    if (typeof withoutSession === 'number') return text(withoutSession, 'Log in first');
    if (withoutSession === 'page') return loginPage;
    return redirect(`${virtualProxy === '' ? '' : `/${virtualProxy}`}${LOGIN_PATH}`);
  }

  #asTold(path: string, image: Buffer, plainly: Reply, secret = ''): Reply {
    return (response) => {
      const told = this.#behaviours.get(path);
      if (told === undefined || told.left <= 0) {
        plainly(response);
        return;
      }
      told.left--;
      if (told.retryAfter !== undefined) response.setHeader('retry-after', told.retryAfter);
      if (told.behaviour === 'hang') this.#hanging.push({ path, resume: () => plainly(response) });
      else answerOf(told.behaviour, image, secret)(response);
    };
  }
}

const NO_PICTURE = Buffer.from('no picture');

function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port;
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([key]) => key === name)?.[1];
}
