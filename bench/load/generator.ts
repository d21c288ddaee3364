// A load generator over raw sockets, in a process of its own so that it can have a core of its own.
// Usage: node bench/load/generator.ts '<GeneratorOptions as JSON>'; prints one line of JSON.
import { connect, type Socket } from 'node:net';
import { LatencyHistogram } from '../../server/src/app/simulate/latency-histogram.ts';
import { Random } from '../../server/src/app/simulate/random.ts';
import { bodyPool } from './bodies.ts';
import type { LoadResult } from './load.ts';

export interface GeneratorOptions {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly durationMs: number;
  /** Requests per second, sent when they are due whatever the server does; undefined: each connection as fast as it is answered. */
  readonly rate?: number;
  readonly eventsPerRequest: number;
  readonly seed: number;
}

const TICK_MS = 1;
const LAST_ANSWERS_MS = 2000;

class Generator {
  readonly #options: GeneratorOptions;
  readonly #latency = new LatencyHistogram();
  readonly #random: Random;
  readonly #bodies: ReturnType<typeof bodyPool>;
  readonly #head: string;
  readonly #idle: Connection[] = [];
  /** When requests became due that found no idle connection. */
  readonly #waiting: number[] = [];
  #nextBody = 0;
  #failed = 0;
  #broken = 0;
  #stopped = false;

  constructor(options: GeneratorOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#bodies = bodyPool(options.seed);
    const path = options.eventsPerRequest === 1 ? '/api/v1/audit-event' : '/api/v1/audit-events';
    this.#head =
      `POST ${path} HTTP/1.1\r\nHost: ${new URL(options.url).host}\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${options.token}\r\nX-Audit-QS-Version: 0.3.2\r\nContent-Length: `;
  }

  async run(): Promise<LoadResult> {
    const { url, connections, rate, durationMs } = this.#options;
    const all = await Promise.all(Array.from({ length: connections }, () => Connection.open(new URL(url))));
    const began = performance.now();
    for (const connection of all) {
      connection.onAnswer = (isAccepted, sinceMs) => this.#answered(connection, isAccepted, sinceMs);
      connection.onBroken = () => {
        this.#broken += 1;
      };
    }
    if (rate === undefined) for (const connection of all) this.#send(connection, began);
    else this.#idle.push(...all);
    await this.#passTime(began, rate);
    this.#stopped = true;
    const elapsedMs = performance.now() - began;
    for (let waitedMs = 0; waitedMs < LAST_ANSWERS_MS && this.#isUnderWay(all); waitedMs += 10) await delay(10);
    for (const connection of all) connection.close();
    return {
      requests: this.#latency.count,
      elapsedMs: rate === undefined ? elapsedMs : durationMs,
      p50Ms: this.#latency.percentileMs(0.5),
      p99Ms: this.#latency.percentileMs(0.99),
      maxMs: this.#latency.maxMs,
      failed: this.#failed,
      broken: this.#broken + this.#waiting.length,
    };
  }

  async #passTime(began: number, rate: number | undefined): Promise<void> {
    let launched = 0;
    for (;;) {
      const now = performance.now();
      if (now - began >= this.#options.durationMs) return;
      const due = rate === undefined ? 0 : Math.floor(((now - began) * rate) / 1000);
      for (; launched < due; launched++) {
        const connection = this.#idle.pop();
        if (connection === undefined) this.#waiting.push(now);
        else this.#send(connection, now);
      }
      await delay(TICK_MS);
    }
  }

  #isUnderWay(all: readonly Connection[]): boolean {
    return this.#waiting.length > 0 || all.some((connection) => connection.isBusy);
  }

  #answered(connection: Connection, isAccepted: boolean, sinceMs: number): void {
    this.#latency.add(performance.now() - sinceMs);
    if (!isAccepted) this.#failed += 1;
    if (this.#options.rate === undefined) {
      if (!this.#stopped) this.#send(connection, performance.now());
      return;
    }
    const dueAt = this.#waiting.shift();
    if (dueAt === undefined) this.#idle.push(connection);
    else this.#send(connection, dueAt);
  }

  #send(connection: Connection, sinceMs: number): void {
    const { eventsPerRequest } = this.#options;
    const body =
      eventsPerRequest === 1
        ? this.#event()
        : `[${Array.from({ length: eventsPerRequest }, () => this.#event()).join(',')}]`;
    connection.send(`${this.#head}${Buffer.byteLength(body)}\r\n\r\n${body}`, sinceMs);
  }

  #event(): string {
    const body = this.#bodies[this.#nextBody++ % this.#bodies.length];
    return `${body?.head}${this.#random.uuid()}${body?.tail}`;
  }
}

/** One request at a time over a socket that stays open. */
class Connection {
  onAnswer: (isAccepted: boolean, sinceMs: number) => void = () => undefined;
  onBroken: () => void = () => undefined;
  readonly #socket: Socket;
  #received = '';
  #sentAt: number | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.setNoDelay(true);
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', () => this.onBroken());
  }

  static open(url: URL): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  get isBusy(): boolean {
    return this.#sentAt !== undefined;
  }

  send(request: string, sinceMs: number): void {
    this.#sentAt = sinceMs;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1]);
    const complete = Number.isNaN(length)
      ? this.#received.endsWith('0\r\n\r\n')
      : this.#received.length >= headEnd + 4 + length;
    if (!complete) return;
    const isAccepted = isWhollyAccepted(this.#received);
    const sentAt = this.#sentAt ?? performance.now();
    this.#received = '';
    this.#sentAt = undefined;
    this.onAnswer(isAccepted, sentAt);
  }
}

/** A batch is answered by 200 even when some of its events were refused. */
function isWhollyAccepted(answer: string): boolean {
  const status = answer.slice(9, 12);
  return status === '202' || (status === '200' && !/"refused":[1-9]/.test(answer));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const options = JSON.parse(process.argv[2] ?? '{}') as GeneratorOptions;
process.stdout.write(`RESULT ${JSON.stringify(await new Generator(options).run())}\n`);
