import type { SharpConstructor } from 'sharp';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { EditRequest, ImageFormat } from '../../pipeline/ports/screenshots.ts';

export interface PictureFacts {
  readonly format: ImageFormat;
  /** As it is shown: turned where the file says so. Of the first frame. */
  readonly width: number;
  readonly height: number;
}

/** @param png with its IHDR */
export function pngSize(png: Buffer): { readonly width: number; readonly height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

/**
 * Reads the header of the file; nothing is decoded yet.
 * @throws CodedError IMAGE_TOO_LARGE, or IMAGE_UNREADABLE also where the file is of another type than was said
 */
export async function readPictureFacts(
  sharp: SharpConstructor,
  { bytes, format, eventId }: Pick<EditRequest, 'bytes' | 'format' | 'eventId'>,
  maxPixels: number,
): Promise<PictureFacts> {
  try {
    // what its decoder does not take as a size would be called damage, and damaged pictures are fetched again
    if (isPngHead(bytes)) refuseTooLarge(eventId, pngSize(bytes), maxPixels);
    const found = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (found.format !== format) throw new Error(`it was said to be ${format} but is ${found.format}`);
    refuseTooLarge(eventId, found, maxPixels);
    return { format, width: found.autoOrient.width, height: found.autoOrient.height };
  } catch (error) {
    throw error instanceof CodedError ? error : unreadable(eventId, messageOf(error), error);
  }
}

export function unreadable(eventId: string, why: string, cause?: unknown): CodedError {
  const message = `The picture of event ${eventId} cannot be read: ${causeIn(why)}.`;
  return new CodedError('IMAGE_UNREADABLE', message, { eventId }, cause);
}

/** What the decoder says first; what follows is about our own encoder, which got nothing more from it. */
function causeIn(why: string): string {
  const [first = ''] = why.trim().split('\n', 1);
  const cause = first.replace(/[\s:.]+$/, '');
  return cause === '' || cause === 'Unknown error' || cause.startsWith('vips2png') ? 'it is damaged' : cause;
}

function isPngHead(bytes: Buffer): boolean {
  return (
    bytes.length >= 24 &&
    bytes.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n' &&
    bytes.toString('latin1', 12, 16) === 'IHDR'
  );
}

function refuseTooLarge(
  eventId: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): void {
  if (width * height <= maxPixels) return;
  const message = `The picture of event ${eventId} has ${width} × ${height} pixels; at most ${maxPixels} are decoded.`;
  throw new CodedError('IMAGE_TOO_LARGE', message, { eventId, width, height, maxPixels });
}
