import sharp from 'sharp';

const WIDTH = 1280;
const HEIGHT = 800;
const COLOURS = ['#4477aa', '#7db8da', '#b6d7ea', '#46c646', '#ff7f0e', '#996699'];
const REGIONS = ['Skåne', 'Åland', 'Østlandet', 'Łódź', 'Київ', 'Reykjavík', 'Αθήνα', 'Norðurland'];

/** A sheet as Qlik Sense might draw it: bars, a line, a table and key figures, each number another one. */
export async function sheetPicture(number: number): Promise<Buffer> {
  const random = sequenceFrom(number + 1);
  const parts = [
    bars(16, 60, 620, 350, random),
    line(644, 60, 620, 350, random),
    table(16, 420, 760, 364, random),
    figures(784, 420, 480, 364, random),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif">
    <rect width="100%" height="100%" fill="#f2f2f2"/>
    <text x="20" y="40" font-size="24" fill="#404040">Sheet ${number + 1}</text>${parts.join('')}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

type Random = () => number;

function card(x: number, y: number, width: number, height: number, title: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#fff" stroke="#d9d9d9"/>
    <text x="${x + 12}" y="${y + 26}" font-size="16" font-weight="bold" fill="#404040">${title}</text>`;
}

function bars(x: number, y: number, width: number, height: number, random: Random): string {
  const bottom = y + height - 40;
  const columns = REGIONS.map((region, i) => {
    const size = 40 + random() * (height - 130);
    const left = x + 24 + i * ((width - 40) / REGIONS.length);
    return `<rect x="${left}" y="${bottom - size}" width="48" height="${size}" fill="${COLOURS[0]}"/>
      <text x="${left + 24}" y="${bottom + 20}" font-size="12" text-anchor="middle" fill="#595959">${region}</text>`;
  });
  return card(x, y, width, height, 'Sales by region') + columns.join('') + axis(x, bottom, width);
}

function line(x: number, y: number, width: number, height: number, random: Random): string {
  const bottom = y + height - 40;
  const points = Array.from({ length: 12 }, (_, i) => {
    const left = x + 30 + i * ((width - 60) / 11);
    return `${left.toFixed(1)},${(bottom - 20 - random() * (height - 120)).toFixed(1)}`;
  });
  const path = `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS[4]}" stroke-width="3"/>`;
  return card(x, y, width, height, 'Orders per month') + path + axis(x, bottom, width);
}

function table(x: number, y: number, width: number, height: number, random: Random): string {
  const rows = REGIONS.map((region, i) => {
    const top = y + 44 + i * 38;
    const cells = [region, Math.round(random() * 9000), `${(random() * 100).toFixed(1)} %`].map(
      (cell, column) =>
        `<text x="${x + 16 + column * 250}" y="${top + 24}" font-size="15" fill="#404040">${cell}</text>`,
    );
    return `<line x1="${x}" y1="${top + 38}" x2="${x + width}" y2="${top + 38}" stroke="#e6e6e6"/>${cells.join('')}`;
  });
  return card(x, y, width, height, 'Region, sales, share') + rows.join('');
}

function figures(x: number, y: number, width: number, height: number, random: Random): string {
  const [first, second] = [(random() * 9).toFixed(2), Math.round(random() * 90_000)];
  return `${card(x, y, width, height, 'Key figures')}
    <text x="${x + 24}" y="${y + 130}" font-size="64" fill="${COLOURS[0]}">${first} M</text>
    <text x="${x + 24}" y="${y + 250}" font-size="64" fill="${COLOURS[3]}">${second}</text>`;
}

function axis(x: number, bottom: number, width: number): string {
  return `<line x1="${x + 12}" y1="${bottom}" x2="${x + width - 12}" y2="${bottom}" stroke="#8c8c8c"/>`;
}

/** The same numbers for the same start (a linear congruential generator). */
function sequenceFrom(seed: number): Random {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
