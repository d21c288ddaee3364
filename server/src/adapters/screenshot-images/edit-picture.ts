import type { Sharp, SharpConstructor } from 'sharp';
import type { EditedImage, EditRequest } from '../../pipeline/ports/screenshots.ts';
import { HEADER_BACKGROUND } from './header-drawing.ts';
import type { HeaderPainter } from './header-painter.ts';
import type { PictureFacts } from './picture-facts.ts';
import { withTextChunks } from './png-text-chunks.ts';
import { copyRows, fillRows, type RawPicture } from './raw-picture.ts';
import { asksForSomething, type SeenPicture, seenPicture } from './seen-picture.ts';
import { sha256OfBytes } from './sliced-bytes.ts';

interface Edit {
  readonly sharp: SharpConstructor;
  readonly painter: HeaderPainter;
  readonly request: EditRequest;
  readonly facts: PictureFacts;
}

/** A picture of which each call starts reading anew. */
interface Source {
  readonly width: number;
  readonly height: number;
  read(): Sharp;
}

const PAPER = '#ffffff';
/** A file with more bytes a pixel holds a photo or the like: trying hard costs twice the time there, for little. */
const DENSE = 0.4;

/** The pictures to keep of one that was downloaded, in the order of the port. Throws what the decoder throws. */
export async function editPicture(edit: Edit): Promise<readonly EditedImage[]> {
  const { crop, bytes, annotation } = edit.request;
  const { format, width, height } = edit.facts;
  const came = { format, bytes, width, height };
  const asked = crop !== undefined && asksForSomething(crop, edit.facts) ? crop : undefined;
  const seen = asked !== undefined && format === 'png' ? await seenPicture(await decoded(edit), asked) : undefined;
  if (seen?.changed) return [...(await croppedImages(edit, seen)), { role: 'downloaded', ...came }];
  const source = { width, height, read: () => decoder(edit) };
  if (annotation.length === 0) await readToTheEnd(source);
  const notes = seen?.notes ?? (asked === undefined ? [] : [`Not cropped: that is done with PNG only, not ${format}.`]);
  return [{ role: 'seen', ...came, ...noteOf(notes) }, ...(await annotated(edit, source))];
}

async function croppedImages(edit: Edit, { picture, rectangle, notes }: SeenPicture): Promise<readonly EditedImage[]> {
  const { width, height } = rectangle;
  const source = { width, height, read: () => ofPixels(edit, picture).extract(rectangle) };
  const bytes = await encoded(edit, source.read());
  return [{ role: 'seen', format: 'png', bytes, width, height, ...noteOf(notes) }, ...(await annotated(edit, source))];
}

/** The copy that explains itself: a header, below it the picture from the left edge, as it looks on white paper. */
async function annotated(edit: Edit, source: Source): Promise<readonly EditedImage[]> {
  const { annotation, bytes, eventId, correlationId } = edit.request;
  if (annotation.length === 0) return [];
  const header = await edit.painter.paint(annotation, source);
  const room = { top: header.height, right: header.width - source.width, background: HEADER_BACKGROUND };
  const page = await pixelsOf(source.read().flatten({ background: PAPER }).extend(room));
  for (const stripe of header.stripes) fillRows(page, stripe);
  for await (const { top, svg } of header.text) await copyRows(page, await drawn(edit, svg), top);
  const texts: [string, string][] = [['eventId', eventId]];
  if (correlationId !== null) texts.push(['correlationId', correlationId]);
  texts.push(['downloadedSha256', await sha256OfBytes(bytes)]);
  const png = await withTextChunks(await encoded(edit, ofPixels(edit, page)), texts);
  return [{ role: 'annotated', format: 'png', bytes: png, width: page.width, height: page.height }];
}

/** The first frame, the right way up, in sRGB. Damage is an error, what browsers overlook is not. */
function decoder({ sharp, request }: Edit): Sharp {
  return sharp(request.bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true }).toColourspace('srgb');
}

function decoded(edit: Edit): Promise<RawPicture> {
  return pixelsOf(decoder(edit));
}

async function pixelsOf(sharp: Sharp): Promise<RawPicture> {
  const { data, info } = await sharp.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

function ofPixels({ sharp }: Edit, { data, width, height, channels }: RawPicture): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

function drawn({ sharp }: Edit, svg: Buffer): Promise<RawPicture> {
  const limits = { unlimited: true, limitInputPixels: false }; // our own drawing
  return pixelsOf(sharp(svg, limits).flatten({ background: HEADER_BACKGROUND }));
}

function encoded({ request, facts }: Edit, sharp: Sharp): Promise<Buffer> {
  const isDense = facts.format !== 'png' || request.bytes.length > facts.width * facts.height * DENSE;
  return sharp.png({ compressionLevel: isDense ? 1 : 3 }).toBuffer();
}

/** Decodes all of it, one row after the other: damage shows. */
async function readToTheEnd({ width, height, read }: Source): Promise<void> {
  await pixelsOf(read().extract({ left: 0, top: height - 1, width, height: 1 }));
}

function noteOf(notes: readonly string[]): { readonly note?: string } {
  return notes.length === 0 ? {} : { note: notes.join(' ') };
}
