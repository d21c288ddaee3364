import { join } from 'node:path';
import { exactNumber, ForeignServer, freePort, temporaryFolder } from './foreign-server.ts';

export interface ExportedSeries {
  /** Tags, and the name under `__name__`. */
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly string[];
  /** Milliseconds. */
  readonly timestamps: readonly string[];
}

/** A real VictoriaMetrics that keeps what it is given for a hundred years. */
export class VictoriaMetrics {
  readonly port: number;
  readonly #server: ForeignServer;

  private constructor(server: ForeignServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(program: string): Promise<VictoriaMetrics> {
    const folder = temporaryFolder('victoria-metrics');
    const port = await freePort();
    const address = `-httpListenAddr=127.0.0.1:${port}`;
    const options = { name: 'VictoriaMetrics', program, folder, port, upPath: '/health' };
    const settings = [address, `-storageDataPath=${join(folder, 'data')}`, '-retentionPeriod=100y'];
    const server = new VictoriaMetrics(new ForeignServer({ ...options, arguments: settings }), port);
    await server.#server.up();
    return server;
  }

  remove(): Promise<void> {
    return this.#server.remove();
  }

  /** Every series, as its export API gives them; what was written just now included. */
  async series(): Promise<readonly ExportedSeries[]> {
    await fetch(`${this.#server.url}/internal/force_flush`);
    const body = new URLSearchParams({ 'match[]': '{__name__!=""}' });
    const reply = await fetch(`${this.#server.url}/api/v1/export`, { method: 'POST', body });
    const lines = (await reply.text()).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line, exactNumber) as ExportedSeries);
  }
}
