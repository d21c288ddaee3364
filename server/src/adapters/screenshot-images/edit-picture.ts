import type { Sharp, SharpConstructor } from 'sharp';
import type { EditedImage, EditRequest } from '../../pipeline/ports/screenshots.ts';
import type { HeaderPainter } from './header-painter.ts';
import type { PictureFacts } from './picture-facts.ts';
import { withTextChunks } from './png-text-chunks.ts';
import { type RawPicture, rawPixelsOf } from './raw-picture.ts';
import { asksForSomething, type SeenPicture, seenPicture } from './seen-picture.ts';
import { release, sha256OfBytes } from './sliced-bytes.ts';

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
/** What is joined to it by `or` comes through unchanged. */
const ZERO = '#000000';
/** A file with more bytes a pixel holds a photo or the like: trying hard costs twice the time there, for little. */
const DENSE = 0.4;

/** The pictures to keep of one that was downloaded, in the order of the port. Throws what the decoder throws. */
export async function editPicture(edit: Edit): Promise<readonly EditedImage[]> {
  const { crop, bytes, annotation } = edit.request;
  const { format, width, height } = edit.facts;
  const came = { format, bytes, width, height };
  const asked = crop !== undefined && asksForSomething(crop, edit.facts) ? crop : undefined;
  const seen =
    asked !== undefined && format === 'png' ? await seenPicture(await rawPixelsOf(decoder(edit)), asked) : undefined;
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
  const copies = await annotated(edit, source);
  release(picture.data);
  return [{ role: 'seen', format: 'png', bytes, width, height, ...noteOf(notes) }, ...copies];
}

/** The copy that explains itself: a header, below it the picture from the left edge, as it looks on white paper. */
async function annotated(edit: Edit, source: Source): Promise<readonly EditedImage[]> {
  const { annotation, bytes, eventId, correlationId } = edit.request;
  if (annotation.length === 0) return [];
  const { width, height, overlay } = await edit.painter.paint(edit.sharp, annotation, source);
  const room = { top: height, right: width - source.width, background: ZERO };
  const raw = { width, height: overlay.height, channels: 3 } as const;
  const page = source.read().flatten({ background: PAPER }).extend(room).boolean(overlay.data, 'or', { raw });
  const texts: [string, string][] = [['eventId', eventId]];
  if (correlationId !== null) texts.push(['correlationId', correlationId]);
  texts.push(['downloadedSha256', await sha256OfBytes(bytes)]);
  const encodedPage = await encoded(edit, page);
  release(overlay.data);
  const png = await withTextChunks(encodedPage, texts);
  release(encodedPage);
  return [{ role: 'annotated', format: 'png', bytes: png, width, height: height + source.height }];
}

/** The first frame, the right way up, in sRGB. Damage is an error, what browsers overlook is not. */
function decoder({ sharp, request }: Edit): Sharp {
  return sharp(request.bytes, { failOn: 'error', limitInputPixels: false, autoOrient: true }).toColourspace('srgb');
}

function ofPixels({ sharp }: Edit, { data, width, height, channels }: RawPicture): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

function encoded({ request, facts }: Edit, sharp: Sharp): Promise<Buffer> {
  const isDense = facts.format !== 'png' || request.bytes.length > facts.width * facts.height * DENSE;
  return sharp.png({ compressionLevel: isDense ? 1 : 3 }).toBuffer();
}

/** Decodes all of it, one row after the other: damage shows. */
async function readToTheEnd({ width, height, read }: Source): Promise<void> {
  await rawPixelsOf(read().extract({ left: 0, top: height - 1, width, height: 1 }));
}

function noteOf(notes: readonly string[]): { readonly note?: string } {
  return notes.length === 0 ? {} : { note: notes.join(' ') };
}
