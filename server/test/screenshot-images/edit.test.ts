import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pngChunk } from '../../src/adapters/screenshot-images/png-stitching.ts';
import { createScreenshotEditor } from '../../src/adapters/screenshot-images/screenshot-editor.ts';
import { CodedError } from '../../src/domain/errors.ts';
import type { EditedImage, EditRequest, ScreenshotCrop } from '../../src/pipeline/ports/screenshots.ts';
import { chartPixels, photoPixels, pixelsOf, placePixels, pngOf, rowOf, sharpOf } from './pictures.ts';

const editor = createScreenshotEditor();
const request = (bytes: Buffer, more: Partial<EditRequest> = {}): EditRequest => ({
  bytes,
  format: 'png',
  crop: undefined,
  annotation: [{ label: 'Event ID', value: 'db277423-1291-456e-8333-aa772e50703b' }],
  eventId: 'db277423-1291-456e-8333-aa772e50703b',
  correlationId: '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
  ...more,
});
const rolesOf = (images: readonly EditedImage[]) => images.map(({ role, format }) => `${role} ${format}`);
const imageOf = (images: readonly EditedImage[], role: EditedImage['role']) =>
  images.find((image) => image.role === role) ?? assert.fail(`no ${role}`);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const WIDTH = 300;
const HEIGHT = 200;
const whole = placePixels(WIDTH, HEIGHT);
const png = await pngOf(whole);

/** Rows and columns of the original that are left, after the crop. */
async function seenOf(crop: ScreenshotCrop, bytes = png) {
  const images = await editor.edit(request(bytes, { crop, annotation: [] }));
  const seen = imageOf(images, 'seen');
  const pixels = await pixelsOf(seen.bytes);
  assert.deepEqual([pixels.width, pixels.height], [seen.width, seen.height]);
  const { data, width, height, channels } = pixels;
  const at = (x: number, y: number) => data.subarray((y * width + x) * channels, (y * width + x) * channels + 3);
  const rows = Array.from({ length: height }, (_, y) => (at(0, y)[0] ?? 0) + ((at(0, y)[1] ?? 0) / 60) * 250);
  const columns = Array.from({ length: width }, (_, x) => at(x, 0)[2]);
  return { images, seen, rows, columns };
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('nothing to crop: the bytes as they came, and the annotated copy', async () => {
  for (const crop of [
    undefined,
    { top: 0, left: 0, width: WIDTH, height: HEIGHT },
    { top: 0, left: 0, width: 9999, height: 9999 },
  ]) {
    const images = await editor.edit(request(png, crop === undefined ? {} : { crop }));
    assert.deepEqual(rolesOf(images), ['seen png', 'annotated png']);
    const seen = imageOf(images, 'seen');
    assert.deepEqual([seen.bytes.equals(png), seen.width, seen.height, seen.note], [true, WIDTH, HEIGHT, undefined]);
  }
});

test('no facts: no annotated copy', async () => {
  assert.deepEqual(rolesOf(await editor.edit(request(png, { annotation: [] }))), ['seen png']);
});

test('cropped: what the user saw, pixel by pixel, and the bytes as they came', async () => {
  const { images, rows, columns, seen } = await seenOf({ top: 20.7, left: 30.2, width: 100.9, height: 50.5 });
  assert.deepEqual(rolesOf(images), ['seen png', 'downloaded png']);
  assert.deepEqual(rows, range(20, 70));
  assert.deepEqual(columns, range(30, 130));
  assert.equal(seen.note, undefined);
  const downloaded = imageOf(images, 'downloaded');
  assert.ok(downloaded.bytes.equals(png));
  assert.deepEqual([downloaded.width, downloaded.height], [WIDTH, HEIGHT]);
});

test('cropped with a header: three pictures in the order of the port, the annotated one of what was seen', async () => {
  const crop = { top: 20, left: 30, width: 100, height: 50 };
  const images = await editor.edit(request(png, { crop }));
  assert.deepEqual(rolesOf(images), ['seen png', 'annotated png', 'downloaded png']);
  const [seen, annotated] = [
    await pixelsOf(imageOf(images, 'seen').bytes),
    await pixelsOf(imageOf(images, 'annotated').bytes),
  ];
  for (let y = 0; y < 50; y++) {
    const below = rowOf(annotated, annotated.height - 50 + y, 0, 100);
    assert.ok(below.equals(rowOf(seen, y)), `row ${y}`);
  }
});

for (const [name, channels, holes] of [
  ['RGB', 3, 0],
  ['RGBA', 4, 0],
  ['RGBA with holes', 4, 1],
] as const) {
  test(`${name}, as wide as a header: below it is what was seen, on white paper`, async () => {
    const pixels = placePixels(600, 300, channels);
    for (let i = 0; i < holes; i++) pixels.data[150 * 600 * 4 + 3] = 0;
    const crop = { top: 20, left: 7, width: 560, height: 200, scrollTop: 9, scrollAreaOffsetY: 30 };
    const images = await editor.edit(request(await pngOf(pixels), { crop }));
    const [seen, annotated] = [imageOf(images, 'seen'), imageOf(images, 'annotated')];
    const expected = await sharp(seen.bytes).flatten({ background: '#ffffff' }).raw().toBuffer();
    const page = sharp(annotated.bytes, { failOn: 'warning' }).removeAlpha();
    const below = { left: 0, top: annotated.height - 200, width: 560, height: 200 };
    assert.deepEqual([seen.width, seen.height, annotated.width], [560, 200, 560]);
    assert.ok((await page.clone().extract(below).raw().toBuffer()).equals(expected));
    assert.equal((await page.stats()).isOpaque, true);
    for (const { role, release } of images) assert.equal(release === undefined, role === 'downloaded');
    seen.release?.();
    assert.deepEqual([seen.bytes.length, annotated.bytes.length > 0], [0, true]);
  });
}

test('scrolled: the rows go that were scrolled past, the title stays', async () => {
  const { rows } = await seenOf({ top: 0, left: 0, width: WIDTH, height: 150, scrollTop: 40.4, scrollAreaOffsetY: 25 });
  assert.deepEqual(rows, [...range(0, 25), ...range(65, 190)]);
});

test('scrolled further than the picture: not done, with a note; the rest of the crop is', async () => {
  const { rows, seen } = await seenOf({
    top: 0,
    left: 0,
    width: WIDTH,
    height: 50,
    scrollTop: 180,
    scrollAreaOffsetY: 25,
  });
  assert.deepEqual(rows, range(0, 50));
  assert.match(seen.note ?? '', /^Nothing was taken out for scrolling/);
});

test('overflow: rows above the bottom grid line go, the line and the margin stay', async () => {
  const table = placePixels(WIDTH, HEIGHT);
  rowOf(table, 170).fill(217);
  const { seen, images } = await seenOf(
    { top: 0, left: 0, width: WIDTH, height: 500, renderingOverflow: 12 },
    await pngOf(table),
  );
  assert.deepEqual([seen.height, seen.note], [HEIGHT - 12, undefined]);
  const { data, width, height } = await pixelsOf(imageOf(images, 'seen').bytes);
  const pixels = { data, width, height, channels: 3 as const };
  assert.equal(rowOf(pixels, 157)[0], 157);
  assert.equal(rowOf(pixels, 158)[0], 217);
  assert.equal(rowOf(pixels, 159)[0], 171);
});

test('overflow after scrolling: the grid line is looked for in what is left', async () => {
  const table = placePixels(WIDTH, HEIGHT);
  rowOf(table, 170).fill(217);
  const crop = {
    top: 0,
    left: 0,
    width: WIDTH,
    height: 500,
    scrollTop: 30,
    scrollAreaOffsetY: 10,
    renderingOverflow: 5,
  };
  const { rows } = await seenOf(crop, await pngOf(table));
  const [kept, line, margin] = [[...range(0, 10), ...range(40, 165)], rows.at(135), range(171, HEIGHT)];
  assert.deepEqual([...rows.slice(0, 135), ...rows.slice(136)], [...kept, ...margin]);
  assert.equal(line, 217 + (217 / 60) * 250);
});

test('overflow without a grid line: not done, with a note', async () => {
  const { seen, images } = await seenOf({ top: 0, left: 0, width: WIDTH, height: HEIGHT, renderingOverflow: 5 });
  assert.ok(seen.bytes.equals(png));
  assert.match(seen.note ?? '', /no bottom grid line was found/);
  assert.deepEqual(rolesOf(images), ['seen png']);
});

test('a crop outside the picture is no crop, with a note', async () => {
  const { seen, images } = await seenOf({ top: 0, left: 5000, width: 100, height: 100 });
  assert.ok(seen.bytes.equals(png));
  assert.match(seen.note ?? '', /^Not cropped: 100 × 100 at 5000, 0 is outside the picture of 300 × 200\.$/);
  assert.deepEqual(rolesOf(images), ['seen png']);
});

test('what shines through stays so in what was seen', async () => {
  const pixels = placePixels(60, 40, 4);
  pixels.data[3] = 0;
  pixels.data[7] = 128;
  const images = await editor.edit(request(await pngOf(pixels), { crop: { top: 0, left: 0, width: 50, height: 30 } }));
  const { data } = await sharp(imageOf(images, 'seen').bytes).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([data[3], data[7], data[11]], [0, 128, 255]);
  assert.equal((await pixelsOf(imageOf(images, 'annotated').bytes)).channels, 3);
});

for (const [name, bytes] of [
  ['grey', await sharpOf(whole).greyscale().png().toBuffer()],
  ['palette', await sharpOf(chartPixels(WIDTH, HEIGHT)).png({ palette: true, colours: 8 }).toBuffer()],
  ['16 bits', await sharpOf(whole).toColourspace('rgb16').png().toBuffer()],
  ['interlaced', await sharpOf(whole).png({ progressive: true }).toBuffer()],
] as const) {
  test(`${name} PNG: cropped and annotated as it looks`, async () => {
    const expected = await sharp(bytes).toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }).toBuffer();
    const images = await editor.edit(request(bytes, { crop: { top: 0, left: 0, width: WIDTH, height: HEIGHT - 10 } }));
    const annotated = await pixelsOf(imageOf(images, 'annotated').bytes);
    const seen = await sharp(imageOf(images, 'seen').bytes).toColourspace('srgb').removeAlpha().raw().toBuffer();
    const channels = expected.length / (WIDTH * HEIGHT);
    assert.ok(seen.subarray(0, 500).equals(expected.subarray(0, seen.length).subarray(0, 500)));
    assert.equal(annotated.height > HEIGHT, true);
    const corner = rowOf(annotated, annotated.height - (HEIGHT - 10) + 7, 99, 100);
    const there = expected.subarray((7 * WIDTH + 99) * channels, (7 * WIDTH + 100) * channels);
    for (const [channel, value] of [...corner].entries()) assert.equal(value, there[channels === 3 ? channel : 0]);
  });
}

for (const format of ['jpeg', 'webp', 'gif'] as const) {
  test(`${format}: the bytes as they came, and an annotated PNG; a crop is not done, with a note`, async () => {
    const bytes = await sharpOf(chartPixels(400, 120))[format]().toBuffer();
    const crop = { top: 0, left: 0, width: 100, height: 100 };
    const images = await editor.edit(request(bytes, { format, crop }));
    assert.deepEqual(rolesOf(images), [`seen ${format}`, 'annotated png']);
    const seen = imageOf(images, 'seen');
    assert.deepEqual([seen.bytes.equals(bytes), seen.width, seen.height], [true, 400, 120]);
    assert.match(seen.note ?? '', /only, not (jpeg|webp|gif)/);
    assert.equal(imageOf(await editor.edit(request(bytes, { format })), 'seen').note, undefined);
  });
}

test('a picture that is stored on its side is shown upright', async () => {
  const bytes = await sharpOf(chartPixels(400, 120))
    .withExif({ IFD0: { Orientation: '6' } })
    .jpeg()
    .toBuffer();
  const oriented = await sharp(bytes).withMetadata({ orientation: 6 }).toBuffer();
  const images = await editor.edit(request(oriented, { format: 'jpeg' }));
  const { width, height } = imageOf(images, 'seen');
  assert.deepEqual([width, height], [120, 400]);
  const annotated = await pixelsOf(imageOf(images, 'annotated').bytes);
  assert.deepEqual([annotated.width, annotated.height], [480, imageOf(images, 'annotated').height]);
  assert.equal(imageOf(images, 'annotated').width, 480);
});

test('animated: the first frame', async () => {
  const frames = [80, 90].map((red) => ({
    create: { width: 64, height: 48, channels: 3 as const, background: { r: red, g: 0, b: 0 } },
  }));
  const pages = await Promise.all(frames.map((frame) => sharp(frame).png().toBuffer()));
  for (const format of ['webp', 'gif'] as const) {
    const bytes = await sharp(pages, { join: { animated: true } })
      [format]({ loop: 0 })
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 2);
    const images = await editor.edit(request(bytes, { format }));
    assert.deepEqual([imageOf(images, 'seen').width, imageOf(images, 'seen').height], [64, 48]);
    const annotated = await pixelsOf(imageOf(images, 'annotated').bytes);
    const red = rowOf(annotated, annotated.height - 1)[0] ?? 0;
    assert.ok(Math.abs(red - 80) <= 2, `${format}: ${red}`);
  }
});

test('text chunks say which event it is of, and the hash of what was downloaded', async () => {
  const crop = { top: 0, left: 0, width: 100, height: 100 };
  const textsOf = async (more: Partial<EditRequest>) => {
    const { comments } = await sharp(imageOf(await editor.edit(request(png, more)), 'annotated').bytes).metadata();
    return comments?.map(({ keyword, text }) => [keyword, text]);
  };
  assert.deepEqual(await textsOf({ crop, correlationId: 'tx 商品' }), [
    ['eventId', 'db277423-1291-456e-8333-aa772e50703b'],
    ['correlationId', 'tx 商品'],
    ['downloadedSha256', sha256(png)],
  ]);
  assert.deepEqual(
    (await textsOf({ correlationId: null }))?.map(([keyword]) => keyword),
    ['eventId', 'downloadedSha256'],
  );
});

test('the same request gives the same bytes, also from an editor of its own and while others are edited', async () => {
  const again = request(png, { crop: { top: 3, left: 4, width: 200, height: 100, scrollTop: 8 } });
  const [first] = [await editor.edit(again)];
  const others = Promise.all(range(0, 4).map((i) => editor.edit({ ...again, correlationId: `${i}` })));
  const second = await createScreenshotEditor().edit(again);
  await others;
  assert.deepEqual(
    first.map(({ bytes }) => sha256(bytes)),
    second.map(({ bytes }) => sha256(bytes)),
  );
});

const codeOf = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;

test('damaged pictures are IMAGE_UNREADABLE, with and without a header or a crop', async () => {
  const large = await pngOf(photoPixels(400, 400));
  const flipped = Buffer.from(large);
  flipped.writeUInt32BE(flipped.readUInt32BE(large.length / 2) ^ 0xffffffff, large.length / 2);
  const jpeg = await sharpOf(photoPixels(400, 400)).jpeg().toBuffer();
  const damaged: [Buffer, EditRequest['format']][] = [
    [large.subarray(0, large.length / 2), 'png'],
    [flipped, 'png'],
    [large.subarray(0, 40), 'png'],
    [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'png'],
    [Buffer.from('<html>log in</html>'), 'png'],
    [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'png'],
    [Buffer.alloc(0), 'png'],
    [jpeg.subarray(0, jpeg.length / 2), 'jpeg'],
    [jpeg, 'png'],
  ];
  for (const [i, [bytes, format]] of damaged.entries()) {
    for (const more of [{}, { annotation: [] }, { crop: { top: 1, left: 1, width: 5, height: 5 } }]) {
      await assert.rejects(editor.edit(request(bytes, { format, ...more })), codeOf('IMAGE_UNREADABLE'), `case ${i}`);
    }
  }
});

test('after damaged pictures others are edited as ever', async () => {
  const bad = request(png.subarray(0, png.length / 2));
  const results = await Promise.allSettled([bad, request(png), bad, request(png)].map((one) => editor.edit(one)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
});

test('too many pixels: refused before anything is decoded', async () => {
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(20_000, 16);
  bomb.writeUInt32BE(20_000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  const before = process.memoryUsage.rss();
  const started = performance.now();
  await assert.rejects(editor.edit(request(bomb)), (error) => {
    assert.ok(codeOf('IMAGE_TOO_LARGE')(error));
    assert.match((error as CodedError).message, /20000 × 20000 pixels; at most 100000000/);
    return true;
  });
  assert.ok(performance.now() - started < 1000);
  assert.ok(process.memoryUsage.rss() - before < 50e6);
  const small = createScreenshotEditor({ maxPixels: WIDTH * HEIGHT - 1 });
  await assert.rejects(small.edit(request(png)), codeOf('IMAGE_TOO_LARGE'));
  const enough = createScreenshotEditor({ maxPixels: WIDTH * HEIGHT });
  assert.equal((await enough.edit(request(png))).length, 2);
});

test('more pixels than the decoder takes as a size: too large, not damaged, so that nobody fetches it again', async () => {
  for (const side of [2 ** 31 - 1, 2 ** 32 - 1]) {
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(side, 16);
    bomb.writeUInt32BE(side, 20);
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    await assert.rejects(editor.edit(request(bomb)), codeOf('IMAGE_TOO_LARGE'));
  }
});

test('texts that would fill the memory when unpacked are not unpacked, and are kept in the bytes as they came', async () => {
  const text = pngChunk(
    'zTXt',
    Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(7_000_000, 'a'), { level: 9 })]),
  );
  const bomb = Buffer.concat([png.subarray(0, 33), ...Array.from({ length: 150 }, () => text), png.subarray(33)]);
  const before = process.resourceUsage().maxRSS;
  const images = await editor.edit(request(bomb, { crop: { top: 5, left: 0, width: 100, height: 100 } }));
  assert.deepEqual(rolesOf(images), ['seen png', 'annotated png', 'downloaded png']);
  assert.ok(imageOf(images, 'downloaded').bytes.equals(bomb));
  const { comments } = await sharp(imageOf(images, 'annotated').bytes).metadata();
  assert.equal(comments?.find(({ keyword }) => keyword === 'downloadedSha256')?.text, sha256(bomb));
  const grownMiB = (process.resourceUsage().maxRSS - before) / 1024;
  assert.ok(grownMiB < 150, `${grownMiB} MiB`);
});

for (const [name, channels, annotation] of [
  ['RGB', 3, []],
  ['RGBA', 4, []],
  ['long text', 3, [{ label: 'App', value: 'many words '.repeat(1000) }]],
] as const) {
  test(`a strip far wider than any text, ${name}: the header goes on to its right end, in little memory`, async () => {
    const pixels = placePixels(200_000, 2, channels);
    const before = process.resourceUsage().maxRSS;
    const facts = [...annotation, ...Array.from({ length: 9 }, () => ({ label: 'Sheet', value: 'Übersicht' }))];
    const crop = { top: 0, left: 0, width: 199_999, height: 2 };
    const bytes = await pngOf(pixels);
    const images = await editor.edit(request(bytes, { annotation: facts, ...(channels === 4 ? { crop } : {}) }));
    const grownMiB = (process.resourceUsage().maxRSS - before) / 1024;
    assert.ok(grownMiB < 150, `${grownMiB} MiB`);
    const { bytes: copy, width, height } = imageOf(images, 'annotated');
    assert.equal(width, imageOf(images, 'seen').width);
    const columns = async (left: number) => {
      const column = sharp(copy).removeAlpha().extract({ left, top: 0, width: 1, height });
      return (await column.raw().toBuffer()).subarray(0, (height - 2) * 3);
    };
    assert.deepEqual(await columns(width - 1), await columns(2));
    const below = sharp(copy)
      .removeAlpha()
      .extract({ left: 0, top: height - 2, width, height: 2 });
    const seen = sharp(imageOf(images, 'seen').bytes).removeAlpha();
    assert.ok((await below.raw().toBuffer()).equals(await seen.raw().toBuffer()));
  });
}

test('why a picture cannot be read is one sentence, without what our own encoder says about it', async () => {
  const flipped = Buffer.from(png);
  flipped.writeUInt8(flipped.readUInt8(60) ^ 0xff, 60);
  for (const bytes of [flipped, png.subarray(0, png.length / 2), png.subarray(0, 40)]) {
    for (const annotation of [[], [{ label: 'a', value: 'b' }]]) {
      await assert.rejects(editor.edit(request(bytes, { annotation })), ({ message }: Error) => {
        assert.match(message, /^The picture of event [\da-f-]+ cannot be read: [^\n]{5,}[^\s:.]\.$/);
        assert.doesNotMatch(message, /vips2png|Unknown error/);
        return true;
      });
    }
  }
});
