import sharp, { type Sharp } from 'sharp';

/** Made-up screenshots. Pixels follow from their place alone, so that a test can say where each came from. */
export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/** Each pixel tells its place: red and green the row, blue the column. */
export function placePixels(width: number, height: number, channels: 3 | 4 = 3): Pixels {
  const data = Buffer.alloc(width * height * channels, 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set([y % 250, Math.floor(y / 250) * 60, x % 256], (y * width + x) * channels);
  }
  return { data, width, height, channels };
}

/** Columns on paper, as a bar chart of Qlik Sense. */
export function chartPixels(width: number, height: number): Pixels {
  const data = Buffer.alloc(width * height * 3, 255);
  const barWidth = Math.max(3, Math.floor(width / 60));
  for (let bar = 0; bar < 40; bar++) {
    const left = Math.floor(width * 0.05 + (bar * width * 0.9) / 40);
    const rows = Math.floor((((bar * 37) % 29) + 1) * (height / 40));
    const colour = bar % 4 === 3 ? 'c7522a' : '4477aa';
    for (let y = Math.floor(height * 0.9) - rows; y < height * 0.9; y++) {
      data.fill(colour, (y * width + left) * 3, (y * width + left + barWidth) * 3, 'hex');
    }
  }
  return { data, width, height, channels: 3 };
}

/** Soft shapes with grain: as hard to compress as a photo. */
export function photoPixels(width: number, height: number): Pixels {
  const data = Buffer.alloc(width * height * 3);
  let state = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      const grain = (state >> 16) % 24;
      const light = 128 + 90 * Math.sin(x / 90) * Math.cos(y / 70) + grain;
      for (let channel = 0; channel < 3; channel++) {
        data[(y * width + x) * 3 + channel] = Math.max(0, Math.min(255, light + channel * 9));
      }
    }
  }
  return { data, width, height, channels: 3 };
}

export function sharpOf({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

export function pngOf(pixels: Pixels): Promise<Buffer> {
  return sharpOf(pixels).png().toBuffer();
}

export async function pixelsOf(bytes: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3 && info.channels !== 4) throw new Error(`${info.channels} channels`);
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** The colours of a row. */
export function rowOf({ data, width, channels }: Pixels, y: number, from = 0, to = width): Buffer {
  return data.subarray((y * width + from) * channels, (y * width + to) * channels);
}
