import { randomBytes, randomUUID } from 'node:crypto';

/** A session as Qlik Sense keeps it. */
export interface StandInSession {
  readonly id: string;
  /** `DIRECTORY\user`. */
  readonly user: string;
  /** Empty: the default virtual proxy. */
  readonly virtualProxy: string;
}

export interface VirtualProxy {
  readonly cookieName?: string;
  /** Before each session id, which is a UUID otherwise. */
  readonly idPrefix?: string;
}

export interface SessionRules {
  /** Prefix to what is particular about it; empty: the default virtual proxy. */
  readonly virtualProxies: Readonly<Record<string, VirtualProxy>>;
  readonly sessionLimit: number;
  readonly ticketLifeMs: number;
  readonly nowMs: () => number;
}

interface Ticket {
  readonly user: string;
  readonly virtualProxy: string;
  readonly madeMs: number;
}

export type Redeemed =
  | { readonly kind: 'session'; readonly session: StandInSession }
  | { readonly kind: 'unknown-ticket' }
  | { readonly kind: 'too-many-sessions' };

/** Tickets are good once, for a minute, on the virtual proxy that they were made for; a user has at most five sessions. */
export class StandInSessions {
  readonly #rules: SessionRules;
  readonly #tickets = new Map<string, Ticket>();
  readonly #sessions = new Map<string, StandInSession>();
  readonly #most = new Map<string, number>();

  constructor(rules: SessionRules) {
    this.#rules = rules;
  }

  hasVirtualProxy(prefix: string): boolean {
    return Object.hasOwn(this.#rules.virtualProxies, prefix);
  }

  createTicket(user: string, virtualProxy: string): string {
    const ticket = randomBytes(12).toString('base64url').replaceAll(/[-_]/g, 'x');
    this.#tickets.set(ticket, { user, virtualProxy, madeMs: this.#rules.nowMs() });
    return ticket;
  }

  redeem(ticket: string, virtualProxy: string): Redeemed {
    const known = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    const isGood =
      known?.virtualProxy === virtualProxy && this.#rules.nowMs() - known.madeMs <= this.#rules.ticketLifeMs;
    if (!isGood) return { kind: 'unknown-ticket' };
    if (this.#countOf(known.user) >= this.#rules.sessionLimit) return { kind: 'too-many-sessions' };
    return { kind: 'session', session: this.open(known.user, virtualProxy) };
  }

  /** As when somebody logs in with a browser. */
  open(user: string, virtualProxy: string): StandInSession {
    const id = `${this.#rules.virtualProxies[virtualProxy]?.idPrefix ?? ''}${randomUUID()}`;
    const session = { id, user, virtualProxy };
    this.#sessions.set(session.id, session);
    this.#most.set(user, Math.max(this.mostOf(user), this.#countOf(user)));
    return session;
  }

  find(id: string, virtualProxy: string): StandInSession | undefined {
    const session = this.#sessions.get(id);
    return session?.virtualProxy === virtualProxy ? session : undefined;
  }

  end(id: string, virtualProxy: string): StandInSession | undefined {
    const session = this.find(id, virtualProxy);
    this.#sessions.delete(session?.id ?? '');
    return session;
  }

  endAll(): void {
    this.#sessions.clear();
  }

  list(): readonly StandInSession[] {
    return [...this.#sessions.values()];
  }

  /** The most sessions that this user ever had at a time. */
  mostOf(user: string): number {
    return this.#most.get(user) ?? 0;
  }

  cookieName(virtualProxy: string, isHttps: boolean): string {
    const usual = virtualProxy === '' ? 'X-Qlik-Session' : `X-Qlik-Session-${virtualProxy}`;
    return `${this.#rules.virtualProxies[virtualProxy]?.cookieName ?? usual}${isHttps ? '' : '-HTTP'}`;
  }

  #countOf(user: string): number {
    return this.list().filter((session) => session.user === user).length;
  }
}
