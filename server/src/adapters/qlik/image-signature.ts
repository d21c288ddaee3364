import type { ImageFormat } from '../../pipeline/ports/screenshots.ts';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_END = Buffer.from('IEND');
const JPEG_END = Buffer.from([0xff, 0xd9]);

/** What the bytes are, whatever their sender calls them. */
export function imageFormatOf(bytes: Buffer): ImageFormat | undefined {
  const text = (from: number, to: number) => bytes.toString('latin1', from, to);
  if (bytes.subarray(0, PNG.length).equals(PNG)) return 'png';
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (/^GIF8[79]a$/.test(text(0, 6))) return 'gif';
  return undefined;
}

/** Is the end of the picture there? A connection that breaks does not always show. */
export function isWholeImage(bytes: Buffer, format: ImageFormat): boolean {
  if (format === 'png') return bytes.includes(PNG_END);
  if (format === 'jpeg') return bytes.includes(JPEG_END, 2);
  if (format === 'gif') return bytes.lastIndexOf(0x3b) > 12;
  return bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length;
}

const HTML =
  /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)?<(?:!doctype\s+html|html|head|body|script|meta|title|form)\b/i;

/** Is it a page for people, such as a log-in page? */
export function looksLikeHtml(bytes: Buffer, contentType: string | undefined): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)/i.test(contentType ?? '') || HTML.test(startOf(bytes));
}

function startOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, 1024).replace(/^\ufeff/, '');
}
