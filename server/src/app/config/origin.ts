/**
 * An origin as browsers send it (`https://host[:port]`, lower case, no path, no default port). `*` stays. Undefined: not an
 * origin of a web page.
 */
export function originOf(text: string): string | undefined {
  if (text === '*') return text;
  try {
    const { origin } = new URL(text);
    return origin === 'null' ? undefined : origin;
  } catch {
    return undefined;
  }
}
