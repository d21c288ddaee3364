import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartPicture } from '../../server/test/screenshots/screenshot-home.ts';
import { type QlikStandIn, startQlikStandIn } from '../../server/test/support/qlik-stand-in.ts';
import { TcpProxy } from '../../server/test/support/tcp-proxy.ts';
import { type BenchHome, type ChildServer, createHome, startProduct } from '../child-server.ts';
import { type SoakInfluxdb, startInfluxdb } from './influxdb.ts';

export const DESTINATIONS = ['influxdb', 'parquet', 'qvd', 'json'] as const;
export type DestinationName = (typeof DESTINATIONS)[number];

/** Something that is out of order for its share of the time. */
export interface Fault {
  readonly name: string;
  /** Undefined: no destination, but the host of the pictures. */
  readonly destination?: DestinationName;
  break(): Promise<void>;
  mend(): Promise<void>;
}

export interface SoakWorld {
  readonly home: BenchHome;
  readonly server: ChildServer;
  readonly influxdb: SoakInfluxdb;
  readonly qlik: QlikStandIn;
  readonly screenshotOrigin: string;
  readonly faults: readonly Fault[];
}

/** Milliseconds; the documented default of 20 s would hide what is to be seen. */
export const WRITE_FREQUENCY_MS = 1000;
export const OBJECT_DATA_FOLDER = 'objectdata';
const PICTURES = 20;

/**
 * The server as its users start it, with all destinations, a real InfluxDB, and a Qlik stand-in behind a proxy.
 * @param closers gets, as soon as there is something, what ends and removes it; to be called from the last to the first
 */
export async function createWorld(influxdbVersion: 1 | 2, closers: (() => Promise<void>)[]): Promise<SoakWorld> {
  const influxdb = await startInfluxdb(influxdbVersion);
  closers.push(() => influxdb.remove());
  const pictures = await Promise.all(Array.from({ length: PICTURES }, (_, i) => chartPicture(i, 550, 300)));
  const qlik = await startQlikStandIn({ pictureOf: (path) => pictures[path.length % PICTURES] });
  closers.push(() => qlik.close());
  const proxy = await TcpProxy.to(qlik.httpsPort);
  closers.push(() => proxy.close());
  const home = createHome(configuration(influxdb, qlik));
  closers.push(async () => home.remove());
  const server = await startProduct(home, 'all');
  closers.push(() => server.kill());
  return {
    home,
    server,
    influxdb,
    qlik,
    screenshotOrigin: `https://localhost:${proxy.port}`,
    faults: [
      { name: 'influxdb killed', destination: 'influxdb', break: () => influxdb.kill(), mend: () => influxdb.up() },
      fileInPlaceOf('parquet', join(home.root, 'parquet')),
      fileInPlaceOf('qvd', join(home.root, 'qvd')),
      fileInPlaceOf('json', join(home.root, OBJECT_DATA_FOLDER)),
      imageHostHangs(proxy),
    ],
  };
}

function configuration(influxdb: SoakInfluxdb, qlik: QlikStandIn): string {
  const files = { maxBatchSize: 1000, writeFrequency: WRITE_FREQUENCY_MS };
  const destination = {
    enable: true,
    type: DESTINATIONS.join(', '),
    influxdb: { host: '127.0.0.1', ...files, ...influxdb.settings },
    parquet: { exportDirectory: 'parquet', ...files },
    qvd: { exportDirectory: 'qvd', ...files },
    json: { objectdata: { enable: true, exportDirectory: OBJECT_DATA_FOLDER } },
  };
  const cert = { clientCert: qlik.clientCertPath, clientCertKey: qlik.clientKeyPath, clientCertCA: qlik.caPath };
  const screenshots = {
    enable: true,
    storageTargets: [{ enable: true, type: 'dated', directory: 'pictures' }],
    addInImageMetadata: { date: true, eventId: true, userId: true, appName: true, sheetName: true },
    allowedImageDownloadHosts: ['localhost'],
    auth: {
      mode: 'userTicket',
      sessionCache: { enable: true },
      qps: { host: 'localhost', port: qlik.qpsPort, cert },
    },
  };
  return `    destination: ${JSON.stringify(destination)}\n    screenshots: ${JSON.stringify(screenshots)}\n`;
}

/** What was written so far is put aside meanwhile. */
function fileInPlaceOf(destination: DestinationName, folder: string): Fault {
  const aside = `${folder}.aside`;
  return {
    name: `${destination}: a file in place of its folder`,
    destination,
    async break() {
      renameSync(folder, aside);
      writeFileSync(folder, '');
    },
    async mend() {
      rmSync(folder);
      renameSync(aside, folder);
    },
  };
}

function imageHostHangs(proxy: TcpProxy): Fault {
  return {
    name: 'image host hangs',
    async break() {
      proxy.fault = { kind: 'silent' };
    },
    async mend() {
      proxy.fault = undefined;
    },
  };
}
