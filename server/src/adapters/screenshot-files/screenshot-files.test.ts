import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import * as nodeFiles from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { DiskStopped, StoppableDisk } from '../../../test/support/stoppable-disk.ts';
import { CodedError } from '../../domain/errors.ts';
import type { EditedImage, ScreenshotName } from '../../pipeline/ports/screenshots.ts';
import { type Disk, sha256Of } from '../shared/durable-file.ts';
import { ScreenshotFiles } from './screenshot-files.ts';

const NAME: ScreenshotName = {
  atMs: Date.UTC(2026, 10, 23, 7, 0, 0, 123),
  eventId: 'DB277423-1291-456E-8333-AA772E50703B',
  correlationId: '0346f48f-0abb-4786-b1ce-52f8672f6a1b',
};
const BASE = '20261123T070000.123Z_db277423-1291-456e-8333-aa772e50703b_0346f48f-0abb-4786-b1ce-52f8672f6a1b';

function image(role: EditedImage['role'], text: string, format: EditedImage['format'] = 'png'): EditedImage {
  return { role, format, bytes: Buffer.from(text), width: 640, height: 360 };
}
const THREE = [image('seen', 'cropped'), image('annotated', 'with header'), image('downloaded', 'as it came')];

function temporaryRoot(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'audit-pictures-'));
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  return root;
}

function store(root: string, type: 'flat' | 'dated' = 'flat', disk?: Disk): ScreenshotFiles {
  const targets = [{ type, directory: join(root, 'pictures') }];
  return new ScreenshotFiles({ targets, logId: 'log', clock: new FakeClock(), ...(disk && { disk }) });
}

test('a flat folder: the three names of an event, in order, with what is in them', async (t) => {
  const root = temporaryRoot(t);
  const files = await store(root).save(NAME, THREE, 'everywhere');
  assert.deepEqual(
    files.map(({ path }) => basename(path)),
    [`${BASE}.png`, `${BASE}_metadata.png`, `${BASE}_downloaded.png`],
  );
  assert.deepEqual(files[1], {
    path: join(root, 'pictures', `${BASE}_metadata.png`),
    role: 'annotated',
    sha256: sha256Of('with header'),
    bytes: 11,
    width: 640,
    height: 360,
  });
  for (const { path, sha256 } of files) assert.equal(sha256Of(readFileSync(path)), sha256);
  assert.equal(readdirSync(join(root, 'pictures')).length, 3, 'nothing temporary is left');
});

test('dated folders, and each target gets all pictures', async (t) => {
  const root = temporaryRoot(t);
  const targets = [
    { type: 'dated' as const, directory: join(root, 'a') },
    { type: 'flat' as const, directory: join(root, 'b') },
  ];
  const files = await new ScreenshotFiles({ targets, logId: 'log', clock: new FakeClock() }).save(
    NAME,
    [image('seen', 'x', 'jpeg')],
    'everywhere',
  );
  assert.deepEqual(
    files.map(({ path }) => relative(root, path)),
    [join('a', '2026', '11', '23', `${BASE}.jpg`), join('b', `${BASE}.jpg`)],
  );
});

test('pictures are readable by their owner only', async (t) => {
  const root = temporaryRoot(t);
  const [file] = await store(root, 'dated').save(NAME, THREE, 'everywhere');
  if (process.platform === 'win32') return; // there an access list says so
  assert.equal(statSync(file?.path ?? '').mode & 0o777, 0o600);
  assert.equal(statSync(join(root, 'pictures')).mode & 0o777, 0o700);
  assert.equal(statSync(join(root, 'pictures', '2026', '11')).mode & 0o777, 0o700);
});

test('hostile ids stay in the folder and within the length of a name', async (t) => {
  const root = temporaryRoot(t);
  for (const id of ['../../etc/passwd', '..\\..\\x', 'a\u0000b', 'CON', '💥'.repeat(200), '%2e%2e%2f', '', '.']) {
    const [file] = await store(root).save(
      { ...NAME, eventId: id, correlationId: id },
      [image('annotated', id)],
      'everywhere',
    );
    const path = file?.path ?? '';
    assert.equal(resolve(path, '..'), join(root, 'pictures'));
    assert.match(basename(path), /^[A-Za-z0-9._-]{1,255}$/);
    assert.ok(existsSync(path));
  }
  const [none] = await store(root).save({ ...NAME, correlationId: null }, [image('seen', 'x')], 'everywhere');
  assert.match(basename(none?.path ?? ''), /_none\.png$/);
});

test('the same call again gives the same names; a file of something else is never replaced', async (t) => {
  const root = temporaryRoot(t);
  const first = await store(root).save(NAME, THREE, 'everywhere');
  assert.deepEqual(await store(root).save(NAME, THREE, 'everywhere'), first);
  assert.equal(readdirSync(join(root, 'pictures')).length, 3);

  const others = [image('seen', 'another event'), image('annotated', 'with header')];
  const second = await store(root).save(NAME, others, 'everywhere');
  assert.deepEqual(
    second.map(({ path }) => basename(path)),
    [`${BASE}_2.png`, `${BASE}_2_metadata.png`],
  );
  assert.equal(readFileSync(first[0]?.path ?? '', 'utf8'), 'cropped');

  mkdirSync(join(root, 'pictures', `${BASE}_3.png`));
  const third = await store(root).save(NAME, [image('seen', 'a folder is in the way')], 'everywhere');
  assert.equal(basename(third[0]?.path ?? ''), `${BASE}_4.png`);
});

test('rule 14: a crash at any call on the disk, and the same call afterwards, end with the same three whole files', async (t) => {
  const root = temporaryRoot(t);
  const counting = new StoppableDisk();
  await store(root, 'dated', counting).save(NAME, THREE, 'everywhere');
  const calls = counting.calls.length;
  assert.ok(calls > 15, `${calls} calls`);
  for (let stopAfter = 0; stopAfter < calls; stopAfter++) {
    rmSync(join(root, 'pictures'), { recursive: true, force: true });
    const disk = new StoppableDisk(stopAfter);
    const outcome = await store(root, 'dated', disk)
      .save(NAME, THREE, 'everywhere')
      .catch((error: unknown) => error);
    if (stopAfter < calls - 1) assert.ok(outcome instanceof DiskStopped, `stopped after ${stopAfter}`);
    const repeated = await store(root, 'dated').save(NAME, THREE, 'everywhere');
    assert.deepEqual(
      repeated.map(({ path }) => basename(path)),
      [`${BASE}.png`, `${BASE}_metadata.png`, `${BASE}_downloaded.png`],
      `stopped after ${stopAfter}`,
    );
    for (const { path, sha256 } of repeated) assert.equal(sha256Of(readFileSync(path)), sha256);
    const day = join(root, 'pictures', '2026', '11', '23');
    assert.equal(readdirSync(day).length, 3, `strays after ${stopAfter}: ${readdirSync(day)}`);
  }
});

test('an error of the disk is SCREENSHOT_WRITE_FAILED, and the next call starts over', async (t) => {
  const root = temporaryRoot(t);
  const pictures = store(root);
  writeFileSync(join(root, 'pictures'), 'in the way');
  await assert.rejects(
    pictures.save(NAME, THREE, 'everywhere'),
    (error) =>
      error instanceof CodedError && error.code === 'SCREENSHOT_WRITE_FAILED' && error.message.includes('pictures'),
  );
  rmSync(join(root, 'pictures'));
  assert.equal((await pictures.save(NAME, THREE, 'everywhere')).length, 3);
  rmSync(join(root, 'pictures'), { recursive: true });
  await assert.rejects(pictures.save(NAME, THREE, 'everywhere'));
  assert.equal((await pictures.save(NAME, THREE, 'everywhere')).length, 3, 'a folder that was removed is made again');
});

test('of two folders one cannot be written: the other has the files, whichever comes first', async (t) => {
  for (const order of [
    ['good', 'bad'],
    ['bad', 'good'],
  ]) {
    const root = temporaryRoot(t);
    writeFileSync(join(root, 'bad'), 'in the way');
    const targets = order.map((name) => ({ type: 'flat' as const, directory: join(root, name) }));
    const pictures = new ScreenshotFiles({ targets, logId: 'log', clock: new FakeClock() });
    await assert.rejects(pictures.save(NAME, THREE, 'everywhere'), { code: 'SCREENSHOT_WRITE_FAILED' });
    assert.equal(readdirSync(join(root, 'good')).length, 3);
    const files = await pictures.save(NAME, THREE, 'anywhere');
    assert.deepEqual(new Set(files.map(({ path }) => relative(root, path).split(/[/\\]/)[0])), new Set(['good']));
    assert.equal(files.length, 3);
    rmSync(join(root, 'bad'));
    assert.equal((await pictures.save(NAME, THREE, 'everywhere')).length, 6);
    rmSync(join(root, 'bad'), { recursive: true });
    rmSync(join(root, 'good'), { recursive: true });
    for (const name of order) writeFileSync(join(root, name), 'in the way');
    await assert.rejects(pictures.save(NAME, THREE, 'anywhere'), { code: 'SCREENSHOT_WRITE_FAILED' });
  }
});

test('rule 14: of a folder that fills up between the pictures of an event, nothing stays that no outcome names', async (t) => {
  const counting = new StoppableDisk();
  await store(temporaryRoot(t), 'flat', counting).save(NAME, THREE, 'everywhere');
  const writes = counting.calls.flatMap((name, i) => (['writeFile', 'sync', 'link'].includes(name) ? [i + 1] : []));
  assert.ok(writes.length >= 9);
  for (const at of writes) {
    const root = temporaryRoot(t);
    const disk = new StoppableDisk(Number.POSITIVE_INFINITY, { at, kind: 'fails before' });
    const pictures = store(root, 'flat', disk);
    await assert.rejects(pictures.save(NAME, THREE, 'everywhere'), { code: 'SCREENSHOT_WRITE_FAILED' });
    const names = existsSync(join(root, 'pictures')) ? readdirSync(join(root, 'pictures')) : [];
    // the last sync is that of the folder: all three are there, and the next call finds them
    assert.ok(names.length === 0 || names.length === 3, `call ${at}, ${disk.calls[at - 1]}: ${names}`);
    assert.equal((await pictures.save(NAME, THREE, 'everywhere')).length, 3);
    assert.equal(readdirSync(join(root, 'pictures')).length, 3);
  }
});

test('events that are saved at the same time do not take each other’s temporary files', async (t) => {
  const root = temporaryRoot(t);
  const pictures = store(root);
  const saved = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      pictures.save({ ...NAME, correlationId: `${i % 10}` }, [image('seen', `picture ${i % 10}`)], 'everywhere'),
    ),
  );
  assert.equal(new Set(saved.flat().map(({ path }) => path)).size, 10);
  assert.equal(readdirSync(join(root, 'pictures')).length, 10);
});

test('a picture that is written in pieces is whole', async (t) => {
  const root = temporaryRoot(t);
  const bytes = randomBytes(5 * 1024 * 1024 + 1);
  const [file] = await store(root).save(
    NAME,
    [{ role: 'seen', format: 'png', bytes, width: 3840, height: 2160 }],
    'everywhere',
  );
  assert.deepEqual([file?.bytes, file?.sha256], [bytes.length, sha256Of(bytes)]);
  assert.ok(readFileSync(file?.path ?? '').equals(bytes));
});

/** A disk whose calls of one name do not come back until they are let go. */
function hangingDisk(name: 'open' | 'mkdir' | 'link', below: string) {
  const held: (() => void)[] = [];
  const state = { isHanging: true, calls: 0 };
  const files = new Proxy(nodeFiles, {
    get(target, member: keyof typeof nodeFiles) {
      const call = target[member] as (...args: unknown[]) => unknown;
      if (member !== name) return call;
      return async (...args: unknown[]) => {
        if (state.isHanging && String(args[0]).startsWith(below)) {
          state.calls++;
          await new Promise<void>((resolve) => held.push(resolve));
        }
        return call(...args);
      };
    },
  });
  const letGo = () => {
    state.isHanging = false;
    for (const resolve of held.splice(0)) resolve();
  };
  return { disk: { files, platform: process.platform } as Disk, state, letGo };
}

for (const name of ['mkdir', 'open', 'link'] as const) {
  test(`rule 14: a folder that does not answer (${name}) is given up; the other is enough, and nothing spoilt comes late`, async (t) => {
    const root = temporaryRoot(t);
    const clock = new FakeClock();
    const { disk, state, letGo } = hangingDisk(name, join(root, 'dead'));
    const targets = ['dead', 'good'].map((folder) => ({ type: 'flat' as const, directory: join(root, folder) }));
    const pictures = new ScreenshotFiles({ targets, logId: 'log', clock, disk });
    const bytes = Buffer.from('what the user saw');
    const images: EditedImage[] = [{ role: 'seen', format: 'png', bytes, width: 1, height: 1 }];
    const first = pictures.save(NAME, images, 'everywhere');
    const failed = assert.rejects(first, { code: 'SCREENSHOT_WRITE_FAILED', message: /dead does not answer/ });
    while (state.calls === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(59_000);
    assert.equal(existsSync(join(root, 'good')), false, 'it is waited for');
    await clock.advance(2000);
    await failed;
    const calls = state.calls;
    const saved = await pictures.save(NAME, images, 'anywhere');
    assert.deepEqual(
      saved.map(({ path }) => relative(root, path)),
      [join('good', `${BASE}.png`)],
    );
    assert.equal(state.calls, calls, 'not asked again while it owes an answer');
    bytes.fill(0); // as memory that has been given back
    letGo();
    const dead = join(root, 'dead');
    const whole = Buffer.from('what the user saw');
    const again = async () => {
      while (true) {
        const files = await pictures.save(
          NAME,
          [{ role: 'seen', format: 'png', bytes: whole, width: 1, height: 1 }],
          'anywhere',
        );
        if (files.length === 2) return files;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    assert.equal((await again()).length, 2);
    assert.deepEqual(readdirSync(dead), [`${BASE}.png`]);
    assert.deepEqual(readFileSync(join(dead, `${BASE}.png`)), whole);
  });
}
