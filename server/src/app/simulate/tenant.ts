import { Random } from './random.ts';

/** The Qlik Sense site that the simulated people work in: always the same apps, so that runs add up to one history. */
export interface App {
  readonly id: string;
  readonly name: string;
  readonly fields: readonly Field[];
  readonly measures: readonly string[];
  readonly sheets: readonly Sheet[];
}

export interface Field {
  readonly name: string;
  readonly values: readonly string[];
}

export interface Sheet {
  readonly id: string;
  readonly name: string;
  readonly objects: readonly ChartObject[];
}

export interface ChartObject {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  /** False: Audit.qs cannot take a picture of it. */
  readonly supported: boolean;
}

interface AppSketch {
  readonly id: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly measures: readonly string[];
  readonly sheets: readonly string[];
}

const APPS: readonly AppSketch[] = [
  {
    id: '3f6c0a52-8d1e-4c77-9b0a-52f8672f6a1b',
    name: 'Försäljning Norden',
    fields: {
      Region: ['Skåne', 'Västra Götaland', 'Åland', 'Østlandet', 'Sjælland', 'Norðurland'],
      Produktgrupp: ['Bärbara datorer', 'Hörlurar', 'Tillbehör', 'Kök & hem'],
      År: ['2024', '2025', '2026'],
      Säljare: ['Åsa Öberg', 'Jörgen Ärlig', 'Søren Kjær', 'Þóra Jónsdóttir'],
    },
    measures: ['Försäljning (kr)', 'Täckningsgrad', 'Antal ordrar'],
    sheets: ['Översikt', 'Kunder & ordrar', 'Kassaflöde Å–Ö'],
  },
  {
    id: '7a1b9c3d-2e4f-4a6b-8c0d-1e2f3a4b5c6d',
    name: '商品分析 2026',
    fields: {
      商品: ['電卓', 'ノートパソコン', 'ヘッドホン', '文房具', '冷蔵庫'],
      地域: ['東京', '大阪', '名古屋', '札幌'],
      年月: ['2026-09', '2026-10', '2026-11'],
    },
    measures: ['売上高', '在庫数', '粗利率'],
    sheets: ['概要', '在庫 📦'],
  },
  {
    id: 'c0ffee00-1234-4abc-9def-0123456789ab',
    name: 'Łódź – logistyka i żegluga',
    fields: {
      Miasto: ['Łódź', 'Gdańsk', 'Kraków', 'Świnoujście', 'Żary'],
      Przewoźnik: ['Błyskawica', 'Żółw Express', 'Źródło Sp. z o.o.'],
      Kwartał: ['I', 'II', 'III', 'IV'],
    },
    measures: ['Liczba dostaw', 'Średnie opóźnienie', 'Koszt (zł)'],
    sheets: ['Przegląd', 'Trasy i opóźnienia', 'Księgowość'],
  },
  {
    id: '9e8d7c6b-5a49-4837-a615-04f3e2d1c0b9',
    name: 'Продажи и Жалобы',
    fields: {
      Регион: ['Київ', 'Алматы', 'Београд', 'София'],
      Категория: ['Журналы', 'Обувь', 'Щётки', 'Мебель'],
      Менеджер: ['Жанна Щукина', 'Ђорђе Ћирић', 'Їжак Олег'],
    },
    measures: ['Выручка', 'Число жалоб', 'Средний чек'],
    sheets: ['Обзор', 'Жалобы клиентов'],
  },
  {
    id: 'b2d4f6a8-0c1e-4325-9476-98badcfe1032',
    name: 'تحليل المبيعات',
    fields: {
      المنطقة: ['الرياض', 'دبي', 'القاهرة', 'الدار البيضاء'],
      المنتج: ['حاسوب محمول', 'سماعات', 'قرطاسية'],
      السنة: ['٢٠٢٤', '٢٠٢٥', '٢٠٢٦'],
    },
    measures: ['إجمالي المبيعات', 'عدد العملاء'],
    sheets: ['نظرة عامة', 'العملاء'],
  },
  {
    id: '5d41402a-bc4b-4a76-b971-9d911017c592',
    name: 'Finance 🚀 FY26 <draft> & "notes"',
    fields: {
      'Cost Centre': ['R&D', 'Sales/EMEA', 'O’Brien \\ Sons', '=1+1', 'naïve café'],
      Account: ['4010 Revenue', '5020 Travel', '6100 Cloud ☁️'],
      Period: ['P01', 'P02', 'P03', 'P04', 'P05', 'P06'],
    },
    measures: ['Actual €', 'Budget €', 'Variance %'],
    sheets: ['P&L', "Budget 'v2'", 'Team 👩🏽‍💻 & 👨‍👩‍👧'],
  },
];

const OBJECT_TYPES: readonly (readonly [type: string, supported: boolean])[] = [
  ['barchart', true],
  ['linechart', true],
  ['table', true],
  ['kpi', true],
  ['pivot-table', true],
  ['piechart', true],
  ['filterpane', true],
  ['scatterplot', true],
  ['qlik-network-chart', false],
  ['map', false],
];

/** The identity strings of users as the Qlik engine gives them, with a few that real sites have and nobody expects. */
const USER_IDENTITIES: readonly string[] = [
  'UserDirectory=LAB; UserId=anna.öberg',
  'UserDirectory=LAB; UserId=goran',
  'UserDirectory=LAB; UserId=łukasz.żak',
  'UserDirectory=LAB; UserId=Жанна.Щукина',
  'UserDirectory=LAB; UserId=田中.太郎',
  'UserDirectory=LAB; UserId=أحمد.العلي',
  'UserDirectory=ACME; UserId=jane.doe',
  'UserDirectory=ACME; UserId=o’brien; contractor',
  'UserDirectory=ACME; UserId=zoë@acme.example',
  'UserDirectory=INTERNAL; UserId=sa_scheduler',
  'UserDirectory=LAB; UserId=åsa',
  'UserDirectory=LAB; UserId=søren.kjær',
  'UserDirectory=LAB; UserId=παύλος',
  'UserDirectory=LAB; UserId=김민수',
  'UserDirectory=LAB; UserId=דוד.לוי',
  'UserDirectory=LAB; UserId=nguyễn.an',
  'UserDirectory=LAB; UserId=emoji 🐼',
  'UserDirectory=ACME; UserId=max.mustermann',
  'UserDirectory=ACME; UserId=françois.lefèvre',
  'UserDirectory=LAB; UserId=işıl.çağ',
];

/** The identity of the n-th user, from 0; beyond the list the names come again with a number. */
export function userIdentity(index: number): string {
  const round = Math.floor(index / USER_IDENTITIES.length);
  const identity = USER_IDENTITIES[index % USER_IDENTITIES.length] ?? '';
  return round === 0 ? identity : `${identity}.${round + 1}`;
}

export function createTenant(): readonly App[] {
  const random = new Random(1);
  return APPS.map((app) => ({
    id: app.id,
    name: app.name,
    fields: Object.entries(app.fields).map(([name, values]) => ({ name, values })),
    measures: app.measures,
    sheets: app.sheets.map((name) => ({ id: random.uuid(), name, objects: chartObjects(app, random) })),
  }));
}

function chartObjects(app: AppSketch, random: Random): ChartObject[] {
  const dimensions = Object.keys(app.fields);
  return Array.from({ length: random.integer(4, 6) }, () => {
    const [type, supported] = random.pick(OBJECT_TYPES);
    return {
      id: objectId(random),
      type,
      title: `${random.pick(app.measures)} / ${random.pick(dimensions)}`,
      supported,
    };
  });
}

/** Six letters, as Qlik Sense makes them: `WpLRKj`. */
function objectId(random: Random): string {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';
  return Array.from({ length: 6 }, () => letters.charAt(random.integer(0, letters.length - 1))).join('');
}
