import { Random } from '../../server/src/app/simulate/random.ts';
import { membersOf } from '../../server/src/domain/payload-member.ts';
import type { Kept } from './projection.ts';

const BLUES = ['#4477aa', '#66ccee', '#228833', '#ccbb44', '#ee6677', '#aa3377'];

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);

/** A chart as it stood on the screen, as an SVG; the annotated one has the header that the server writes above it. */
export function pictureOf(kept: Kept, annotated: boolean): string {
  const { event } = kept;
  const random = new Random(event.sequence);
  const header = annotated ? 86 : 0;
  const height = 720 + header;
  const title = `${event.appName ?? ''} · ${event.sheetName ?? ''}`;
  const facts = `${event.time}   ${event.user?.name ?? ''}   object ${event.objectId ?? ''}   ${event.eventId}`;
  const banner = annotated
    ? `<rect width="1280" height="86" fill="#1f2430"/><text x="28" y="36" font-size="22" font-weight="600" fill="#fff">${escaped(title)}</text><text x="28" y="66" font-size="16" fill="#b9c0d0">${escaped(facts)}</text>`
    : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 ${height}" width="1280" height="${height}" font-family="Inter, 'Segoe UI', 'DejaVu Sans', sans-serif">${banner}<g transform="translate(0 ${header})"><rect width="1280" height="720" fill="#fff"/><text x="40" y="62" font-size="28" fill="#404040">${escaped(chartTitle(kept))}</text>${chart(event.objectType ?? '', random)}</g></svg>`;
}

function chartTitle({ envelope }: Kept): string {
  const data = membersOf(envelope.payload.event).objectData as
    | { dimensions?: { label: string }[]; measures?: { label: string }[] }
    | undefined;
  const measure = data?.measures?.[0]?.label ?? 'Revenue';
  return `${measure} by ${data?.dimensions?.[0]?.label ?? 'region'}`;
}

function chart(type: string, random: Random): string {
  if (type === 'linechart') return grid() + lines(random);
  if (type === 'piechart') return pie(random);
  if (type === 'kpi') return kpi(random);
  if (type === 'table') return table(random);
  return grid() + bars(random);
}

function grid(): string {
  return Array.from(
    { length: 5 },
    (_, at) =>
      `<path d="M90 ${130 + at * 120}H1230" stroke="#e3e3e3"/><text x="76" y="${136 + at * 120}" font-size="16" fill="#8a8a8a" text-anchor="end">${(4 - at) * 5}M</text>`,
  ).join('');
}

function bars(random: Random): string {
  const count = random.integer(6, 12);
  const step = 1120 / count;
  return Array.from({ length: count }, (_, at) => {
    const tall = 60 + random.fraction() * 390;
    return `<rect x="${100 + at * step + step * 0.15}" y="${610 - tall}" width="${step * 0.7}" height="${tall}" fill="${BLUES[0]}" rx="2"/><rect x="${120 + at * step}" y="630" width="${step * 0.4}" height="9" fill="#d4d4d4" rx="4"/>`;
  }).join('');
}

function lines(random: Random): string {
  return BLUES.slice(0, 3)
    .map((colour) => {
      let y = 250 + random.fraction() * 250;
      const points = Array.from({ length: 24 }, (_, at) => {
        y = Math.max(140, Math.min(600, y + (random.fraction() - 0.52) * 90));
        return `${100 + at * 49},${y.toFixed(0)}`;
      });
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="4" stroke-linejoin="round"/>`;
    })
    .join('');
}

function pie(random: Random): string {
  let angle = 0;
  const total = 2 * Math.PI;
  const slices = BLUES.map((colour, at) => {
    const end = at === BLUES.length - 1 ? total : angle + (total - angle) * (0.2 + random.fraction() * 0.3);
    const point = (a: number) => `${640 + 250 * Math.sin(a)} ${390 - 250 * Math.cos(a)}`;
    const path = `M640 390L${point(angle)}A250 250 0 ${end - angle > Math.PI ? 1 : 0} 1 ${point(end)}Z`;
    angle = end;
    return `<path d="${path}" fill="${colour}" stroke="#fff" stroke-width="3"/>`;
  });
  return `${slices.join('')}<circle cx="640" cy="390" r="120" fill="#fff"/>`;
}

function kpi(random: Random): string {
  return `<text x="640" y="400" font-size="150" font-weight="600" fill="${BLUES[0]}" text-anchor="middle">${(random.fraction() * 40).toFixed(1)}M</text><text x="640" y="480" font-size="34" fill="#228833" text-anchor="middle">▲ ${random.integer(1, 19)} % on last year</text>`;
}

function table(random: Random): string {
  return Array.from({ length: 11 }, (_, row) => {
    const y = 110 + row * 50;
    const cells = [220, 160, 120, 140].map(
      (width, at) =>
        `<rect x="${60 + at * 300}" y="${y + 18}" width="${width * (0.6 + random.fraction() * 0.4)}" height="13" rx="4" fill="${row === 0 ? '#8a8a8a' : '#c9ced6'}"/>`,
    );
    return `<path d="M40 ${y + 50}H1240" stroke="#e3e3e3"/>${cells.join('')}`;
  }).join('');
}
