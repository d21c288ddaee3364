import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const CLIENT_ID = 'audit';
/** With signs that a form and a header write differently. */
export const CLIENT_SECRET = 'a secret: with + and % and ü';

export type Claims = Readonly<Record<string, unknown>>;

/** What the next log-ins get; every member may be changed while it runs. */
export interface IssuerBehaviour {
  /** Of the user who logs in; the issuer adds its own. */
  user: Claims;
  /** Only `sub` in the ID token: the rest is told at the userinfo endpoint. */
  isBrief: boolean;
  /** Last word on the claims of the ID token. */
  alter: (claims: Claims) => Claims;
  /** Signs with a key that is not among its published ones. */
  signsWithOtherKey: boolean;
  /** `none`: not at all. */
  algorithm: 'RS256' | 'none';
  /** Instead of a code. */
  denies: string | undefined;
  /** Status of every answer of the token endpoint. */
  tokenStatus: number | undefined;
  /** What the discovery document calls the issuer. */
  issuer: string | undefined;
}

export interface OpenIdIssuer extends IssuerBehaviour {
  readonly url: string;
  /** Paths that were asked, in order. */
  readonly asked: string[];
  /** What a person does who logs in there: follows the address, and comes back. @returns the address to which the browser is sent */
  logIn(authorizationUrl: string): Promise<URL>;
  close(): Promise<void>;
}

export interface IssuerOptions {
  readonly redirectUris: (uri: string) => boolean;
  readonly port?: number;
  /** Undefined: a public client. */
  readonly clientSecret?: string | undefined;
  readonly authentication?: 'client_secret_basic' | 'client_secret_post';
}

interface Grant {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string;
}

const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });
const OTHER_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** A strict OpenID Connect issuer (Core 1.0, Discovery 1.0, RFC 7636) of one client and one user, on http of this machine. */
export async function startOpenIdIssuer(options: IssuerOptions): Promise<OpenIdIssuer> {
  const behaviour: IssuerBehaviour = {
    user: { sub: 'u-1', preferred_username: 'anna', roles: ['viewers'] },
    isBrief: false,
    alter: (claims) => claims,
    signsWithOtherKey: false,
    algorithm: 'RS256',
    denies: undefined,
    tokenStatus: undefined,
    issuer: undefined,
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    asked.push(path);
    issuer.answer(path, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = new Issuer(url, options, behaviour);
  return Object.assign(behaviour, {
    url,
    asked,
    async logIn(authorizationUrl: string) {
      const response = await fetch(authorizationUrl, { redirect: 'manual' });
      const location = response.headers.get('location');
      if (location === null) throw new Error(`${response.status} ${await response.text()}`);
      return new URL(location);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

class Issuer {
  readonly #url: string;
  readonly #options: IssuerOptions;
  readonly #behaviour: IssuerBehaviour;
  readonly #grants = new Map<string, Grant>();
  readonly #accessTokens = new Set<string>();

  constructor(url: string, options: IssuerOptions, behaviour: IssuerBehaviour) {
    this.#url = url;
    this.#options = options;
    this.#behaviour = behaviour;
  }

  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${path}`;
    if (route === 'GET /.well-known/openid-configuration') return sendJson(response, 200, this.#metadata());
    if (route === 'GET /keys') return sendJson(response, 200, { keys: [publicKey(KEY.publicKey)] });
    if (route === 'GET /authorize') return this.#authorize(new URL(request.url ?? '', this.#url), response);
    if (route === 'POST /token') return this.#token(request, response);
    if (route === 'GET /userinfo') return this.#userInfo(request, response);
    sendJson(response, 404, { error: 'not_found' });
  }

  #metadata(): Claims {
    const methods = this.#options.clientSecret === undefined ? 'none' : this.#options.authentication;
    return {
      issuer: this.#behaviour.issuer ?? this.#url,
      authorization_endpoint: `${this.#url}/authorize`,
      token_endpoint: `${this.#url}/token`,
      jwks_uri: `${this.#url}/keys`,
      userinfo_endpoint: `${this.#url}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      ...(methods === undefined ? {} : { token_endpoint_auth_methods_supported: [methods] }),
    };
  }

  #authorize({ searchParams: asked }: URL, response: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? '';
    const [challenge, nonce, state] = ['code_challenge', 'nonce', 'state'].map((name) => asked.get(name) ?? '');
    const isRight =
      asked.get('client_id') === CLIENT_ID &&
      this.#options.redirectUris(redirectUri) &&
      asked.get('response_type') === 'code' &&
      (asked.get('scope') ?? '').split(' ').includes('openid') &&
      asked.get('code_challenge_method') === 'S256' &&
      /^[\w-]{43}$/.test(challenge ?? '') &&
      (state ?? '').length >= 22 &&
      (nonce ?? '').length >= 22;
    if (!isRight) {
      sendJson(response, 400, { error: 'invalid_request', asked: asked.toString() });
      return;
    }
    const back = new URL(redirectUri);
    back.searchParams.set('state', state ?? '');
    if (this.#behaviour.denies === undefined) {
      const code = randomBytes(16).toString('hex');
      this.#grants.set(code, { redirectUri, challenge: challenge ?? '', nonce: nonce ?? '' });
      back.searchParams.set('code', code);
    } else back.searchParams.set('error', this.#behaviour.denies);
    response.writeHead(302, { location: back.href }).end();
  }

  async #token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    if (this.#behaviour.tokenStatus !== undefined) {
      return sendJson(response, this.#behaviour.tokenStatus, { error: 'server_error' });
    }
    if (!this.#isClient(request, form)) return sendJson(response, 401, { error: 'invalid_client' });
    const code = form.get('code') ?? '';
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      form.get('grant_type') === 'authorization_code' &&
      form.get('redirect_uri') === grant?.redirectUri &&
      verifier === grant?.challenge;
    if (grant === undefined || !isRight) return sendJson(response, 400, { error: 'invalid_grant' });
    const accessToken = randomBytes(16).toString('hex');
    this.#accessTokens.add(accessToken);
    const answer = { access_token: accessToken, token_type: 'Bearer', expires_in: 60, id_token: this.#idToken(grant) };
    sendJson(response, 200, answer);
  }

  #isClient(request: IncomingMessage, form: URLSearchParams): boolean {
    const { clientSecret, authentication = 'client_secret_basic' } = this.#options;
    const [id, secret] = [form.get('client_id'), form.get('client_secret')];
    const header = request.headers.authorization;
    if (clientSecret === undefined) return id === CLIENT_ID && secret === null && header === undefined;
    if (authentication === 'client_secret_post') return id === CLIENT_ID && secret === clientSecret;
    const given = Buffer.from(/^Basic (.+)$/.exec(header ?? '')?.[1] ?? '', 'base64').toString();
    // RFC 6749, section 2.3.1: both are form-encoded before they are joined
    const parts = [...new URLSearchParams(`a=${given.replace(':', '&b=')}`).values()];
    return secret === null && parts[0] === CLIENT_ID && parts[1] === clientSecret;
  }

  #idToken({ nonce }: Grant): string {
    const { user, isBrief, alter, signsWithOtherKey, algorithm } = this.#behaviour;
    const now = Math.floor(Date.now() / 1000);
    const about = isBrief ? { sub: user.sub } : user;
    const claims = alter({ iss: this.#url, aud: CLIENT_ID, iat: now, exp: now + 60, nonce, ...about });
    const header = { alg: algorithm, typ: 'JWT', kid: 'k1' };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    if (algorithm === 'none') return `${signed}.`;
    const key = (signsWithOtherKey ? OTHER_KEY : KEY).privateKey;
    return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  }

  #userInfo(request: IncomingMessage, response: ServerResponse): void {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (this.#accessTokens.has(token)) sendJson(response, 200, this.#behaviour.user);
    else sendJson(response, 401, { error: 'invalid_token' });
  }
}

function publicKey(key: KeyObject): object {
  return { ...key.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
