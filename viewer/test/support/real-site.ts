import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { drawObjectPicture } from '../../../server/src/app/simulate/pictures/object-picture.ts';
import { picturedObjectIds, pictureSubject } from '../../../server/src/app/simulate/pictures/picture-subject.ts';
import { post } from '../../../server/test/support/audit-client.ts';
import { type QlikStandIn, startQlikStandIn } from '../../../server/test/support/qlik-stand-in.ts';
import {
  createHome,
  eventually,
  LAUNCHER,
  type RunningServer,
  runCommand,
  type ServerHome,
  startServer,
  TOKEN,
} from '../../../server/test/support/running-server.ts';
import { stopBrowser } from './browser.ts';
import { freshDist } from './mock-site.ts';

export const PASSWORD = 'a password for tests';
const EVENTS = 400;

export interface RealSite {
  /** Of the page. */
  url(): string;
  /** A link that opens the page once. */
  link(): Promise<string>;
  /** @param options as `butler-sos-audit user add` takes them */
  addUser(name: string, options: readonly string[]): Promise<void>;
  post(envelope: object): Promise<void>;
  /** With a token of an administrator. */
  ask<T>(path: string): Promise<T>;
}

/** The server as people start it, with a Qlik Sense that has pictures, after some people have been at work. */
export function realSite(): RealSite {
  let parts: { qlik: QlikStandIn; home: ServerHome; server: RunningServer; token: string } | undefined;
  const present = () => {
    if (parts === undefined) throw new Error('The server is not running yet.');
    return parts;
  };
  const ask = async <T>(path: string): Promise<T> => {
    const { server, token } = present();
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${server.viewerUrl}/api/v1/trail/${path}`, { headers })).json() as Promise<T>;
  };
  before(async () => {
    await freshDist();
    const subject = pictureSubject(picturedObjectIds()[0] ?? '', []);
    const picture = subject === undefined ? undefined : await drawObjectPicture(subject);
    const qlik = await startQlikStandIn({ pictureOf: () => picture });
    const home = createHome({ extra: screenshots(qlik) });
    const server = await startServer(home);
    const token = (await runCommand(home, ['token', 'add', 'tests', '--role', 'admin'])).stdout.trim();
    parts = { qlik, home, server, token: /\S+$/.exec(token)?.[0] ?? '' };
    const people = ['--users', '4', '--rate', '200', '--duration', String(EVENTS / 200)];
    const where = ['--url', server.url, '--token', TOKEN, '--screenshot-host', `https://localhost:${qlik.httpsPort}`];
    await runCommand(home, ['simulate', ...where, ...people]);
    await eventually(async () => ((await ask<{ total: number }>('histogram')).total >= EVENTS ? true : undefined));
    await eventually(async () => {
      const { items } = await ask<{ items: { screenshot: { status: string } | null }[] }>(
        'events?eventType=screenshot.url.received&limit=20',
      );
      return items.every(({ screenshot }) => screenshot !== null && screenshot.status !== 'waiting') || undefined;
    });
  });
  after(async () => {
    await stopBrowser();
    await parts?.server.stop();
    await parts?.qlik.close();
    parts?.home.remove();
  });
  return {
    url: () => present().server.viewerUrl,
    link: async () => (await runCommand(present().home, ['open'])).stdout.trim(),
    addUser: (name, options) => addUser(present().home, name, options),
    async post(envelope) {
      const { status, body } = await post(present().server.url, '/api/v1/audit-event', JSON.stringify(envelope));
      if (status !== 202) throw new Error(`${status} ${body}`);
    },
    ask,
  };
}

async function addUser(home: ServerHome, name: string, options: readonly string[]): Promise<void> {
  const where = ['--config', home.configFile, '--root', home.root];
  const child = spawn(process.execPath, [LAUNCHER, 'user', 'add', name, ...options, ...where], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${PASSWORD}\n${PASSWORD}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`user add ended with ${code}`);
}

function screenshots(qlik: QlikStandIn): string {
  const path = (text: string) => JSON.stringify(text);
  return `    screenshots:
      enable: true
      storageTargets:
        - {enable: true, type: flat, directory: screenshots}
      addInImageMetadata: {date: true, eventId: true, userId: true, appName: true, sheetName: true}
      allowedImageDownloadHosts: [localhost]
      auth:
        mode: userTicket
        sessionCache: {enable: true}
        qps:
          host: localhost
          port: ${qlik.qpsPort}
          cert:
            clientCert: ${path(qlik.clientCertPath)}
            clientCertKey: ${path(qlik.clientKeyPath)}
            clientCertCA: ${path(qlik.caPath)}
`;
}
