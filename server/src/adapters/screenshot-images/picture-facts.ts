import type { SharpConstructor } from 'sharp';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { EditRequest, ImageFormat } from '../../pipeline/ports/screenshots.ts';

export interface PictureFacts {
  readonly format: ImageFormat;
  /** As it is shown: turned where the file says so. Of the first frame. */
  readonly width: number;
  readonly height: number;
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
    const found = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (found.format !== format) throw new Error(`it was said to be ${format} but is ${found.format}`);
    if (found.width * found.height > maxPixels) throw tooLarge(eventId, found, maxPixels);
    return { format, width: found.autoOrient.width, height: found.autoOrient.height };
  } catch (error) {
    throw error instanceof CodedError ? error : unreadable(eventId, messageOf(error), error);
  }
}

export function unreadable(eventId: string, why: string, cause?: unknown): CodedError {
  const message = `The picture of event ${eventId} cannot be read: ${why.trim()}`;
  return new CodedError('IMAGE_UNREADABLE', message, { eventId }, cause);
}

function tooLarge(
  eventId: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): CodedError {
  const message = `The picture of event ${eventId} has ${width} × ${height} pixels; at most ${maxPixels} are decoded.`;
  return new CodedError('IMAGE_TOO_LARGE', message, { eventId, width, height, maxPixels });
}
