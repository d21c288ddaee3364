import { type Drawing, n } from './drawing.ts';
import type { PictureSubject } from './picture-subject.ts';

export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

type DrawChart = (drawing: Drawing, subject: PictureSubject, area: Area) => void;

export const INK = '#404040';
const FAINT = '#737373';
const GRID = '#e6e6e6';
const PALE = '#c3d2e3';
const SELECTED = '#009845';
const COLOURS = ['#4477aa', '#7db8da', '#46c646', '#ff7f0e', '#996699', '#b6d7ea'] as const;
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** How each type of object looks; the others look like a table. */
export function drawChart(drawing: Drawing, subject: PictureSubject, area: Area): void {
  (CHARTS[subject.object.type] ?? table)(drawing, subject, area);
}

const CHARTS: Readonly<Record<string, DrawChart>> = {
  barchart: bars,
  linechart: line,
  kpi,
  piechart: pie,
  scatterplot: dots,
  filterpane,
};

function bars(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const labels = labelsOf(subject);
  const isSelected = selectedIn(subject);
  const { plot, yOf, zero } = axes(drawing, subject, area, labels);
  const step = plot.width / Math.max(1, labels.length);
  for (const [i, value] of valuesOf(subject, 0).entries()) {
    if (value === undefined) continue;
    const y = yOf(value);
    const colour = isSelected(labels[i] ?? '') ? COLOURS[0] : PALE;
    drawing.rectangle(plot.left + (i + 0.2) * step, Math.min(y, zero), step * 0.6, Math.abs(zero - y), colour);
    const above = value < 0 ? y + 15 : y - 6;
    text(drawing, compact.format(value), plot.left + (i + 0.5) * step, above, { anchor: 'middle', size: 11 });
  }
}

function line(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const labels = labelsOf(subject);
  const { plot, yOf } = axes(drawing, subject, area, labels);
  const step = plot.width / Math.max(1, labels.length);
  const places = valuesOf(subject, 0).flatMap((value, i) =>
    value === undefined ? [] : [{ x: plot.left + (i + 0.5) * step, y: yOf(value) }],
  );
  const course = places.map(({ x, y }) => `${n(x)} ${n(y)}`).join('L');
  if (places.length > 0) drawing.path(`M${course}`, `stroke="${COLOURS[0]}" stroke-width="2.5"`);
  for (const { x, y } of places) circle(drawing, x, y, 4, COLOURS[0]);
}

function dots(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const labels = labelsOf(subject);
  const { plot, yOf } = axes(drawing, subject, area, []);
  const across = valuesOf(subject, 1);
  const widest = Math.max(1, ...across.map((value) => Math.abs(value ?? 0)));
  for (const [i, value] of valuesOf(subject, 0).entries()) {
    const x = plot.left + 30 + (Math.abs(across[i] ?? 0) / widest) * (plot.width - 130);
    if (value === undefined) continue;
    circle(drawing, x, yOf(value), 7, COLOURS[i % COLOURS.length] ?? INK);
    text(drawing, labels[i] ?? '', x + 12, yOf(value) + 4, { size: 12, maxWidth: 90 });
  }
  const title = subject.data.measures[1]?.label ?? '';
  text(drawing, title, plot.left + plot.width / 2, area.top + area.height - 6, { anchor: 'middle', size: 12 });
}

function pie(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const values = valuesOf(subject, 0).map((value) => Math.abs(value ?? 0));
  const total = values.reduce((sum, value) => sum + value, 0) || 1;
  const [x, y, radius] = [area.left + area.width * 0.32, area.top + area.height / 2, area.height / 2 - 6];
  const labels = labelsOf(subject);
  const inner = radius * 0.55;
  let turn = 0;
  for (const [i, value] of values.entries()) {
    const share = value / total;
    const to = turn + Math.min(share, 0.9999) * 2 * Math.PI;
    const point = (angle: number, r: number) => `${n(x + r * Math.sin(angle))} ${n(y - r * Math.cos(angle))}`;
    const large = share > 0.5 ? 1 : 0;
    const ring = `M${point(turn, radius)}A${n(radius)} ${n(radius)} 0 ${large} 1 ${point(to, radius)}L${point(to, inner)}A${n(inner)} ${n(inner)} 0 ${large} 0 ${point(turn, inner)}Z`;
    const colour = COLOURS[i % COLOURS.length] ?? INK;
    drawing.path(ring, `fill="${colour}" stroke="#fff" stroke-width="2"`);
    const row = area.top + 40 + i * 32;
    drawing.rectangle(area.left + area.width * 0.62, row - 11, 13, 13, colour);
    const name = `${labels[i] ?? ''}  ${(share * 100).toFixed(1)} %`;
    text(drawing, name, area.left + area.width * 0.62 + 22, row, { maxWidth: 190 });
    turn = to;
  }
}

function kpi(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const middle = area.left + area.width / 2;
  for (const [i, { label }] of subject.data.measures.entries()) {
    const sum = valuesOf(subject, i).reduce<number>((total, value) => total + (value ?? 0), 0);
    const y = area.top + (i === 0 ? 120 : 215);
    const colour = i === 0 ? COLOURS[0] : INK;
    text(drawing, compact.format(sum), middle, y, { anchor: 'middle', size: i === 0 ? 76 : 38, colour });
    text(drawing, label, middle, y + 28, { anchor: 'middle', size: 15, colour: FAINT, maxWidth: area.width });
  }
}

function filterpane(drawing: Drawing, subject: PictureSubject, area: Area): void {
  const [dimension] = subject.data.dimensions;
  const isSelected = selectedIn(subject);
  const isFiltered = subject.selections.some(({ qField }) => qField === dimension?.label);
  text(drawing, dimension?.label ?? '', area.left, area.top + 14, { bold: true });
  for (const [i, label] of labelsOf(subject).slice(0, 7).entries()) {
    const top = area.top + 26 + i * 34;
    const chosen = isFiltered && isSelected(label);
    drawing.rectangle(area.left, top, area.width, 31, chosen ? SELECTED : '#f2f2f2');
    text(drawing, label, area.left + 12, top + 21, { colour: chosen ? '#fff' : INK, maxWidth: area.width - 24 });
  }
}

function table(drawing: Drawing, { data }: PictureSubject, area: Area): void {
  const columns = [
    ...data.dimensions.map(({ label, values }) => ({ label, values, isNumber: false })),
    ...data.measures.map(({ label, values }) => ({ label, values, isNumber: true })),
  ];
  const width = area.width / columns.length;
  drawing.rectangle(area.left, area.top, area.width, 32, '#f2f2f2');
  for (const [i, { label, values, isNumber }] of columns.entries()) {
    const x = area.left + i * width + (isNumber ? width - 8 : 8);
    const style = { size: 13, maxWidth: width - 16, anchor: isNumber ? 'right' : 'left' } as const;
    text(drawing, label, x, area.top + 21, { ...style, bold: true });
    for (const [row, value] of values.slice(0, 7).entries()) {
      text(drawing, value, x, area.top + 32 + row * 33 + 21, style);
    }
  }
  const rows = Math.min(7, data.dimensions[0]?.values.length ?? 0);
  for (let row = 1; row <= rows; row++) {
    drawing.line(area.left, area.top + 32 + row * 33, area.left + area.width, area.top + 32 + row * 33, GRID);
  }
}

/** Grid, numbers beside it and labels below it; where the values go between them. */
function axes(drawing: Drawing, subject: PictureSubject, area: Area, labels: readonly string[]) {
  const values = valuesOf(subject, 0).map((value) => value ?? 0);
  const step = niceStep(Math.max(1, ...values) - Math.min(0, ...values));
  const low = Math.floor(Math.min(0, ...values) / step) * step;
  const high = Math.ceil(Math.max(1, ...values) / step) * step;
  const plot = { left: area.left + 54, top: area.top + 26, width: area.width - 54, height: area.height - 54 };
  const yOf = (value: number) => plot.top + plot.height * (1 - (value - low) / (high - low));
  text(drawing, subject.data.measures[0]?.label ?? '', area.left, area.top + 8, { size: 12, colour: FAINT });
  for (let at = low; at <= high + step / 2; at += step) {
    drawing.line(plot.left, yOf(at), plot.left + plot.width, yOf(at), Math.abs(at) < step / 2 ? '#8c8c8c' : GRID);
    text(drawing, compact.format(at), plot.left - 8, yOf(at) + 4, { anchor: 'right', size: 11, colour: FAINT });
  }
  const room = plot.width / Math.max(1, labels.length);
  for (const [i, label] of labels.entries()) {
    const x = plot.left + (i + 0.5) * room;
    text(drawing, label, x, plot.top + plot.height + 20, { anchor: 'middle', size: 12, maxWidth: room - 6 });
  }
  return { plot, yOf, zero: yOf(0) };
}

/** 1, 2 or 5 times a power of ten: at most six of them in `range`. */
function niceStep(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 5));
  return ([1, 2, 5].find((times) => range / (power * times) <= 6) ?? 10) * power;
}

function circle(drawing: Drawing, x: number, y: number, radius: number, colour: string): void {
  const half = `a${radius} ${radius} 0 1 0`;
  drawing.path(`M${n(x - radius)} ${n(y)}${half} ${2 * radius} 0${half} ${-2 * radius} 0`, `fill="${colour}"`);
}

function text(
  drawing: Drawing,
  value: string,
  x: number,
  y: number,
  style: Partial<Parameters<Drawing['text']>[1]> = {},
): void {
  drawing.text(value, { x, y, size: 14, colour: INK, ...style });
}

function labelsOf({ data }: PictureSubject): readonly string[] {
  return data.dimensions[0]?.values ?? [];
}

function valuesOf({ data }: PictureSubject, measure: number): readonly (number | undefined)[] {
  return (data.measures[measure]?.values ?? []).map((value) => (value === '-' ? undefined : Number(value)));
}

/** Everything is, where nothing of the first dimension was selected. */
function selectedIn({ data, selections }: PictureSubject): (label: string) => boolean {
  const selection = selections.find(({ qField }) => qField === data.dimensions[0]?.label);
  const chosen = new Set(selection?.qSelected.split(', '));
  return (label) => chosen.size === 0 || chosen.has(label);
}
