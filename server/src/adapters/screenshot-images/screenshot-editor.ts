import type { SharpConstructor } from 'sharp';
import { CodedError, messageOf } from '../../domain/errors.ts';
import type { ScreenshotEditor } from '../../pipeline/ports/screenshots.ts';
import { editPicture } from './edit-picture.ts';
import { HeaderPainter } from './header-painter.ts';
import { readPictureFacts, unreadable } from './picture-facts.ts';
import { TurnTaking } from './turn-taking.ts';
import { withoutTexts } from './without-texts.ts';

export interface ScreenshotEditorOptions {
  /** A picture with more is refused before it is decoded. */
  readonly maxPixels?: number;
  /** Of all pictures under work together, a bound on memory: about 8 bytes each. A larger picture is edited alone. */
  readonly maxPixelsAtOnce?: number;
}

const MAX_PIXELS = 100_000_000;
/** One of 3840 × 2160, several smaller ones: memory that is freed in many threads is slow to come back. */
const MAX_PIXELS_AT_ONCE = 10_000_000;

/**
 * Makes the pictures that are kept (design, Screenshots). Decoding, drawing and encoding happen in the thread pool; what
 * happens here is cut into short slices. Loads `sharp` and fonts at once, so it is for servers that keep screenshots.
 */
export function createScreenshotEditor(options: ScreenshotEditorOptions = {}): ScreenshotEditor {
  const painter = new HeaderPainter();
  const loaded = Promise.all([loadSharp(), painter.prepare()]);
  loaded.catch(() => {}); // the first edit tells
  const turns = new TurnTaking(options.maxPixelsAtOnce ?? MAX_PIXELS_AT_ONCE);
  return {
    async edit(request) {
      const [sharp] = await loaded;
      const file = request.format === 'png' ? await withoutTexts(request.bytes) : request.bytes;
      const facts = await readPictureFacts(sharp, { ...request, bytes: file }, options.maxPixels ?? MAX_PIXELS);
      try {
        return await turns.run(facts.width * facts.height, () => editPicture({ sharp, painter, request, file, facts }));
      } catch (error) {
        throw error instanceof CodedError ? error : unreadable(request.eventId, messageOf(error), error);
      }
    },
  };
}

async function loadSharp(): Promise<SharpConstructor> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false); // no picture comes twice
  sharp.concurrency(1); // one thread a picture: least memory, and as fast where several are edited
  return sharp;
}
