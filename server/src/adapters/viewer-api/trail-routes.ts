import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TRAIL_ROOT } from '../../domain/trail.ts';
import type { ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { Looks } from '../../pipeline/trail/looks.ts';
import type { TrailReader } from '../../pipeline/trail/reader.ts';
import type { Trail } from '../../pipeline/trail/trail.ts';
import { badRequest, notFound } from './failure.ts';
import { ORDERS, SUMMARIES } from './openapi-schemas.ts';
import { Searches } from './searches.ts';
import {
  readCount,
  readCursor,
  readLimit,
  readOne,
  readQuestion,
  readSequence,
  readTime,
  readWords,
  refuseOthers,
} from './trail-question.ts';

const LIMITS = {
  events: [50, 1000],
  users: [20, 200],
  apps: [200, 1000],
  summary: [20, 1000],
  suggest: [10, 50],
} as const;

export interface TrailRouteParts {
  readonly trail: Trail;
  readonly looks: Looks;
  /**
   * Who asks.
   * @param isStillThere asked again for a request that is being answered, which is no use of the session
   * @throws ViewerFailure 401, 403
   */
  readonly sessionOf: (request: FastifyRequest, isStillThere?: boolean) => ViewerSession;
}

type Answer = (reader: TrailReader, params: URLSearchParams, name: string) => unknown;

/** Reading: what the page shows. */
export function addTrailRoutes(app: FastifyInstance, { trail, sessionOf, looks }: TrailRouteParts): void {
  const get = (
    path: string,
    answer: Answer,
    look?: (session: ViewerSession, params: URLSearchParams, name: string) => void,
  ) =>
    app.get<{ Params: { name?: string } }>(`${TRAIL_ROOT}/${path}`, async (request) => {
      const session = sessionOf(request);
      const [params, name] = [paramsOf(request), request.params.name ?? ''];
      const answered = await answer(session.reader, params, name);
      look?.(session, params, name);
      return answered;
    });
  const searches = new Searches(looks);
  const searched =
    (what: string, isBeside = false) =>
    (session: ViewerSession, params: URLSearchParams, name: string) =>
      searches.note(session, what, params, name, isBeside);
  const opened = (what: string) => (session: ViewerSession, _params: URLSearchParams, id: string) =>
    looks.note(session, 'opened', { what, id: id.slice(0, MAX_FACT_LENGTH) }, { alike: `${what} ${id}` });

  get(
    'events',
    (reader, params) => {
      const question = readQuestion(params, ['limit', 'cursor']);
      return trail.events(reader, question, readCursor(params), readLimit(params, ...LIMITS.events));
    },
    searched('events'),
  );
  get(
    'events/:name',
    async (reader, params, id) => {
      refuseOthers(params, ['sequence']);
      return (await trail.event(reader, id, readSequence(params, 'sequence'))) ?? missing('event');
    },
    opened('event'),
  );
  get(
    'transactions/:name',
    (reader, params, id) => {
      refuseOthers(params, []);
      return trail.transaction(reader, id) ?? missing('transaction');
    },
    opened('transaction'),
  );
  get(
    'users/:name/timeline',
    (reader, params, user) => {
      refuseOthers(params, ['from', 'to']);
      const [from, to] = [readTime(params, 'from'), readTime(params, 'to')];
      const times = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
      return trail.timeline(reader, user, times) ?? missing('user');
    },
    searched('timeline'),
  );
  get(
    'users',
    (reader, params) => {
      refuseOthers(params, ['q', 'limit']);
      return trail.users(reader, readWords(params), readLimit(params, ...LIMITS.users));
    },
    searched('users'),
  );
  get(
    'apps',
    (reader, params) => trail.apps(reader, readQuestion(params, ['limit']), readLimit(params, ...LIMITS.apps)),
    searched('apps'),
  );
  get(
    'summary',
    (reader, params) => {
      const asked = readOne(params, 'by');
      const by = SUMMARIES.find((name) => name === asked);
      if (by === undefined) throw badRequest(`"by" must be one of ${SUMMARIES.join(', ')}.`);
      const ranked = readOne(params, 'order') || 'events';
      const order = ORDERS.find((name) => name === ranked);
      if (order === undefined) throw badRequest(`"order" must be one of ${ORDERS.join(', ')}.`);
      const question = readQuestion(params, ['by', 'limit', 'order']);
      return trail.summary(reader, by, question, readLimit(params, ...LIMITS.summary), order);
    },
    searched('summary'),
  );
  get(
    'histogram',
    (reader, params) =>
      trail.histogram(reader, readQuestion(params, ['buckets']), readCount(params, 'buckets', 60, 500)),
    searched('histogram', true),
  );
  get(
    'suggest',
    (reader, params) => {
      refuseOthers(params, ['q', 'limit']);
      return trail.suggest(reader, readWords(params), readLimit(params, ...LIMITS.suggest));
    },
    searched('suggest', true),
  );
}

const MAX_FACT_LENGTH = 500;

export function paramsOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1));
}

export function missing(what: string): never {
  throw notFound(`There is no such ${what}, or not one that you may see.`);
}
