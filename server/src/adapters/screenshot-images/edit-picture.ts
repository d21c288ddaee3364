import type { Sharp, SharpConstructor } from 'sharp';
import type { EditedImage, EditRequest } from '../../pipeline/ports/screenshots.ts';
import type { Size } from './crop-plan.ts';
import { HEADER_BACKGROUND } from './header-drawing.ts';
import type { HeaderPainter } from './header-painter.ts';
import { type PictureFacts, pngSize } from './picture-facts.ts';
import { withRowsAbove } from './png-stitching.ts';
import { textChunk } from './png-text-chunks.ts';
import { isOpaque, type RawPicture, rawPixelsOf } from './raw-picture.ts';
import { asksForSomething, type SeenPicture, seenPicture } from './seen-picture.ts';
import { release, sha256OfBytes } from './sliced-bytes.ts';

interface Edit {
  readonly sharp: SharpConstructor;
  readonly painter: HeaderPainter;
  readonly request: EditRequest;
  /** The bytes as they came, or of a PNG without its texts. */
  readonly file: Buffer;
  readonly facts: PictureFacts;
}

/** A picture of which each call starts reading anew. */
interface Source extends Size {
  read(): Sharp;
}

const PAPER = '#ffffff';
const GIVEN_BACK_BYTES = 33 * 1024 * 1024;
/** A file with more bytes a pixel holds a photo or the like: trying hard costs twice the time there, for little. */
const DENSE = 0.4;

/** The pictures to keep of one that was downloaded, in the order of the port. Throws what the decoder throws. */
export async function editPicture(edit: Edit): Promise<readonly EditedImage[]> {
  const { crop, bytes } = edit.request;
  const { format, width, height } = edit.facts;
  const came = { format, bytes, width, height };
  const asked = crop !== undefined && asksForSomething(crop, edit.facts) ? crop : undefined;
  const seen = asked !== undefined && format === 'png' ? await seenPicture(await decoded(edit), asked) : undefined;
  if (seen?.changed) return [...(await croppedImages(edit, seen)), { role: 'downloaded', ...came }];
  const source = { width, height, read: () => decoder(edit) };
  const header = await headerFor(edit, source);
  if (header === undefined) await readToTheEnd(source);
  const copies = header === undefined ? [] : [await annotated(edit, header, await pageFor(edit, source, header))];
  const notes = seen?.notes ?? (asked === undefined ? [] : [`Not cropped: that is done with PNG only, not ${format}.`]);
  return [{ role: 'seen', ...came, ...noteOf(notes) }, ...copies];
}

async function croppedImages(edit: Edit, { picture, rectangle, notes }: SeenPicture): Promise<readonly EditedImage[]> {
  const { width, height } = rectangle;
  const source = { width, height, read: () => ofPixels(edit, picture).extract(rectangle) };
  const header = await headerFor(edit, source);
  const bytes = await encoded(edit, source.read());
  const isPage = header !== undefined && header.width <= width && (await isOpaque(picture));
  const page = isPage || header === undefined ? bytes : await pageFor(edit, source, header);
  release(picture.data);
  const seen: EditedImage = {
    role: 'seen',
    format: 'png',
    bytes,
    width,
    height,
    ...noteOf(notes),
    ...releasing(bytes),
  };
  return header === undefined ? [seen] : [seen, await annotated(edit, header, page)];
}

async function headerFor({ sharp, painter, request }: Edit, size: Size): Promise<RawPicture | undefined> {
  return request.annotation.length === 0 ? undefined : painter.paint(sharp, request.annotation, size);
}

/** What comes below the header: the picture as it looks on white paper, from the left edge, and no narrower. */
function pageFor(edit: Edit, { width, read }: Source, header: Size): Promise<Buffer> {
  const room = { right: Math.max(0, header.width - width), background: HEADER_BACKGROUND };
  return encoded(edit, read().flatten({ background: PAPER }).extend(room));
}

/** The copy that explains itself. @param page PNG as `encoded` makes it, opaque. The memory of the header is given back. */
async function annotated({ request }: Edit, header: RawPicture, page: Buffer): Promise<EditedImage> {
  const texts = [textChunk('eventId', request.eventId)];
  if (request.correlationId !== null) texts.push(textChunk('correlationId', request.correlationId));
  texts.push(textChunk('downloadedSha256', await sha256OfBytes(request.bytes)));
  const bytes = await withRowsAbove(page, header, texts);
  release(header.data);
  return { role: 'annotated', format: 'png', bytes, ...pngSize(bytes), ...releasing(bytes) };
}

/**
 * All pixels. Memory of less than 32 MiB that another thread has freed stays with that thread under glibc, so that a stream
 * of large pictures takes a third more; what is larger goes back to the system. Rows behind the picture make it larger.
 */
async function decoded(edit: Edit): Promise<RawPicture> {
  const { width, height } = edit.facts;
  const isLarge = width * height * 3 > GIVEN_BACK_BYTES / 2;
  const bottom = isLarge ? Math.max(0, Math.ceil(GIVEN_BACK_BYTES / (width * 3)) - height) : 0;
  return { ...(await rawPixelsOf(decoder(edit).extend({ bottom, background: PAPER }))), height };
}

/** The first frame, the right way up, in sRGB. Damage is an error, what browsers overlook is not. */
function decoder({ sharp, file }: Edit): Sharp {
  return sharp(file, { failOn: 'error', limitInputPixels: false, autoOrient: true }).toColourspace('srgb');
}

function ofPixels({ sharp }: Edit, { data, width, height, channels }: RawPicture): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

function encoded({ file, facts }: Edit, sharp: Sharp): Promise<Buffer> {
  const isDense = facts.format !== 'png' || file.length > facts.width * facts.height * DENSE;
  return sharp.png({ compressionLevel: isDense ? 1 : 3 }).toBuffer();
}

/** Decodes all of it, one row after the other: damage shows. */
async function readToTheEnd({ width, height, read }: Source): Promise<void> {
  await rawPixelsOf(read().extract({ left: 0, top: height - 1, width, height: 1 }));
}

function releasing(bytes: Buffer): Pick<EditedImage, 'release'> {
  return { release: () => release(bytes) };
}

function noteOf(notes: readonly string[]): { readonly note?: string } {
  return notes.length === 0 ? {} : { note: notes.join(' ') };
}
