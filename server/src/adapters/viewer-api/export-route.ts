import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { AuditRecord } from '../../domain/audit-record.ts';
import { toIsoString } from '../../domain/epoch-millis.ts';
import { TRAIL_ROOT } from '../../domain/trail.ts';
import type { Clock } from '../../pipeline/ports/clock.ts';
import type { ViewerSession } from '../../pipeline/ports/viewer-access.ts';
import type { ExportFile, ExportFormat } from '../../pipeline/trail/export-formats.ts';
import { badRequest, ViewerFailure } from './failure.ts';
import { filterFacts } from './searches.ts';
import { readOne, readQuestion } from './trail-question.ts';
import { paramsOf, type TrailRouteParts } from './trail-routes.ts';

export interface ExportRouteParts extends TrailRouteParts {
  readonly formats: readonly ExportFormat[];
  readonly clock: Clock;
  /** Aborts when the port closes. */
  readonly closing: AbortSignal;
  readonly failed: (route: string, error: unknown) => void;
}

const MAX_EXPORTS = 4;

type Records = AsyncIterable<readonly AuditRecord[]>;

/** `export`: a file of everything that matches, made while it is sent, at the speed of whoever takes it. */
export function addExportRoute(app: FastifyInstance, parts: ExportRouteParts): void {
  const { trail, sessionOf, looks, formats, clock } = parts;
  let running = 0;
  let number = 0;
  app.get(`${TRAIL_ROOT}/export`, async (request, reply) => {
    const session = sessionOf(request);
    const params = paramsOf(request);
    const question = readQuestion(params, ['format']);
    const asked = readOne(params, 'format');
    const format = formats.find(({ name }) => name === asked);
    if (format === undefined)
      throw badRequest(`"format" must be one of ${formats.map(({ name }) => name).join(', ')}.`);
    if (running >= MAX_EXPORTS) throw busy();
    running++;
    const facts = { export: ++number, format: format.name, ...filterFacts(params) };
    const file = format.open();
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, parts.closing]);
    let rows = 0;
    let state = 'broken off';
    try {
      looks.note(session, 'exported', { ...facts, state: 'begun' }, { alike: `${facts.export} begun` });
      const records = counted(trail.records(session.reader, question), (count) => {
        rows += count;
        // rights that were taken away end it
        if (!maySee(() => sessionOf(request, true))) gone.abort();
        return !signal.aborted;
      });
      // before the first byte goes out, a failure still has an answer of its own
      const pieces = file.isFull === undefined ? whileRead(file, records) : await onceRead(file, records, signal);
      const first = await pieces.next();
      reply.hijack();
      const name = `audit-trail-${toIsoString(clock.now()).replaceAll(/[-:]|\.\d+/g, '')}.${format.name}`;
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': format.contentType,
        'content-disposition': `attachment; filename="${name}"`,
      });
      if (first.done !== true) await write(reply.raw, first.value, signal);
      for await (const piece of pieces) {
        if (signal.aborted) break;
        await write(reply.raw, piece, signal);
      }
      if (!signal.aborted) state = 'complete';
    } catch (thrown) {
      if (!reply.sent && !signal.aborted) throw thrown;
      if (!signal.aborted) parts.failed('GET export', thrown);
      // whoever asked has gone before there was anything to send
      if (!reply.sent) reply.hijack();
    } finally {
      running--;
      file.close();
      looks.note(session, 'exported', { ...facts, state, rows }, { alike: `${facts.export} ended` });
      // a file that is not complete must not look like one that is
      if (reply.sent && state === 'complete') reply.raw.end();
      else if (reply.sent) reply.raw.destroy();
    }
  });
}

/** @param goesOn told of each batch before it is given out */
async function* counted(records: Records, goesOn: (rows: number) => boolean): AsyncGenerator<readonly AuditRecord[]> {
  for await (const batch of records) {
    if (!goesOn(batch.length)) return;
    yield batch;
    await setImmediate();
  }
}

function maySee(sessionOf: () => ViewerSession): boolean {
  try {
    sessionOf();
    return true;
  } catch (thrown) {
    if (thrown instanceof ViewerFailure) return false;
    throw thrown;
  }
}

async function* whileRead(file: ExportFile, records: Records): AsyncGenerator<Uint8Array> {
  for await (const batch of records) yield file.add(batch);
  yield* file.end();
}

/** @throws ViewerFailure 422 when there is more than finds room */
async function onceRead(file: ExportFile, records: Records, signal: AbortSignal): Promise<AsyncGenerator<Uint8Array>> {
  for await (const batch of records) {
    signal.throwIfAborted();
    file.add(batch);
    if (file.isFull?.()) {
      const message =
        'This is more than a file of this format can take, or other exports are taking the room. Narrow the filter, or choose parquet, csv or ndjson.';
      throw new ViewerFailure(422, 'TOO_MANY_EVENTS', message);
    }
  }
  return (async function* () {
    for await (const piece of file.end()) {
      yield piece;
      await setImmediate();
    }
  })();
}

async function write(out: ServerResponse, piece: Uint8Array, signal: AbortSignal): Promise<void> {
  // the piece may be reused by whoever made it
  if (piece.length > 0 && !out.write(Buffer.from(piece))) await once(out, 'drain', { signal });
}

function busy(): ViewerFailure {
  const message = `${MAX_EXPORTS} exports are running. Try again when one has ended.`;
  return new ViewerFailure(503, 'TOO_MANY_EXPORTS', message, { 'retry-after': '30' });
}
