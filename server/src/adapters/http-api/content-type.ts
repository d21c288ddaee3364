export type BodyFormat = 'json' | 'lines';

const JSON_TYPE = 'application/json';
const LINES_TYPE = 'application/x-ndjson';
/** A parameter, in quotes or not. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/** What a `Content-Type` says of the body: undefined = not what this server reads; `charset` = not UTF-8. */
export function formatOf(contentType: string): BodyFormat | 'charset' | undefined {
  if (contentType === JSON_TYPE) return 'json';
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type !== JSON_TYPE && type !== LINES_TYPE) return undefined;
  if (!isUtf8(contentType)) return 'charset';
  return type === JSON_TYPE ? 'json' : 'lines';
}

/** JSON is UTF-8: of a client that says something else we would store other letters than it meant. */
function isUtf8(contentType: string): boolean {
  for (const [, name = '', quoted, plain = ''] of contentType.matchAll(PARAMETER)) {
    if (name.toLowerCase() !== 'charset') continue;
    const charset = (quoted?.replace(/\\(.)/g, '$1') ?? plain).trim().toLowerCase();
    if (charset !== 'utf-8' && charset !== 'utf8') return false;
  }
  return true;
}
