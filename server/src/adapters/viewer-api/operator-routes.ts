import type { FastifyInstance, FastifyRequest } from 'fastify';
import { toIsoString } from '../../domain/epoch-millis.ts';
import { membersOf } from '../../domain/payload-member.ts';
import { TRAIL_ROOT, type TrailDeadLetter, type TrailPage } from '../../domain/trail.ts';
import type { DeadLetter, DeadLetters } from '../../pipeline/ports/dead-letters.ts';
import type { DestinationStates } from '../../pipeline/ports/destination-states.ts';
import type { RequestQueue } from '../../pipeline/ports/request-queue.ts';
import type { ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import { badRequest, notFound, ViewerFailure } from './failure.ts';
import { readLimit, readSequence } from './trail-question.ts';
import { paramsOf, type TrailRouteParts } from './trail-routes.ts';

export interface OperatorRouteParts extends Pick<TrailRouteParts, 'sessionOf' | 'looks'> {
  readonly status: () => Promise<object>;
  readonly deadLetters: DeadLetters;
  readonly destinations: DestinationStates;
  readonly requests: RequestQueue;
}

const MAX_IDS = 1000;

/** For administrators: how the server does, and what could not be delivered. */
export function addOperatorRoutes(app: FastifyInstance, parts: OperatorRouteParts): void {
  const { sessionOf, deadLetters, looks } = parts;
  app.get(`${TRAIL_ROOT}/system`, async (request) => {
    adminOf(sessionOf, request);
    return parts.status();
  });
  app.get(`${TRAIL_ROOT}/dead-letters`, async (request): Promise<TrailPage<TrailDeadLetter>> => {
    adminOf(sessionOf, request);
    const params = paramsOf(request);
    const limit = readLimit(params, 50, 500);
    const destination = params.get('destination') ?? '';
    const afterId = readSequence(params, 'cursor') ?? 0;
    const filter = destination === '' ? {} : { destination };
    const found = deadLetters.list(filter, { afterId, limit: limit + 1 });
    const items = found.slice(0, limit).map(trailDeadLetter);
    return { items, nextCursor: found.length > limit ? String(items.at(-1)?.id ?? '') : null };
  });
  app.post(`${TRAIL_ROOT}/dead-letters/retry`, async (request, reply) => {
    const session = adminOf(sessionOf, request);
    const { destination, ids } = retryOf(request.body);
    if (parts.destinations.get(destination) === undefined) throw notFound(`No destination is called ${destination}.`);
    const asked = { kind: 'retry-dead-letters', destination, ...(ids === undefined ? {} : { ids }) } as const;
    const id = parts.requests.submit(asked, session.reader.name);
    looks.note(session, 'retried', { destination, ...(ids === undefined ? {} : { ids }) }, { alike: String(id) });
    return reply.code(202).send({ request: id });
  });
}

function adminOf(sessionOf: OperatorRouteParts['sessionOf'], request: FastifyRequest): ViewerSession {
  const session = sessionOf(request);
  if (session.reader.role === 'admin') return session;
  throw new ViewerFailure(403, 'ADMIN_ONLY', 'This is for administrators. Log in with such an account.');
}

function retryOf(body: unknown): { readonly destination: string; readonly ids?: readonly number[] } {
  const { destination, ids } = membersOf(body);
  if (typeof destination !== 'string' || destination === '') throw badRequest('Send {"destination", "ids"?} as JSON.');
  if (ids === undefined) return { destination };
  if (!Array.isArray(ids) || ids.length > MAX_IDS || !ids.every((id) => Number.isSafeInteger(id) && id > 0)) {
    throw badRequest(`"ids" must be a list of at most ${MAX_IDS} numbers.`);
  }
  return { destination, ids: ids as readonly number[] };
}

function trailDeadLetter(letter: DeadLetter): TrailDeadLetter {
  const { id, destination, range, eventId, eventType, code, message, at } = letter;
  return {
    id,
    destination,
    range,
    eventId: eventId ?? null,
    eventType: eventType ?? null,
    code,
    message,
    at: toIsoString(at),
  };
}
