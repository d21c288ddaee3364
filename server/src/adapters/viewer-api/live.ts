import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CodedError } from '../../domain/errors.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import { TRAIL_ROOT, type TrailEvent } from '../../domain/trail.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { TrailQuestion } from '../../pipeline/trail/limited-filter.ts';
import type { Trail } from '../../pipeline/trail/trail.ts';
import { ViewerFailure } from './failure.ts';
import { filterFacts } from './searches.ts';
import { readQuestion } from './trail-question.ts';
import { paramsOf, type TrailRouteParts } from './trail-routes.ts';

export interface LiveParts extends TrailRouteParts {
  readonly clock: Clock;
  /** Resolves when the port closes. */
  readonly closing: AbortSignal;
}

const LOOK_MS = 300;
const KEEP_ALIVE_MS = 15_000;
const MAX_FOLLOWERS = 100;

/**
 * `live`: server-sent events from the moment of the request, or from `Last-Event-ID`. A follower that does not read is
 * waited for; a session that has ended ends it.
 */
export function addLiveRoute(app: FastifyInstance, parts: LiveParts): void {
  let followers = 0;
  // an answer without a body would never end
  app.get(`${TRAIL_ROOT}/live`, { exposeHeadRoute: false }, async (request, reply) => {
    // a browser that comes back by itself says what it had last
    const session = parts.sessionOf(request, request.headers['last-event-id'] !== undefined);
    const question = readQuestion(paramsOf(request), ['lastEventId']);
    if (followers >= MAX_FOLLOWERS) {
      throw new ViewerFailure(503, 'TOO_MANY_FOLLOWERS', 'Too many people follow the trail live. Try again later.', {
        'retry-after': '30',
      });
    }
    const start = startOf(request, parts.trail);
    const facts = filterFacts(paramsOf(request));
    parts.looks.note(session, 'followed', { ...facts, after: start }, { alike: JSON.stringify(facts) });
    reply.hijack();
    followers++;
    const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    reply.raw.writeHead(200, headers as Record<string, string>);
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, parts.closing]);
    try {
      await follow(parts, request, question, start, reply.raw, signal);
    } finally {
      followers--;
      reply.raw.end();
    }
  });
}

async function follow(
  { trail, sessionOf, clock }: Pick<LiveParts, 'trail' | 'sessionOf' | 'clock'>,
  request: FastifyRequest,
  question: TrailQuestion,
  start: Sequence,
  out: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  let position = start;
  let quietSince = clock.monotonicMs();
  out.write('retry: 2000\n\n');
  while (!signal.aborted) {
    const found = look({ trail, sessionOf }, request, question, position);
    if (found === undefined) return;
    for (const event of found.events) out.write(`id: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
    const hasMoved = found.upTo > position;
    position = found.upTo;
    if (found.events.length > 0) quietSince = clock.monotonicMs();
    else if (clock.monotonicMs() - quietSince >= KEEP_ALIVE_MS) {
      // the position goes along, so that a follower of a rare thing does not look at everything again
      out.write(`id: ${position}\n: \n\n`);
      quietSince = clock.monotonicMs();
    }
    if (out.writableNeedDrain) await drained(out, signal);
    // behind by millions of lines of which none matches, it still lets others run
    if (hasMoved) await setImmediate();
    else await clock.sleep(LOOK_MS, signal);
  }
}

/** Undefined: this session may not look any more. A table that is being built has nothing new. */
function look(
  { trail, sessionOf }: Pick<TrailRouteParts, 'trail' | 'sessionOf'>,
  request: FastifyRequest,
  question: TrailQuestion,
  after: Sequence,
): { readonly events: readonly TrailEvent[]; readonly upTo: Sequence } | undefined {
  try {
    return trail.after(sessionOf(request, true).reader, question, after);
  } catch (thrown) {
    if (thrown instanceof ViewerFailure) return undefined;
    if (thrown instanceof CodedError && thrown.code === 'INDEX_REBUILDING') return { events: [], upTo: after };
    throw thrown;
  }
}

/** What this log has not written yet, a client had from another one: it follows from now on. */
function startOf(request: FastifyRequest, trail: Trail): Sequence {
  const text = String(request.headers['last-event-id'] ?? paramsOf(request).get('lastEventId') ?? '');
  const isOfThisLog = /^\d{1,15}$/.test(text) && Number(text) <= trail.head();
  return isOfThisLog ? sequence(Number(text)) : trail.position();
}

async function drained(out: ServerResponse, signal: AbortSignal): Promise<void> {
  await once(out, 'drain', { signal }).catch(() => undefined);
}
