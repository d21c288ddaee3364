import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drawObjectPicture } from './object-picture.ts';
import { AnnouncedPictures, type PictureSubject } from './picture-subject.ts';

/** Drawn pictures that are kept, should one be asked for again; about 25 KB each. */
const MAX_KEPT = 64;

export interface HostAddress {
  /** A loopback address: nobody else has any business here. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

/** Serves the pictures of which the events of a run tell, in place of Qlik Sense. */
export class PictureHost {
  readonly announced = new AnnouncedPictures();
  readonly #server: Server;
  readonly #host: string;
  readonly #drawn = new Map<string, Promise<Buffer>>();

  private constructor(host: string) {
    this.#host = host;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Rejects with the error of the system when it cannot listen there. */
  static async listen({ host, port }: HostAddress): Promise<PictureHost> {
    const pictures = new PictureHost(host);
    pictures.#server.listen(port, host);
    await once(pictures.#server, 'listening');
    return pictures;
  }

  /** The start of its URLs, `http://127.0.0.1:PORT`. */
  get origin(): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = url.split('?');
    const subject = method === 'GET' ? this.announced.subjectOf(path) : undefined;
    if (subject === undefined) {
      // gone, not missing: nobody shall wait for what an earlier run announced
      response.writeHead(410, { 'content-type': 'text/plain' }).end('No run that is still there announced this.\n');
      return;
    }
    try {
      const picture = await this.#picture(path, subject);
      response.on('finish', () => this.announced.fetched(path));
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': picture.length }).end(picture);
    } catch {
      response.writeHead(500).end();
    }
  }

  #picture(path: string, subject: PictureSubject): Promise<Buffer> {
    const kept = this.#drawn.get(path);
    if (kept !== undefined) return kept;
    const [oldest = ''] = this.#drawn.keys();
    if (this.#drawn.size >= MAX_KEPT) this.#drawn.delete(oldest);
    const picture = drawObjectPicture(subject);
    this.#drawn.set(path, picture);
    return picture;
  }
}
