import type { SimulatedEnvelope } from './envelope.ts';
import { Random } from './random.ts';
import { SimulatedUser, type UserStep } from './simulated-user.ts';
import { createTenant, userIdentity } from './tenant.ts';

export interface EventStreamOptions {
  /** How many people are at work; at least 1. */
  readonly users: number;
  /** The same seed, with the same other options, gives the same events, ids included. */
  readonly seed: number;
  /** Milliseconds since 1970 of the first moment. */
  readonly startAt: number;
  /** Events per second of all users together; default 10. Time within the events passes accordingly. */
  readonly rate?: number;
  /** `https://host` of the screenshot URLs; the default is a name that never exists (RFC 2606). */
  readonly screenshotOrigin?: string;
}

export interface StreamedEvent {
  readonly envelope: SimulatedEnvelope;
  /** Since the event before it, or since `startAt`. */
  readonly delayMs: number;
}

/**
 * What the browsers of all users send, without end. Event i happens at a random moment of the i-th slot of 1/rate
 * seconds, so that a run of d seconds has rate × d events; whose turn it is follows from the natural pauses of the users.
 */
export function* eventStream(options: EventStreamOptions): Generator<StreamedEvent, never, undefined> {
  const { users, seed, startAt, rate = 10, screenshotOrigin = 'https://qlik-sense.example.invalid' } = options;
  if (users < 1 || rate <= 0) throw new RangeError('a stream needs at least one user and a rate above 0');
  const apps = createTenant();
  const jitter = new Random(seed);
  let now = startAt;
  const turns = Array.from({ length: Math.floor(users) }, (_, index) => {
    const random = new Random(seed, index + 1);
    const identity = userIdentity(index);
    const user = new SimulatedUser({ identity, apps, random, now: () => now, screenshotOrigin });
    return { dueMs: random.fraction() * 5000, life: user.life() };
  });
  for (let i = 0; ; i++) {
    const before = now;
    now = startAt + ((i + jitter.fraction()) * 1000) / rate;
    const turn = turns.reduce((first, other) => (other.dueMs < first.dueMs ? other : first));
    const step: UserStep = turn.life.next().value;
    turn.dueMs += step.pauseMs;
    yield { envelope: step.envelope, delayMs: now - before };
  }
}

/** `count` bodies of about 1.2 KB by 20 users, for tests and measurements; the same for the same seed. */
export function generateEnvelopes(count: number, seed: number): string[] {
  const stream = eventStream({ users: 20, seed, startAt: Date.UTC(2026, 10, 23, 7), rate: 100 });
  return Array.from({ length: count }, () => JSON.stringify(stream.next().value.envelope));
}
