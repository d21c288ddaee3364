// Shows what becomes of screenshots, with a Qlik Sense of its own making.
// Usage: npm run demo:screenshots [-- SECONDS]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { drawObjectPicture } from '../server/src/app/simulate/pictures/object-picture.ts';
import { picturedObjectIds, pictureSubject } from '../server/src/app/simulate/pictures/picture-subject.ts';
import { type QlikStandIn, startQlikStandIn } from '../server/test/support/qlik-stand-in.ts';
import {
  eventually,
  LAUNCHER,
  type RunningServer,
  runCommand,
  startServer,
} from '../server/test/support/running-server.ts';

const TOKEN = 'demo';

/** With every fact in the header, as the user of each event, and files at once. */
function configuration(qlik: QlikStandIn): string {
  const text = (path: string) => JSON.stringify(path);
  return `Butler-SOS:
  auditEvents:
    host: 127.0.0.1
    port: 0
    apiToken: ${TOKEN}
    eventLog: {directory: log}
    viewer: {port: 0}
    destination:
      enable: true
      type: parquet
      parquet: {exportDirectory: parquet, writeFrequency: 2000}
    screenshots:
      enable: true
      storageTargets:
        - {enable: true, type: flat, directory: screenshots}
      addInImageMetadata:
        {date: true, eventId: true, correlationId: true, selectionTxnId: true, userId: true, appId: true, appName: true, sheetName: true}
      allowedImageDownloadHosts: [localhost]
      auth:
        mode: userTicket
        sessionCache: {enable: true}
        qps:
          host: localhost
          port: ${qlik.qpsPort}
          cert:
            clientCert: ${text(qlik.clientCertPath)}
            clientCertKey: ${text(qlik.clientKeyPath)}
            clientCertCA: ${text(qlik.caPath)}
`;
}

async function simulate(url: string, screenshotHost: string, seconds: string): Promise<void> {
  const run = ['--users', '12', '--rate', '20', '--duration', seconds];
  const where = ['--url', url, '--token', TOKEN, '--screenshot-host', screenshotHost];
  const child = spawn(process.execPath, [LAUNCHER, 'simulate', ...where, ...run], { stdio: 'inherit' });
  await once(child, 'close');
}

async function settled(server: RunningServer): Promise<void> {
  const status = async () => {
    const answer = await fetch(`${server.viewerUrl}/api/v1/status`);
    return ((await answer.json()) as { screenshots: { waiting: number | null } }).screenshots.waiting;
  };
  await eventually(async () => (await status()) === 0 || undefined, 60_000);
}

async function show(folder: string): Promise<number> {
  const query = `select to_timestamp(timestamp / 1000) as moment, userId, appName, json_extract_string(tags, '$.screenshotStatus') as status,
  unnest(coalesce(from_json(screenshotSavedPaths, '["VARCHAR"]'), [json_extract_string(tags, '$.screenshotReason')])) as file_or_reason
from '${join(folder, 'parquet', '*.parquet').replaceAll("'", "''")}' where screenshotUrl is not null order by moment desc`;
  const pictures = readdirSync(join(folder, 'screenshots')).filter((name) => name.endsWith('.png'));
  process.stdout.write(`\nPictures: ${pictures.length} files in ${join(folder, 'screenshots')}
  …_<correlationId>.png            what the user saw
  …_<correlationId>_metadata.png   the same with a header that explains it
  …_<correlationId>_downloaded.png as it came from Qlik Sense, where a part of it was cut out

They are found from the rows, with DuckDB (https://duckdb.org) say:

${query};

`);
  const database = await DuckDBInstance.create();
  const connection = await database.connect();
  const rows = (await connection.runAndReadAll(`${query} limit 12`)).getRowObjectsJson();
  connection.closeSync();
  database.closeSync();
  for (const row of rows) process.stdout.write(`${Object.values(row).join(' | ')}\n`);
  process.stdout.write(
    '\nThe user of the directory INTERNAL is denied on purpose: no ticket is ever asked for such users.\n',
  );
  return pictures.length;
}

const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
const folder = resolve(process.env.INIT_CWD ?? '.', 'audit-events', `demo-${stamp}`);
mkdirSync(folder, { recursive: true });
const pictures = new Map<string, Buffer>();
for (const id of picturedObjectIds()) {
  const subject = pictureSubject(id, []);
  if (subject !== undefined) pictures.set(id, await drawObjectPicture(subject));
}
const qlik = await startQlikStandIn({ pictureOf: (path) => pictures.get(basename(path, '.png')) });
const configFile = join(folder, 'demo.yaml');
writeFileSync(configFile, configuration(qlik));
const home = { root: folder, configFile, log: '', parquet: '', objectData: '', remove: () => {} };
const server = await startServer(home);
process.stdout.write(`A Qlik Sense for show, and a server that keeps its data in ${folder}\n`);
try {
  await simulate(server.url, `https://localhost:${qlik.httpsPort}`, process.argv[2] ?? '12');
  await settled(server);
} finally {
  await runCommand(home, ['stop']); // a signal would end it in the middle on Windows
  await server.exit();
  await qlik.close();
}
process.exitCode = (await show(folder)) > 0 ? 0 : 1;
