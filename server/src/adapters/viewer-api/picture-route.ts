import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';
import { TRAIL_ROOT } from '../../domain/trail.ts';
import { PICTURE_VARIANTS } from '../../pipeline/trail/trail-event.ts';
import { badRequest, notFound, ViewerFailure } from './failure.ts';
import { readOne, refuseOthers } from './trail-question.ts';
import { paramsOf, type TrailRouteParts } from './trail-routes.ts';

/** By their first bytes; nothing else is served, whatever a record says. */
const SIGNATURES: readonly (readonly [type: string, matches: (head: Buffer) => boolean])[] = [
  ['image/png', (head) => head.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ['image/jpeg', (head) => head.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))],
  ['image/gif', (head) => /^GIF8[79]a/.test(head.toString('latin1', 0, 6))],
  ['image/webp', (head) => head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP'],
];

/** `screenshots/{eventId}`: only files that outcome records name, with the bytes that were saved. */
export function addPictureRoute(app: FastifyInstance, { trail, sessionOf, looks }: TrailRouteParts): void {
  app.get<{ Params: { id: string } }>(`${TRAIL_ROOT}/screenshots/:id`, async (request, reply) => {
    const session = sessionOf(request);
    const params = paramsOf(request);
    refuseOthers(params, ['variant']);
    const asked = readOne(params, 'variant') || 'original';
    const variant = PICTURE_VARIANTS.find((name) => name === asked);
    if (variant === undefined) throw badRequest(`"variant" must be one of ${PICTURE_VARIANTS.join(', ')}.`);
    const { id } = request.params;
    if (!session.reader.maySeePictures) {
      throw new ViewerFailure(403, 'NO_PICTURES', 'Your account may not see pictures. Ask an administrator.');
    }
    const files = trail.picture(session.reader, id, variant);
    if (files === undefined || files.length === 0)
      throw notFound('There is no such picture, or not one that you may see.');
    const found = await firstReadable(files);
    if (found === 'gone') {
      throw new ViewerFailure(410, 'PICTURE_GONE', 'The picture was saved, but its file is not there any more.');
    }
    if (found === 'changed') {
      const message = 'The file was changed after it was saved: its SHA-256 is not the recorded one. It is not shown.';
      throw new ViewerFailure(410, 'PICTURE_CHANGED', message);
    }
    if (found === 'no-picture') {
      throw new ViewerFailure(410, 'PICTURE_UNKNOWN', 'The file is of no type that is shown here.');
    }
    looks.note(session, 'pictured', { eventId: id, variant, sha256: found.file.sha256 }, { alike: `${id} ${variant}` });
    reply.headers({
      'content-type': found.type,
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': 'inline',
      'cross-origin-resource-policy': 'same-origin',
      // never changes, but rights do
      'cache-control': 'private, no-cache',
      etag: `"${found.file.sha256}"`,
    });
    if (request.headers['if-none-match'] === `"${found.file.sha256}"`) {
      return reply.code(304).send();
    }
    return reply.send(found.content);
  });
}

/** The same picture may lie in several folders. What is not what was saved, to the last byte, is not shown as it. */
async function firstReadable(files: readonly ScreenshotFile[]) {
  let trouble: 'gone' | 'changed' | 'no-picture' = 'gone';
  for (const file of files) {
    const content = await readFile(file.path).catch(() => undefined);
    if (content === undefined) continue;
    if (hash('sha256', content, 'hex') !== file.sha256.toLowerCase()) {
      trouble = 'changed';
      continue;
    }
    const type = SIGNATURES.find(([, matches]) => matches(content))?.[0];
    if (type !== undefined) return { file, type, content };
    if (trouble === 'gone') trouble = 'no-picture';
  }
  return trouble;
}
