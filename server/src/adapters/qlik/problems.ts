import { systemCodeOf } from '../../domain/errors.ts';
import { membersOf } from '../../domain/payload-member.ts';
import type { DownloadOutcome, DownloadProblem } from '../../pipeline/ports/screenshots.ts';
import { maskSecrets } from '../shared/mask-secrets.ts';
import { AddressRefusedError } from './checked-lookup.ts';

export type Problem = Exclude<DownloadOutcome, { readonly kind: 'downloaded' }>;

/** What is wrong with one picture, or for one user; anything else would be the same for every picture of that host. */
const OF_ONE_PICTURE: ReadonlySet<string> = new Set([
  ...['not-found', 'truncated', 'http-408', 'http-425', 'http-500'],
  ...['too-many-sessions', 'session-in-doubt', 'stopped'],
]);

export function retry(reason: string, message: string, afterMs?: number): Problem {
  const hostWide = !OF_ONE_PICTURE.has(reason);
  return { kind: 'retry', reason, message, hostWide, ...(afterMs === undefined ? {} : { afterMs }) };
}

export function failed(reason: string, message: string): Problem {
  return { kind: 'failed', reason, message };
}

/** Within one piece of text: a page with `maximum-scale=1` whose title is `Session expired` is a log-in page. */
const SESSION_LIMIT = /UsageDenied|(?:too many|maximum|parallel)[^.<>]{0,60}sessions?/i;

/**
 * Of a user who has as many sessions as Qlik Sense allows.
 * @param text whatever the answer says: of its status, its page, or where it leads. Undefined: it says nothing of that
 */
export function sessionLimitProblem(text: string, host: string, afterMs: number | undefined): Problem | undefined {
  if (!SESSION_LIMIT.test(text)) return undefined;
  const message = `Qlik Sense at ${host} gives this user no more sessions: five are the most. Some of them must end first.`;
  return retry('too-many-sessions', message, afterMs ?? 60_000);
}

/** Whom a connection was for. */
export interface Peer {
  readonly role: 'qps' | 'image host';
  readonly host: string;
  readonly port: number;
}

const UNTRUSTED = new Set([
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED'],
  ...['INVALID_CA', 'ERR_TLS_CERT_SIGNATURE_ALGORITHM_UNSUPPORTED'],
]);
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);
const NO_WAY = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL']);

/** Was it a connection that failed? Anything else is a defect of ours. */
export function isFromOutside(thrown: unknown): boolean {
  return thrown instanceof AddressRefusedError || systemCodeOf(thrown) !== undefined;
}

/** A connection that failed, in plain words and with what to do; holds no more of the error than its code, and the names of a Proxy Service. */
export function connectionProblem(error: unknown, peer: Peer): Problem {
  if (error instanceof AddressRefusedError) {
    return failed('address-not-allowed', `${peer.host} leads to an address at which there can be no Qlik Sense.`);
  }
  const { reason, message } = explain(systemCodeOf(error) ?? '', peer, namesIn(error));
  return retry(peer.role === 'qps' ? `qps-${reason}` : reason, message);
}

function explain(code: string, { role, host, port }: Peer, names: string | undefined): DownloadProblem {
  const isQps = role === 'qps';
  const who = isQps ? `the Qlik Proxy Service at ${host}:${port}` : `${host}:${port}`;
  if (code === 'ECONNREFUSED') {
    const port4243 = isQps ? ' Its port is 4243 unless somebody changed it.' : '';
    return said('connection-refused', `Nothing listens at ${host}:${port}. Is the service running?${port4243}`);
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return said('host-unknown', `The name ${host} cannot be resolved (${code}). Correct it, or the name service.`);
  }
  if (NO_WAY.has(code)) {
    return said(
      'unreachable',
      `There is no way to ${host}:${port} (${code}). Look at firewalls and routes in between.`,
    );
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const found = isQps && names !== undefined ? ` (${names})` : '';
    return said(
      'wrong-host-name',
      `The certificate of ${who} is for another name${found}. Use the name that stands in the certificate.`,
    );
  }
  if (UNTRUSTED.has(code)) {
    const advice = isQps
      ? 'Name root.pem, exported from the QMC together with the client certificate, as clientCertCA.'
      : 'Add that authority to the file of clientCertCA, which may hold several, or, where this machine knows it, set NODE_USE_SYSTEM_CA=1.';
    return said(
      'wrong-ca',
      `The certificate of ${who} comes from an authority that is not trusted here (${code}). ${advice}`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return said(
      'certificate-date',
      `The certificate of ${who} is not valid today (${code}). Renew it, or set the clock.`,
    );
  }
  if (/^ERR_SSL_.*ALERT/.test(code) || (isQps && BROKEN.has(code))) {
    return said(
      'client-certificate',
      `${sentenceStart(who)} closed the connection (${code}), as it does when it does not accept the client certificate. Export client.pem and client_key.pem from the QMC of this very site.`,
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return said(
      'no-tls',
      `At ${host}:${port} is something that does not speak TLS as expected (${code}). Is the port right?`,
    );
  }
  return said('connection-failed', `The connection to ${who} broke${code === '' ? '' : ` (${code})`}.`);
}

/** `DNS:qlik.lab` of the certificate that a connection was refused for. */
function namesIn(error: unknown): string | undefined {
  const { subjectaltname } = membersOf(membersOf(error).cert);
  return typeof subjectaltname === 'string' ? subjectaltname.slice(0, 300) : undefined;
}

function said(reason: string, message: string): DownloadProblem {
  return { reason, message };
}

function sentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Without them, however they are written: a hostile server can put what it was sent into the name of a host. */
export function withoutSecrets(problem: Problem, secrets: Iterable<string>): Problem {
  return { ...problem, message: maskSecrets(problem.message, secrets) };
}

/** `Retry-After`, in seconds or as a date; an hour at most. Undefined: there is none that makes sense. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const afterMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(afterMs) && afterMs >= 0 ? Math.min(afterMs, 3_600_000) : undefined;
}
