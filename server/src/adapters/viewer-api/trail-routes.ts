import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type SummaryBy, TRAIL_ROOT } from '../../domain/trail.ts';
import type { TrailReader } from '../../pipeline/trail/reader.ts';
import type { Trail } from '../../pipeline/trail/trail.ts';
import { badRequest, notFound } from './failure.ts';
import { readCount, readCursor, readLimit, readQuestion, readSequence, readTime } from './trail-question.ts';

const SUMMARIES: readonly SummaryBy[] = [
  ...(['app', 'sheet', 'object', 'user', 'hour', 'weekday', 'day', 'eventType', 'first-open'] as const),
];
const LIMITS = {
  events: [50, 1000],
  users: [20, 200],
  apps: [200, 1000],
  summary: [20, 1000],
  suggest: [10, 50],
} as const;

export interface TrailRouteParts {
  readonly trail: Trail;
  /** Who asks. @throws ViewerFailure 401 */
  readonly readerOf: (request: FastifyRequest) => TrailReader;
}

/** Reading: what the page shows. */
export function addTrailRoutes(app: FastifyInstance, { trail, readerOf }: TrailRouteParts): void {
  const get = (path: string, answer: (reader: TrailReader, params: URLSearchParams, name: string) => unknown) =>
    app.get<{ Params: { name?: string } }>(`${TRAIL_ROOT}/${path}`, async (request) =>
      answer(readerOf(request), paramsOf(request), request.params.name ?? ''),
    );
  get('session', (reader) => ({ ...reader, csrfToken: '' }));
  get('events', (reader, params) => {
    const question = readQuestion(params, ['limit', 'cursor']);
    return trail.events(reader, question, readCursor(params), readLimit(params, ...LIMITS.events));
  });
  get('events/:name', async (reader, params, id) => {
    const detail = await trail.event(reader, id, readSequence(params, 'sequence'));
    return detail ?? missing('event');
  });
  get('transactions/:name', (reader, _params, id) => trail.transaction(reader, id) ?? missing('transaction'));
  get('users/:name/timeline', (reader, params, user) => {
    const [from, to] = [readTime(params, 'from'), readTime(params, 'to')];
    const times = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
    return trail.timeline(reader, user, times) ?? missing('user');
  });
  get('users', (reader, params) => trail.users(reader, params.get('q') ?? '', readLimit(params, ...LIMITS.users)));
  get('apps', (reader, params) =>
    trail.apps(reader, readQuestion(params, ['limit']), readLimit(params, ...LIMITS.apps)),
  );
  get('summary', (reader, params) => {
    const by = SUMMARIES.find((name) => name === params.get('by'));
    if (by === undefined) throw badRequest(`"by" must be one of ${SUMMARIES.join(', ')}.`);
    return trail.summary(reader, by, readQuestion(params, ['by', 'limit']), readLimit(params, ...LIMITS.summary));
  });
  get('histogram', (reader, params) =>
    trail.histogram(reader, readQuestion(params, ['buckets']), readCount(params, 'buckets', 60, 500)),
  );
  get('suggest', (reader, params) =>
    trail.suggest(reader, (params.get('q') ?? '').slice(0, 500), readLimit(params, ...LIMITS.suggest)),
  );
}

export function paramsOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : request.url.slice(at + 1));
}

export function missing(what: string): never {
  throw notFound(`There is no such ${what}, or not one that you may see.`);
}
