import { drawChart, INK } from './chart-drawings.ts';
import { Drawing, Letters } from './drawing.ts';
import type { PictureSubject } from './picture-subject.ts';

export const PICTURE_WIDTH = 656;
export const PICTURE_HEIGHT = 424;

/** What the simulated browsers say that the user saw begins at 12 … 16, 56 … 60 and is 624 × 354: all that matters is inside. */
const LEFT = 28;
const WIDTH = 596;

const letters = new Letters();

/** A PNG of one object as Qlik Sense might draw it: the same for the same subject, on every machine. */
export async function drawObjectPicture(subject: PictureSubject): Promise<Buffer> {
  const { app, sheet, object } = subject;
  const drawing = new Drawing();
  drawing.rectangle(0, 0, PICTURE_WIDTH, PICTURE_HEIGHT, '#f2f2f2');
  drawing.text(`${app.name}  ·  ${sheet.name}`, { x: 16, y: 34, size: 18, colour: INK, maxWidth: 620 });
  drawing.rectangle(8, 48, PICTURE_WIDTH - 16, PICTURE_HEIGHT - 56, '#fff');
  drawing.text(object.title, { x: LEFT, y: 88, size: 18, colour: INK, bold: true, maxWidth: WIDTH });
  drawChart(drawing, subject, { left: LEFT, top: 106, width: WIDTH, height: 262 });
  drawFooter(drawing, subject);
  const { default: sharp } = await import('sharp');
  const svg = await drawing.svg(PICTURE_WIDTH, PICTURE_HEIGHT, letters);
  return sharp(svg).flatten({ background: '#fff' }).png().toBuffer();
}

/** The current selections. */
function drawFooter(drawing: Drawing, { selections }: PictureSubject): void {
  drawing.rectangle(LEFT, 376, WIDTH, 26, '#eef6f1');
  const chosen = selections.map(({ qField, qSelected }) => `${qField}: ${qSelected}`).join('   |   ');
  const value = chosen === '' ? 'No selections' : chosen;
  drawing.text(value, { x: LEFT + 10, y: 394, size: 13, colour: '#00713a', maxWidth: WIDTH - 20 });
}
