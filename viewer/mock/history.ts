import { Random } from '../../server/src/app/simulate/random.ts';
import { SimulatedUser } from '../../server/src/app/simulate/simulated-user.ts';
import type { App } from '../../server/src/app/simulate/tenant.ts';
import { IDENTITIES, mockApps, POPULARITY } from './tenant.ts';

/** A body as a browser posts it, and when it came. */
export interface MockEnvelope {
  readonly receivedAtMs: number;
  readonly envelope: Envelope;
}

export interface Envelope {
  readonly schemaVersion: 1;
  readonly eventId: string;
  readonly timestamp: string;
  readonly correlationId?: string | undefined;
  readonly type: string;
  readonly source?: object;
  readonly payload: {
    readonly context?: object;
    readonly event?: object;
  };
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** People read slower than the simulator plays them. */
const UNHURRIED = 12;

/** What the people of the mock did on the working days before `nowMs`, in order of time. The same for the same time. */
export function pastDays(nowMs: number, days: number): readonly MockEnvelope[] {
  const apps = mockApps();
  const weighted = apps.flatMap((app, at) => Array.from({ length: POPULARITY[at] ?? 1 }, () => app));
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const all = IDENTITIES.flatMap((identity, stream) => {
    const random = new Random(11, stream);
    return Array.from({ length: days }, (_, back) => today - (days - 1 - back) * DAY_MS).flatMap((day) =>
      workday({ identity, day, apps: weighted, random, diligence: 1 - stream / 14 }),
    );
  });
  return all.filter((item) => item.receivedAtMs <= nowMs).sort((a, b) => a.receivedAtMs - b.receivedAtMs);
}

interface Workday {
  readonly identity: string;
  readonly day: number;
  readonly apps: readonly App[];
  readonly random: Random;
  readonly diligence: number;
}

function workday({ identity, day, apps, random, diligence }: Workday): MockEnvelope[] {
  const weekday = new Date(day).getUTCDay();
  const isWeekend = weekday === 0 || weekday === 6;
  const sessions = random.integer(1, 3);
  if (!random.chance(isWeekend ? 0.08 : diligence)) return [];
  return Array.from({ length: sessions }, (_, at) => {
    const start = day + (6.6 + at * 2.4 + random.fraction() * 2.2) * HOUR_MS;
    return session({ identity, apps, random, start, steps: random.integer(30, 110) });
  }).flat();
}

interface Session {
  readonly identity: string;
  readonly apps: readonly App[];
  readonly random: Random;
  readonly start: number;
  readonly steps: number;
}

function session({ identity, apps, random, start, steps }: Session): MockEnvelope[] {
  let now = start;
  const user = new SimulatedUser({ identity, apps, random, now: () => now, screenshotOrigin: 'https://qlik.example' });
  const made: MockEnvelope[] = [];
  const life = user.life();
  while (made.length < steps) {
    const { envelope, pauseMs } = life.next().value;
    made.push({ receivedAtMs: Math.round(now) + 40 + random.integer(0, 400), envelope });
    now += pauseMs < 1000 ? pauseMs : pauseMs * UNHURRIED;
  }
  return made;
}

/** People who go on from now: each call gives the next event, in the order of nobody's clock. */
export function comingEvents(now: () => number): () => MockEnvelope {
  const apps = mockApps();
  const random = new Random(23);
  const lives = IDENTITIES.slice(0, 4).map((identity) =>
    new SimulatedUser({ identity, apps, random, now, screenshotOrigin: 'https://qlik.example' }).life(),
  );
  return () => ({ receivedAtMs: now(), envelope: random.pick(lives).next().value.envelope });
}
