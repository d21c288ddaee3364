import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { systemCodeOf } from '../../domain/errors.ts';
import type { DownloadOutcome } from '../../pipeline/ports/screenshots.ts';
import { portOf } from './host-rules.ts';
import { imageFormatOf, isWholeImage, looksLikeHtml } from './image-signature.ts';
import { connectionProblem, failed, type Problem, retry, retryAfterMs, sessionLimitProblem } from './problems.ts';
import { readStart } from './sent-request.ts';
import { withoutTicket } from './without-ticket.ts';

export interface ImageAnswer {
  readonly outcome: DownloadOutcome;
  /** The server wants somebody to log in. */
  readonly wantsLogin: boolean;
}

/** One address on the way to the picture. */
export interface Hop {
  readonly url: URL;
  readonly response: IncomingMessage;
}

export interface FetchParts {
  /** Sends a request to a hop, with whatever credentials may go there; undefined: nothing may be asked there. */
  readonly ask: (url: URL) => Promise<IncomingMessage | undefined>;
  readonly maxImageBytes: number;
  readonly nowMs: () => number;
}

const MAX_REDIRECTS = 5;
const MAX_TEXT_BYTES = 8192;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const PASSING = new Set([404, 408, 425, 429]);

/** Where people log in: forms of Qlik Sense, Windows, SAML, OpenID Connect. */
const LOGIN_SEGMENT = /^(?:.*(?:log-?in|log-?on|sign-?in|authenticat).*|saml2?|adfs|oauth2?|oidc)$/i;

/** Follows the redirects by hand and reads the picture. @throws the error of a connection, or what `ask` throws */
export async function fetchImage(first: Hop, parts: FetchParts): Promise<ImageAnswer> {
  let hop = first;
  for (let redirects = 0; ; redirects++) {
    const { response, url } = hop;
    const location = REDIRECTS.has(response.statusCode ?? 0) ? response.headers.location : undefined;
    if (location === undefined) return readAnswer(hop, parts);
    response.destroy();
    if (!URL.canParse(location, url.href)) {
      return plain(failed('redirect-not-allowed', `${url.host} redirects to something that is no URL.`));
    }
    const tooMany = limitOf(hop, location, parts.nowMs());
    if (tooMany !== undefined) return plain(tooMany);
    const next = withoutTicket(new URL(location, url));
    if (next.pathname.split('/').some((segment) => LOGIN_SEGMENT.test(segment))) return loginAnswer(url);
    if (redirects === MAX_REDIRECTS) {
      return plain(failed('too-many-redirects', `${first.url.host} redirects more than ${MAX_REDIRECTS} times.`));
    }
    const answer = await parts.ask(next);
    if (answer === undefined) {
      const message = `${url.host} redirects to ${next.host || next.protocol}, from where pictures are not allowed to come.`;
      return plain(failed('redirect-not-allowed', message));
    }
    hop = { url: next, response: answer };
  }
}

async function readAnswer({ url, response }: Hop, parts: FetchParts): Promise<ImageAnswer> {
  const status = response.statusCode ?? 0;
  try {
    if (status === 200 || status === 203) return await readImage({ url, response }, parts);
    return await refusal({ url, response }, parts.nowMs());
  } catch (thrown) {
    if (!response.destroyed && response.errored === null) throw thrown;
    return plain(connectionProblem(thrown, { role: 'image host', host: url.hostname, port: portOf(url) }));
  } finally {
    response.destroy();
  }
}

async function readImage(hop: Hop, { maxImageBytes: maxBytes, nowMs }: FetchParts): Promise<ImageAnswer> {
  const { url, response } = hop;
  const tooLarge = failed(
    'too-large',
    `${url.host} sends more than the ${maxBytes} bytes of screenshots.maxImageBytes.`,
  );
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) return plain(tooLarge);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return plain(tooLarge);
    chunks.push(chunk);
  }
  const bytes = await unpacked(Buffer.concat(chunks), maxBytes);
  if (bytes === 'too-large') return plain(tooLarge);
  const format = imageFormatOf(bytes);
  if (format !== undefined) {
    if (isWholeImage(bytes, format)) return plain({ kind: 'downloaded', bytes, format });
    return plain(retry('truncated', `${url.host} sent a picture without its end.`));
  }
  if (looksLikeHtml(bytes, response.headers['content-type'])) {
    const tooMany = limitOf(hop, bytes.toString('utf8', 0, MAX_TEXT_BYTES), nowMs());
    return tooMany === undefined ? loginAnswer(url) : plain(tooMany);
  }
  if (size === 0) return plain(retry('truncated', `${url.host} sent nothing.`));
  return plain(failed('not-an-image', `${url.host} sent something that is no PNG, JPEG, WebP or GIF.`));
}

/** Some gateways compress although nobody asked them to. What cannot be unpacked stays as it came. */
async function unpacked(bytes: Buffer, maxOutputLength: number): Promise<Buffer | 'too-large'> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (thrown) {
    return systemCodeOf(thrown) === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : bytes;
  }
}

async function refusal(hop: Hop, nowMs: number): Promise<ImageAnswer> {
  const { url, response } = hop;
  const status = response.statusCode ?? 0;
  const afterMs = retryAfterMs(response.headers['retry-after'], nowMs);
  if (status === 401 || status === 403) {
    const tooMany = limitOf(hop, `${response.statusMessage} ${await readStart(response, MAX_TEXT_BYTES)}`, nowMs);
    if (tooMany !== undefined) return plain(tooMany);
    return {
      outcome: failed('access-denied', `${url.host} does not give this picture out (${status}).`),
      wantsLogin: true,
    };
  }
  if (PASSING.has(status) || status >= 500) {
    const reason = status === 404 ? 'not-found' : `http-${status}`;
    return plain(retry(reason, `${url.host} answers ${status}.`, afterMs));
  }
  return plain(failed(`http-${status}`, `${url.host} answers ${status}.`));
}

/** The page, or the address of the page, that says it. */
function limitOf({ url, response }: Hop, text: string, nowMs: number): Problem | undefined {
  return sessionLimitProblem(text, url.host, retryAfterMs(response.headers['retry-after'], nowMs));
}

function loginAnswer(url: URL): ImageAnswer {
  return { outcome: retry('login-page', `${url.host} sends a log-in page instead of a picture.`), wantsLogin: true };
}

function plain(outcome: DownloadOutcome): ImageAnswer {
  return { outcome, wantsLogin: false };
}
