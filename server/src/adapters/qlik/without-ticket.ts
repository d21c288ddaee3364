/** Its parameter `qlikTicket`, however it is written, is taken away; the rest of the query stays as it is. */
export function withoutTicket(url: URL): URL {
  const isTicket = (pair: string) => [...new URLSearchParams(pair).keys()].some((name) => /^qlikticket$/i.test(name));
  const kept = url.search.slice(1).split('&');
  const result = new URL(url);
  if (kept.some(isTicket)) result.search = kept.filter((pair) => !isTicket(pair)).join('&');
  return result;
}
