import { isIP } from 'node:net';

/** What the configuration says about a host. */
export interface HostStanding {
  /** Pictures may be downloaded from there. */
  readonly isAllowed: boolean;
  /** Tickets and cookies may go there: somebody wrote down its name. */
  readonly isNamed: boolean;
}

export interface HostRules {
  standingOf(url: URL): HostStanding;
  /** Pictures may come from anywhere. */
  readonly allowsAnyHost: boolean;
  readonly allowsNoHost: boolean;
  /** Entries that no URL can ever match. */
  readonly unreadable: readonly string[];
}

interface HostEntry {
  /** As `URL.hostname` has it: lower case, addresses in their usual form, IPv6 in brackets. */
  readonly hostname: string;
  /** Undefined: any port. */
  readonly port?: number;
}

/**
 * Which hosts pictures may come from, and which of them get credentials. A given list is exact. Without one: the hosts of the
 * allowed origins and of the Qlik Proxy Service; any host while `*` is an allowed origin, but credentials only for those
 * that are named beside it. An origin with a port gets credentials on that port alone.
 */
export function createHostRules(options: {
  readonly allowedImageDownloadHosts?: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly qpsHost?: string;
}): HostRules {
  const list = options.allowedImageDownloadHosts;
  if (list !== undefined) return rulesOf(list, list, false);
  const origins = options.allowedOrigins.filter((origin) => origin !== '*').map(hostOfOrigin);
  const qps = options.qpsHost === undefined ? [] : [options.qpsHost];
  // where an origin says on which port Qlik Sense is, the name of its Proxy Service does not open the others
  const isOrigin = origins.some((origin) => entryOf(origin)?.hostname === entryOf(qps[0] ?? '')?.hostname);
  const anyPort = origins.map((origin) => entryOf(origin)?.hostname ?? origin);
  return rulesOf([...anyPort, ...qps], [...origins, ...(isOrigin ? [] : qps)], options.allowedOrigins.includes('*'));
}

function rulesOf(allowed: readonly string[], named: readonly string[], allowsAnyHost: boolean): HostRules {
  const allowedEntries = allowed.map(entryOf).filter((entry) => entry !== undefined);
  const namedEntries = named.map(entryOf).filter((entry) => entry !== undefined);
  return {
    allowsAnyHost,
    allowsNoHost: !allowsAnyHost && allowedEntries.length === 0,
    unreadable: allowed.filter((text) => entryOf(text) === undefined),
    standingOf(url) {
      const isNamed = namedEntries.some((entry) => matches(entry, url));
      return { isNamed, isAllowed: allowsAnyHost || isNamed || allowedEntries.some((entry) => matches(entry, url)) };
    },
  };
}

function matches({ hostname, port }: HostEntry, url: URL): boolean {
  return url.hostname === hostname && (port === undefined || port === portOf(url));
}

/** The port that a request goes to. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** `host`, `host:port`, an address, or (leniently) a whole URL, of which the host counts. */
function entryOf(text: string): HostEntry | undefined {
  const trimmed = text.trim();
  const host = isIP(trimmed) === 6 ? `[${trimmed}]` : trimmed.replace(/^https?:\/\//i, '').replace(/\/.*$/, '');
  const [, name = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(host) ?? [];
  if (name === '' || /[\s@?#*\\/]/.test(name) || !URL.canParse(`https://${name}`)) return undefined;
  if (Number(port ?? 1) < 1 || Number(port) > 65_535) return undefined;
  const { hostname } = new URL(`https://${name}`);
  return port === undefined ? { hostname } : { hostname, port: Number(port) };
}

function hostOfOrigin(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}
