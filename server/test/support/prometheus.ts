import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ForeignServer, freePort, temporaryFolder } from './foreign-server.ts';

export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
}

/** A real Prometheus that asks one server for its metrics every second. */
export class Prometheus {
  readonly #server: ForeignServer;

  private constructor(server: ForeignServer) {
    this.#server = server;
  }

  /** @param target `http://host:port` with `/metrics` */
  static async start(program: string, target: string): Promise<Prometheus> {
    const folder = temporaryFolder('prometheus');
    const port = await freePort();
    const config = {
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'butler-sos-audit', static_configs: [{ targets: [new URL(target).host] }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const settings = ['--config.file=prometheus.yml', '--storage.tsdb.path=data'];
    const address = `--web.listen-address=127.0.0.1:${port}`;
    const options = { name: 'Prometheus', program, folder, port, upPath: '/-/ready' };
    const server = new Prometheus(new ForeignServer({ ...options, arguments: [...settings, address] }));
    await server.#server.up();
    return server;
  }

  remove(): Promise<void> {
    return this.#server.remove();
  }

  /** As of now. @throws Error with what Prometheus says of a query that it does not understand */
  async query(query: string): Promise<readonly PrometheusSeries[]> {
    const reply = await fetch(`${this.#server.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
    });
    const { error, data } = (await reply.json()) as {
      readonly error?: string;
      readonly data?: { readonly result: readonly PrometheusSeries[] };
    };
    if (data === undefined) throw new Error(error);
    return data.result;
  }
}
