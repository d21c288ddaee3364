import { Random } from '../../server/src/app/simulate/random.ts';
import type { App, ChartObject } from '../../server/src/app/simulate/tenant.ts';

interface AppSketch {
  readonly id: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly measures: readonly string[];
  readonly sheets: readonly string[];
}

/** The Qlik Sense site of the mock: the apps of a company that sells bicycles. */
const SKETCHES: readonly AppSketch[] = [
  {
    id: '3f6c0a52-8d1e-4c77-9b0a-52f8672f6a1b',
    name: 'Executive Sales',
    fields: {
      Region: ['Nordics', 'DACH', 'Benelux', 'Iberia', 'UK & Ireland', 'Asia Pacific'],
      'Product group': ['City bikes', 'E-bikes', 'Gravel', 'Accessories', 'Service plans'],
      Year: ['2024', '2025', '2026'],
    },
    measures: ['Revenue', 'Gross margin', 'Orders'],
    sheets: ['Overview', 'Regions', 'Pipeline'],
  },
  {
    id: 'c0ffee00-1234-4abc-9def-0123456789ab',
    name: 'Supply Chain Monitor',
    fields: {
      Supplier: ['Łódź Components', 'Shenzhen Cells', 'Bremen Frames', 'Taichung Gears'],
      Warehouse: ['Göteborg', 'Rotterdam', 'Gdańsk', 'Osaka'],
      Status: ['On time', 'Delayed', 'At risk'],
    },
    measures: ['Lead time', 'Stock value', 'Late deliveries'],
    sheets: ['Delays', 'Stock levels'],
  },
  {
    id: '5d41402a-bc4b-4a76-b971-9d911017c592',
    name: 'Finance P&L',
    fields: {
      'Cost centre': ['R&D', 'Sales EMEA', 'Operations', 'Marketing'],
      Account: ['4010 Revenue', '5020 Travel', '6100 Cloud', '7000 Salaries'],
      Period: ['P01', 'P02', 'P03', 'P04', 'P05', 'P06'],
    },
    measures: ['Actual', 'Budget', 'Variance'],
    sheets: ['P&L', 'Budget follow-up', 'Cash flow'],
  },
  {
    id: '9e8d7c6b-5a49-4837-a615-04f3e2d1c0b9',
    name: 'Workforce & Salaries',
    fields: {
      Department: ['Engineering', 'Retail', 'Logistics', 'Finance'],
      Grade: ['A', 'B', 'C', 'D'],
      Country: ['Sweden', 'Germany', 'Poland', 'Japan'],
    },
    measures: ['Headcount', 'Median salary', 'Attrition'],
    sheets: ['Headcount', 'Salary bands'],
  },
  {
    id: '7a1b9c3d-2e4f-4a6b-8c0d-1e2f3a4b5c6d',
    name: 'Produktanalyse 2026',
    fields: {
      Produkt: ['Stadträder', 'Helme', 'Leuchten', 'Ersatzteile'],
      Märkte: ['München', 'Zürich', 'Köln', 'Düsseldorf'],
    },
    measures: ['Umsatz', 'Bestand', 'Rohertrag'],
    sheets: ['Übersicht', 'Bestände'],
  },
];

/** How often each app is opened, beside the others. */
export const POPULARITY: readonly number[] = [8, 5, 4, 2, 1];

export const IDENTITIES: readonly string[] = [
  'UserDirectory=ACME; UserId=anna.lindqvist',
  'UserDirectory=ACME; UserId=jonas.weber',
  'UserDirectory=ACME; UserId=maria.kowalska',
  'UserDirectory=ACME; UserId=david.oconnor',
  'UserDirectory=ACME; UserId=hiroshi.tanaka',
  'UserDirectory=ACME; UserId=sofia.rossi',
  'UserDirectory=ACME; UserId=erik.sandberg',
  'UserDirectory=PARTNER; UserId=lena.vogel',
  'UserDirectory=PARTNER; UserId=amir.haddad',
  'priya.nair@acme.example',
];

const TYPES: readonly (readonly [type: string, supported: boolean])[] = [
  ['barchart', true],
  ['linechart', true],
  ['table', true],
  ['kpi', true],
  ['piechart', true],
  ['qlik-network-chart', false],
];

export function mockApps(): readonly App[] {
  const random = new Random(4);
  return SKETCHES.map((app) => ({
    id: app.id,
    name: app.name,
    fields: Object.entries(app.fields).map(([name, values]) => ({ name, values })),
    measures: app.measures,
    sheets: app.sheets.map((name) => ({ id: random.uuid(), name, objects: chartObjects(app, random) })),
  }));
}

function chartObjects(app: AppSketch, random: Random): ChartObject[] {
  const dimensions = Object.keys(app.fields);
  return TYPES.map(([type, supported]) => ({
    id: objectId(random),
    type,
    title: `${random.pick(app.measures)} by ${random.pick(dimensions)}`,
    supported,
  }));
}

function objectId(random: Random): string {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';
  return Array.from({ length: 6 }, () => letters.charAt(random.integer(0, letters.length - 1))).join('');
}
