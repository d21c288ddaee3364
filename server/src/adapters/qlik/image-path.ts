/** The first segments that Qlik Sense itself uses; what stands before them is the prefix of a virtual proxy. */
const KNOWN_SEGMENTS = new Set([
  ...['api', 'hub', 'printing', 'resources', 'sense', 'tempcontent', 'qmc', 'qrs', 'qps', 'content', 'extensions'],
]);

const PREFIX_SEGMENT = /^[a-z0-9._~-]+$/;

/** Slash, backslash, dot and percent sign, encoded, and dots with a parameter: what a path means could change on its way. */
const DOUBTFUL_PATH_SYNTAX = /%(?:2f|5c|2e|25|00)|\/\.{1,2}(?:;|%3b)/i;

interface PathParts {
  /** Undefined: not the prefix of any virtual proxy. */
  readonly prefix: string | undefined;
  /** Where Qlik Sense's own part begins: `tempcontent`; undefined when there is none. */
  readonly section: string | undefined;
}

/**
 * The virtual proxy that a path of Qlik Sense belongs to; empty: the default one.
 * @param pathname of a parsed URL, so without dot segments
 * @returns undefined when it can be none
 */
export function virtualProxyOf(pathname: string): string | undefined {
  return partsOf(pathname).prefix;
}

/**
 * For which virtual proxy a ticket is asked, without slashes around it.
 * @param configured left out or empty, as Butler SOS 15 has it in its files: the one of the path; `/`: the default one
 */
export function chooseVirtualProxy(configured: string | undefined, pathname: string): string | undefined {
  const name = configured?.trim() ?? '';
  return name === '' ? virtualProxyOf(pathname) : name.replace(/^\/+|\/+$/g, '');
}

/** May a ticket or cookie go to this path? Pictures are under `tempcontent`; the configuration may name more paths. */
export function mayCarryCredentials(pathname: string, allowedPaths: readonly string[]): boolean {
  if (DOUBTFUL_PATH_SYNTAX.test(pathname)) return false;
  const { prefix, section } = partsOf(pathname);
  if (prefix === undefined) return false;
  if (section === 'tempcontent') return true;
  const below = prefix === '' ? pathname : pathname.slice(prefix.length + 1);
  return allowedPaths.some((allowed) => isWithin(pathname, allowed) || isWithin(below, allowed));
}

function partsOf(pathname: string): PathParts {
  const segments = pathname.split('/').slice(1);
  const at = segments.findIndex((segment) => KNOWN_SEGMENTS.has(segment));
  if (at === -1) return { prefix: '', section: undefined };
  const before = segments.slice(0, at);
  return {
    prefix: before.every((segment) => PREFIX_SEGMENT.test(segment)) ? before.join('/') : undefined,
    section: segments[at],
  };
}

/** Whole segments only: `/content` is no beginning of `/contents`. */
function isWithin(pathname: string, allowed: string): boolean {
  const folder = `/${allowed.replace(/^\/+|\/+$/g, '')}`;
  return folder !== '/' && (pathname === folder || pathname.startsWith(`${folder}/`));
}
