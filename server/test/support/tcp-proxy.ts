import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What goes wrong between a client and its server. */
export type ProxyFault =
  /** Takes everything and never answers. */
  | { readonly kind: 'silent' }
  /**
   * Cuts the connection, once, in a request whose first line matches: `halfway` through its bytes, or when the server has
   * dealt with it and is about to be heard (`answered`).
   */
  | { readonly kind: 'cut'; readonly in: RegExp; readonly when: 'halfway' | 'answered'; readonly onCut: () => void };

/** Stands before a server, so that a test can break the connection at a chosen point. */
export class TcpProxy {
  /** None: everything passes. A cut ends it. */
  fault: ProxyFault | undefined;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#serve(client));

  private constructor(target: number) {
    this.#target = target;
  }

  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    let requestLine = '';
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.on('close', end);
    // a server that is gone is heard of only while anything is heard
    server.on('close', () => {
      if (this.fault?.kind !== 'silent') end();
    });
    client.on('data', (bytes) => {
      const { fault } = this;
      if (fault?.kind === 'silent') return;
      requestLine = /^[A-Z]+ \S+ HTTP/.exec(bytes.toString('latin1', 0, 1000))?.[0] ?? requestLine;
      const isCut = fault?.kind === 'cut' && fault.when === 'halfway' && fault.in.test(requestLine);
      server.write(isCut ? bytes.subarray(0, bytes.length / 2) : bytes, () => {
        if (isCut) this.#cut(end, fault.onCut);
      });
    });
    server.on('data', (bytes) => {
      const { fault } = this;
      if (fault?.kind === 'silent') return;
      if (fault?.kind === 'cut' && fault.in.test(requestLine)) this.#cut(end, fault.onCut);
      else client.write(bytes);
    });
  }

  #cut(end: () => void, onCut: () => void): void {
    if (this.fault === undefined) return;
    this.fault = undefined;
    end();
    onCut();
  }
}
