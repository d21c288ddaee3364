import { isIP } from 'node:net';
import type { ScreenshotRequest } from '../../pipeline/ports/screenshots.ts';
import { isRefusedAddress } from './checked-lookup.ts';
import { createHostRules, type HostRules } from './host-rules.ts';
import { chooseVirtualProxy, mayCarryCredentials } from './image-path.ts';
import { chooseLoginUser, nameOf } from './login-user.ts';
import type { ScreenshotSourceOptions } from './options.ts';
import { failed, type Problem } from './problems.ts';
import type { SessionKey } from './session-pool.ts';
import { withoutTicket } from './without-ticket.ts';

/** What a URL may be asked for, and as whom. */
export type DownloadPlan =
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** Without ticket and cookie. `whyNoLogin`: why not, although the configuration has a log-in. */
  | { readonly kind: 'plain'; readonly url: URL; readonly whyNoLogin: string | undefined }
  | { readonly kind: 'login'; readonly url: URL; readonly key: SessionKey };

/** All that is decided before a request leaves. URL and user come from a browser: bait, until these rules have passed them. */
export class DownloadRules {
  readonly hosts: HostRules;
  readonly #options: ScreenshotSourceOptions;

  constructor(options: ScreenshotSourceOptions) {
    const { host } = options.auth.qps;
    this.#options = options;
    this.hosts = createHostRules({ ...options, ...(host === undefined ? {} : { qpsHost: host }) });
  }

  plan({ url: text, userIdentity }: ScreenshotRequest): DownloadPlan {
    const { auth } = this.#options;
    // a ticket in there is somebody else's, and leaves a session that nobody ends
    const url = URL.canParse(text) ? withoutTicket(new URL(text)) : undefined;
    if (url === undefined || !isPlainWebUrl(url)) {
      return problem('url-invalid', 'The URL is no http or https URL, or holds a user name or password.');
    }
    const refusal = this.refusalOf(url);
    if (refusal !== undefined) return { kind: 'problem', problem: refusal };
    if (auth.mode === 'none') return { kind: 'plain', url, whyNoLogin: undefined };
    const choice = chooseLoginUser(auth, userIdentity);
    if (choice.kind === 'unknown') {
      const whose = auth.mode === 'userTicket' ? 'The event names no user' : 'auth.qps names no user';
      return problem('user-unknown', `${whose} with a directory and an id, so no picture is downloaded.`);
    }
    if (choice.kind === 'denied') {
      return problem('user-denied', `No ticket is ever asked for ${nameOf(choice.user)}.`);
    }
    const { host, port } = auth.qps;
    const virtualProxy = chooseVirtualProxy(auth.qps.virtualProxy, url.pathname);
    const whyNoLogin = this.whyNoCredentials(url);
    if (whyNoLogin !== undefined) return { kind: 'plain', url, whyNoLogin };
    if (host === undefined || virtualProxy === undefined) {
      return { kind: 'plain', url, whyNoLogin: 'auth.qps.host is not set' };
    }
    return { kind: 'login', url, key: { host, port, virtualProxy, user: choice.user } };
  }

  /** Undefined: pictures may be downloaded from there. */
  refusalOf(url: URL): Problem | undefined {
    if (!isPlainWebUrl(url)) return failed('url-invalid', 'It is no plain http or https URL.');
    const { isAllowed, isNamed } = this.hosts.standingOf(url);
    if (!isAllowed) {
      const advice = 'Add it to screenshots.allowedImageDownloadHosts if it is a Qlik Sense of yours.';
      return failed('host-not-allowed', `Pictures are not allowed to come from ${url.host}. ${advice}`);
    }
    const address = url.hostname.replace(/^\[|\]$/g, '');
    if (isNamed || isIP(address) === 0 || !isRefusedAddress(address)) return undefined;
    return failed('address-not-allowed', `${url.host} is an address at which there can be no Qlik Sense.`);
  }

  /** Undefined: a ticket or cookie may go there. */
  whyNoCredentials(url: URL): string | undefined {
    const { allowHttpCredentials, auth } = this.#options;
    if (!this.hosts.standingOf(url).isNamed) return `${url.host} is not named in the configuration`;
    if (url.protocol !== 'https:' && !allowHttpCredentials) return 'it is not https';
    if (!mayCarryCredentials(url.pathname, auth.allowedPaths)) return 'its path is not one of temporary pictures';
    return undefined;
  }
}

function isPlainWebUrl(url: URL): boolean {
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}

function problem(reason: string, message: string): DownloadPlan {
  return { kind: 'problem', problem: failed(reason, message) };
}
