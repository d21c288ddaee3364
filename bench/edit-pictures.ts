// Edits pictures in a process of its own and prints what that took, as JSON.
// Usage: node bench/edit-pictures.ts ours|pngjs COUNT AT_ONCE WATCH CROP PICTURE.png ...
//   WATCH 1: measures the longest block of the event loop, which itself takes all of a core
//   CROP 1: as of an object that was scrolled, so that there are two pictures to encode
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { createScreenshotEditor } from '../server/src/adapters/screenshot-images/screenshot-editor.ts';
import type { EditRequest } from '../server/src/pipeline/ports/screenshots.ts';

export interface EditingCost {
  readonly pictures: number;
  readonly wallMs: number;
  /** Of all threads. */
  readonly cpuMs: number;
  /** The longest time between two turns of the event loop: of the clock, and of CPU used by its thread. */
  readonly blockMs: number;
  readonly blockCpuMs: number;
  /** Of all annotated copies. */
  readonly bytes: number;
  readonly maxRssMiB: number;
}

const HEADER_ROWS = 330;
const ANNOTATION = Object.entries({
  'Date (UTC)': '2025-12-27 05:46:06.919Z',
  'Date (server)': '2025-12-27 06:46:06.919 +01:00',
  'Event ID': 'db277423-1291-456e-8333-aa772e50703b',
  'Correlation ID': '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
  'Selection transaction ID': '6c0e3a1a-2f3e-4f9f-9df1-11e8b1a0c9d2',
  User: 'UserDirectory=LAB; UserId=göran.åkerström',
  'App ID': 'c36bdcfa-2b5e-4b34-94e8-0f0f2a1f3c5d',
  App: 'Försäljning 商品別売上',
  Sheet: 'Übersicht 2025',
}).map(([label, value]) => ({ label, value }));

async function main([way = '', count = '', atOnce = '', watch = '', crop = '', ...files]: readonly string[]) {
  const pictures = files.map((file) => readFileSync(file));
  const edit = way === 'pngjs' ? withPngjs : withEditor(crop === '1');
  for (const picture of pictures) await edit(picture); // what is loaded and compiled once
  const blocks = watch === '1' ? watchLoop() : undefined;
  const [before, started] = [process.cpuUsage(), performance.now()];
  let [next, bytes] = [0, 0];
  const work = async () => {
    while (next < Number(count)) {
      const written = await edit(pictures[next++ % pictures.length] ?? Buffer.alloc(0));
      bytes += written;
    }
  };
  await Promise.all(Array.from({ length: Number(atOnce) }, work));
  const { user, system } = process.cpuUsage(before);
  const cost: EditingCost = {
    pictures: Number(count),
    wallMs: performance.now() - started,
    cpuMs: (user + system) / 1000,
    ...(blocks?.() ?? { blockMs: Number.NaN, blockCpuMs: Number.NaN }),
    bytes,
    maxRssMiB: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(JSON.stringify(cost));
}

function withEditor(cropped: boolean): (picture: Buffer) => Promise<number> {
  const editor = createScreenshotEditor();
  return async (bytes) => {
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    const crop = { top: 0, left: 0, width: width - 10, height: height - 20, scrollTop: 10, scrollAreaOffsetY: 40 };
    const request: EditRequest = {
      bytes,
      format: 'png',
      crop: cropped ? crop : undefined,
      annotation: ANNOTATION,
      eventId: 'db277423-1291-456e-8333-aa772e50703b',
      correlationId: null,
    };
    const images = await editor.edit(request);
    const written = images.find(({ role }) => role === 'annotated')?.bytes.length ?? 0;
    for (const { release } of images) release?.();
    return written;
  };
}

/** Decode, copy the pixels below an empty header, encode: no text at all. */
async function withPngjs(bytes: Buffer): Promise<number> {
  const picture = PNG.sync.read(bytes);
  const page = new PNG({ width: picture.width, height: picture.height + HEADER_ROWS });
  page.data.fill(0xff);
  PNG.bitblt(picture, page, 0, 0, picture.width, picture.height, 0, HEADER_ROWS);
  const written = PNG.sync.write(page).length;
  await new Promise((resolve) => setImmediate(resolve));
  return written;
}

function watchLoop(): () => Pick<EditingCost, 'blockMs' | 'blockCpuMs'> {
  let [blockMs, blockCpuMs, running] = [0, 0, true];
  let [wall, cpu] = [performance.now(), threadCpuMs()];
  const turn = () => {
    blockMs = Math.max(blockMs, performance.now() - wall);
    blockCpuMs = Math.max(blockCpuMs, threadCpuMs() - cpu);
    [wall, cpu] = [performance.now(), threadCpuMs()];
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    running = false;
    return { blockMs, blockCpuMs };
  };
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

if (import.meta.main) await main(process.argv.slice(2));
