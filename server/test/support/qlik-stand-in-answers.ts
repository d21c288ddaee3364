import type { ServerResponse } from 'node:http';

/**
 * How a path answers instead of plainly:
 * - `status:503` any status, with a short text; `says:400:TEXT` with that text, as a page for people; `redirect:URL` 302
 *   to it, absolute or relative; `login` an HTML page with status 200; `login-redirect` 302 to the log-in page; `xsrf` what the Proxy Service answers without an Xrfkey
 * - `echo-in-host:URL` 302 to it, with the ticket or cookie that came put into that part of it
 * - `hang` no answer until the behaviour is taken away; `slow` head at once, then a byte every 50 ms; `endless` never stops
 * - `truncated` half of the picture, then the connection breaks; `reset` breaks before the head
 * - `lying-type` the picture as text/html; `short-length` a Content-Length of half the picture; `long-length` of twice,
 *   then the end; `gzip` claims an encoding that it has not; `html` a page that says it is image/png
 */
export type Behaviour =
  | 'hang'
  | 'slow'
  | 'endless'
  | 'truncated'
  | 'reset'
  | 'lying-type'
  | 'short-length'
  | 'long-length'
  | 'gzip'
  | 'html'
  | 'login'
  | 'login-redirect'
  | 'xsrf'
  | `status:${number}`
  | `says:${number}:${string}`
  | `redirect:${string}`
  | `echo-in-${'path' | 'query' | 'host'}:${string}`;

export interface BehaviourOptions {
  /** So many times, then plainly again; without it for good. */
  readonly times?: number;
  /** A `Retry-After` header. */
  readonly retryAfter?: string;
  /** Also for whom has no session: the behaviour comes before the log-in. */
  readonly beforeLogin?: boolean;
}

export const LOGIN_PATH = '/internal_forms_authentication/';
export const LOGIN_PAGE =
  '<!DOCTYPE html><html><head><title>Qlik Sense log-in</title></head><body>Log in</body></html>';

export type Reply = (response: ServerResponse) => void;

/** Without `hang`, which the stand-in keeps itself. @param secret the ticket or cookie of the request */
export function answerOf(behaviour: Exclude<Behaviour, 'hang'>, image: Buffer, secret: string): Reply {
  const [word = '', ...rest] = behaviour.split(':');
  if (word.startsWith('echo-in-')) return redirect(withEcho(rest.join(':'), word.slice(8), secret));
  const told = ANSWERS[word];
  if (told !== undefined) return (response) => told(response, image);
  if (word === 'says') return page(Number(rest[0]), 'text/html', `<html>${rest.slice(1).join(':')}</html>`);
  return word === 'redirect' ? redirect(rest.join(':')) : text(Number(rest[0]), 'as told');
}

function withEcho(text: string, part: string, secret: string): string {
  const url = new URL(text);
  if (part === 'path') url.pathname = `/tempcontent/${secret}`;
  if (part === 'query') url.search = `stolen=${[...secret].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}`;
  if (part === 'host') url.hostname = `${secret}.${url.hostname}`;
  return url.href;
}

export function page(status: number, type: string, body: string | Buffer): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
  };
}

export const text = (status: number, body: string) => page(status, 'text/plain', body);
export const json = (status: number, body: unknown) => page(status, 'application/json', JSON.stringify(body));
export const picture = (image: Buffer) => page(200, 'image/png', image);
export const loginPage = page(200, 'text/html; charset=utf-8', LOGIN_PAGE);

export const withoutXrfkey = text(403, 'XSRF prevention check failed. Possible XSRF discovered.');

export function redirect(location: string): Reply {
  return (response) => {
    response.setHeader('location', location);
    text(302, '')(response);
  };
}

const ANSWERS: Readonly<Record<string, (response: ServerResponse, image: Buffer) => void>> = {
  slow(response, image) {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.length });
    trickle(response, image, 1, 50);
  },
  endless(response, image) {
    response.writeHead(200, { 'content-type': 'image/png' });
    trickle(response, Buffer.alloc(65_536, image), Number.POSITIVE_INFINITY, 0);
  },
  truncated(response, image) {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.length });
    response.write(image.subarray(0, image.length >> 1), () => response.destroy());
  },
  reset: (response) => response.destroy(),
  'lying-type': (response, image) => page(200, 'text/html', image)(response),
  'short-length': (response, image) => picture(image.subarray(0, image.length >> 1))(response),
  'long-length'(response, image) {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.length * 2 });
    response.write(image, () => response.destroy());
  },
  gzip(response, image) {
    response.setHeader('content-encoding', 'gzip');
    picture(image)(response);
  },
  html: page(200, 'image/png', LOGIN_PAGE),
  login: loginPage,
  'login-redirect': redirect(LOGIN_PATH),
  xsrf: withoutXrfkey,
};

/** Infinity: the picture again and again, as fast as it is taken; else so many bytes at a time. */
function trickle(response: ServerResponse, image: Buffer, bytes: number, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (response.writableNeedDrain) return;
    if (bytes === Number.POSITIVE_INFINITY) response.write(image);
    else if (at < image.length) response.write(image.subarray(at, at + bytes));
    else response.end();
    at += bytes;
  }, everyMs);
  response.on('close', () => clearInterval(timer));
}
