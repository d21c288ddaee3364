import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chartPixels, photoPixels, pngOf } from '../../server/test/screenshot-images/pictures.ts';
import type { EditingCost } from '../edit-pictures.ts';
import type { Measurement, Row } from '../measurement.ts';
import { perSecond } from '../measurement.ts';

const SIZES = [
  [550, 174, 40],
  [1920, 1080, 8],
  [3840, 2160, 3],
] as const;
const KINDS = [
  ['chart', chartPixels],
  ['photo', photoPixels],
] as const;
const STREAM = 100;
/** As `screenshots.maxConcurrent`. */
const AT_ONCE = 4;
const SCRIPT = fileURLToPath(new URL('../edit-pictures.ts', import.meta.url));

interface Run {
  readonly way?: 'ours' | 'pngjs';
  readonly count: number;
  readonly atOnce?: number;
  readonly watch?: boolean;
  readonly crop?: boolean;
}

export const images: Measurement = {
  name: 'images',
  about: 'annotating and cropping screenshots, against doing it with pngjs; memory of a stream of 4K pictures',
  async run({ say }) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-images-'));
    try {
      const file = (kind: string, width: number) => join(folder, `${kind}-${width}.png`);
      for (const [width, height] of SIZES) {
        for (const [kind, make] of KINDS) writeFileSync(file(kind, width), await pngOf(make(width, height)));
      }
      const rows: Row[] = [];
      for (const [width, height, count] of SIZES) {
        for (const [kind] of KINDS) {
          say(`  ${kind}, ${width} × ${height}`);
          rows.push(...sizeRows(`${kind} ${width} × ${height}`, [file(kind, width)], count, width === 1920));
        }
      }
      say('  on all cores');
      for (const [kind] of KINDS) rows.push(rateRow(kind, [file(kind, 1920)]));
      say(`  ${STREAM} of 3840 × 2160`);
      return [...rows, ...streamRows([file('chart', 3840), file('photo', 3840)])];
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

function sizeRows(what: string, files: readonly string[], count: number, hasBudget: boolean): readonly Row[] {
  const ours = measure({ count }, files);
  const cropped = measure({ count, crop: true }, files);
  const watched = measure({ count, watch: true, crop: true }, files);
  const pngjs = measure({ count, way: 'pngjs' }, files);
  const pngjsBlock = measure({ count: Math.min(count, 3), way: 'pngjs', watch: true }, files);
  const budgetFor = ({ cpuMs }: EditingCost) =>
    hasBudget ? { budget: '≤ 80 ms of one core', met: cpuMs / count <= 80 } : { budget: '' };
  return [
    {
      what: `annotate ${what}`,
      result: `${costOf(ours)}; pngjs without text ${costOf(pngjs)}`,
      ...budgetFor(ours),
    },
    { what: `crop and annotate ${what}`, result: costOf(cropped), ...budgetFor(cropped) },
    {
      what: `longest block of the loop, ${what}`,
      result: `${blockOf(watched)}; pngjs ${blockOf(pngjsBlock)}`,
      budget: '≤ 15 ms',
      met: watched.blockCpuMs <= 15,
    },
  ];
}

function rateRow(kind: string, files: readonly string[]): Row {
  const ours = measure({ count: 40, atOnce: AT_ONCE }, files);
  const pngjs = measure({ count: 8, way: 'pngjs' }, files);
  const rate = ({ pictures, wallMs }: EditingCost) => perSecond(pictures, wallMs).toFixed(1);
  return {
    what: `${kind} 1920 × 1080, ${AT_ONCE} at once`,
    result: `${rate(ours)}/s; pngjs ${rate(pngjs)}/s (one thread)`,
    budget: '',
  };
}

function streamRows(files: readonly string[]): readonly Row[] {
  const what = `memory, ${STREAM} pictures of 3840 × 2160, ${AT_ONCE} asked for at once`;
  const run = { count: STREAM, atOnce: AT_ONCE };
  return [
    streamRow(what, measure(run, files)),
    streamRow(`${what}, cropped too`, measure({ ...run, crop: true }, files)),
  ];
}

function streamRow(what: string, cost: EditingCost): Row {
  const result = `at most ${Math.round(cost.maxRssMiB)} MiB, ${perSecond(STREAM, cost.wallMs).toFixed(1)}/s`;
  return { what, result, budget: '≤ 400 MiB', met: cost.maxRssMiB <= 400 };
}

function costOf({ pictures, cpuMs, wallMs, bytes, maxRssMiB }: EditingCost): string {
  const size = `${Math.round(bytes / pictures / 1024)} KiB`;
  return `${(cpuMs / pictures).toFixed(0)} ms CPU, ${(wallMs / pictures).toFixed(0)} ms, ${size}, ${Math.round(maxRssMiB)} MiB`;
}

function blockOf({ blockMs, blockCpuMs }: EditingCost): string {
  return `${blockCpuMs.toFixed(1)} ms CPU, ${blockMs.toFixed(1)} ms`;
}

function measure(
  { way = 'ours', count, atOnce = 1, watch = false, crop = false }: Run,
  files: readonly string[],
): EditingCost {
  const args = [SCRIPT, way, `${count}`, `${atOnce}`, watch ? '1' : '0', crop ? '1' : '0', ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`editing pictures failed: ${stderr}`);
  return JSON.parse(stdout);
}
