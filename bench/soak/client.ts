import { Agent } from 'node:http';
import { eventStream } from '../../server/src/app/simulate/event-stream.ts';
import { post } from '../../server/test/support/audit-client.ts';
import { TOKEN } from '../child-server.ts';
import { delay } from '../product-progress.ts';

export interface ClientOptions {
  readonly url: string;
  /** Events per second of simulated users. */
  readonly rate: number;
  /** Of those, events with a picture at most; the others are left out. */
  readonly picturesPerSecond: number;
  /** `https://host:port` */
  readonly screenshotOrigin: string;
}

/** What the client knows of an event that was answered with 202. */
export interface Acknowledged {
  readonly hasObjectData: boolean;
  readonly hasPicture: boolean;
}

const USERS = 20;
const CONNECTIONS = 64;

/** Posts simulated events at fixed times, whatever the server does, and keeps the list by which the soak is judged. */
export class SoakClient {
  readonly acknowledged = new Map<string, Acknowledged>();
  /** Answers other than 202 by status, and connections that broke under 0. */
  readonly refused = new Map<number, number>();
  /** Milliseconds from the moment when a request was due, since the last `takeLatencies`. */
  #latencies: number[] = [];
  readonly #options: ClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #underWay = new Set<Promise<void>>();
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when everything that was sent has its answer. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  takeLatencies(): readonly number[] {
    const taken = this.#latencies;
    this.#latencies = [];
    return taken;
  }

  async #run(): Promise<void> {
    const { rate, picturesPerSecond, screenshotOrigin } = this.#options;
    const seed = Math.floor(Math.random() * 0x8000_0000);
    const stream = eventStream({ users: USERS, seed, startAt: Date.now(), rate, screenshotOrigin });
    const began = performance.now();
    let pictures = 0;
    for (let i = 0; !this.#stopped; i++) {
      const dueMs = began + (i * 1000) / rate;
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 1) await delay(earlyMs);
      const { envelope } = stream.next().value;
      const hasPicture = envelope.type === 'screenshot.url.received';
      if (hasPicture && pictures >= ((performance.now() - began) / 1000) * picturesPerSecond) continue;
      if (hasPicture) pictures++;
      const known = { hasPicture, hasObjectData: 'objectData' in envelope.payload.event };
      const sent = this.#post(envelope.eventId, JSON.stringify(envelope), known, dueMs);
      this.#underWay.add(sent);
      void sent.finally(() => this.#underWay.delete(sent));
    }
  }

  async #post(eventId: string, body: string, known: Acknowledged, dueMs: number): Promise<void> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const reply = await post(this.#options.url, '/api/v1/audit-event', body, this.#agent, headers).catch(
      () => undefined,
    );
    this.#latencies.push(performance.now() - dueMs);
    const status = reply?.status ?? 0;
    if (status === 202) this.acknowledged.set(eventId, known);
    else this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }
}
