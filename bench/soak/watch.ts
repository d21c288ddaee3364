import type { ChildServer } from '../child-server.ts';
import { readMemory } from '../process-usage.ts';
import { delay } from '../product-progress.ts';
import type { DestinationName } from './world.ts';

/** One look at the server. */
export interface Sample {
  /** Since the start of the soak. */
  readonly atMs: number;
  readonly phase: string;
  /** Resident; NaN where this system does not tell. */
  readonly memoryMib: number;
  readonly lags: Readonly<Record<DestinationName, Lag>>;
  /** Events that await their picture. */
  readonly picturesWaiting: number;
}

export interface Lag {
  readonly events: number;
  /** Age of the oldest event that waits. */
  readonly seconds: number;
  readonly deadLetters: number;
}

interface StatusReply {
  readonly destinations: readonly {
    readonly name: DestinationName;
    readonly lagEvents: number;
    readonly lagSeconds: number;
    readonly deadLetters: number;
  }[];
  readonly screenshots: { readonly waiting: number | null };
}

const EVERY_MS = 1000;

/** Looks at the server once a second. */
export class Watch {
  readonly samples: Sample[] = [];
  phase = '';
  readonly #server: ChildServer;
  readonly #began = performance.now();
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(server: ChildServer) {
    this.#server = server;
  }

  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  start(): void {
    this.#running = this.#run();
    // read by stop
    this.#running.catch(() => undefined);
  }

  /** Rejects when the server did not answer meanwhile. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** @throws Error when the status cannot be read */
  async look(): Promise<Sample> {
    const { phase } = this;
    const reply = await fetch(`${this.#server.viewerUrl}/api/v1/status`);
    const { destinations, screenshots } = (await reply.json()) as StatusReply;
    const lags = Object.fromEntries(
      destinations.map(({ name, lagEvents, lagSeconds, deadLetters }) => [
        name,
        { events: lagEvents, seconds: lagSeconds, deadLetters },
      ]),
    ) as Record<DestinationName, Lag>;
    const memoryMib = (readMemory(this.#server.pid) ?? Number.NaN) / 2 ** 20;
    return { atMs: this.elapsedMs, phase, memoryMib, lags, picturesWaiting: screenshots.waiting ?? 0 };
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      this.samples.push(await this.look());
      await delay(Math.max(0, i * EVERY_MS + EVERY_MS - this.elapsedMs));
    }
  }
}
