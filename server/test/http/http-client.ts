import { type Agent, request } from 'node:http';
import type { Reply } from '../support/audit-client.ts';
import { TOKEN } from './ingest-server.ts';

export interface Outgoing {
  readonly method?: string;
  readonly path: string;
  readonly body?: string | Buffer;
  /** Undefined takes one of the usual headers away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly agent?: Agent;
}

/** One request as the browser extension sends it, with whatever is to be different about it. */
export function send(url: string, { method = 'POST', path, body = '', headers, agent }: Outgoing): Promise<Reply> {
  const all: Readonly<Record<string, string | undefined>> = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    'x-audit-qs-version': '0.3.1',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url + path,
      { method, headers: given, ...(agent === undefined ? {} : { agent }) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    // as bytes: Node writes a string body together with the head, and that in the encoding of the body
    outgoing.end(Buffer.from(body));
  });
}
