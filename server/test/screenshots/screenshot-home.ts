import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { envelope } from '../support/audit-client.ts';
import type { QlikStandIn } from '../support/qlik-stand-in.ts';
import { createHome, type HomeOptions, type ServerHome } from '../support/running-server.ts';

export interface ScreenshotHomeOptions extends HomeOptions {
  /** YAML lines below `screenshots:`, without indentation. */
  readonly screenshots?: readonly string[];
}

/** A server's folder whose pictures come from the stand-in, as the user of each event, into `pictures`. */
export function createScreenshotHome(qlik: QlikStandIn, options: ScreenshotHomeOptions = {}): ServerHome {
  const lines = [...screenshotLines(qlik), ...(options.screenshots ?? [])];
  const extra = `    screenshots:\n${lines.map((line) => `      ${line}\n`).join('')}${options.extra ?? ''}`;
  return createHome({ ...options, extra });
}

/** YAML lines below `screenshots:`, without indentation. */
export function screenshotLines(qlik: QlikStandIn): readonly string[] {
  return [
    'enable: true',
    'storageTargets:',
    '  - {enable: true, type: flat, directory: pictures}',
    'addInImageMetadata: {date: true, eventId: true, userId: true, appName: true, sheetName: true}',
    'allowedImageDownloadHosts: [localhost]',
    'auth:',
    '  mode: userTicket',
    '  sessionCache: {enable: true}',
    '  qps:',
    '    host: localhost',
    `    port: ${qlik.qpsPort}`,
    '    cert:',
    `      clientCert: ${qlik.clientCertPath}`,
    `      clientCertKey: ${qlik.clientKeyPath}`,
    `      clientCertCA: ${qlik.caPath}`,
  ];
}

/** A picture of a chart, small, and unlike the others of other numbers. */
export async function chartPicture(number: number, width = 320, height = 200): Promise<Buffer> {
  const bars = Array.from({ length: 8 }, (_, i) => {
    const size = 20 + ((number * 37 + i * 53) % (height - 60));
    return `<rect x="${20 + i * 36}" y="${height - 20 - size}" width="24" height="${size}" fill="#4477aa"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="100%" fill="#fff"/>${bars.join('')}</svg>`;
  return sharp(Buffer.from(svg)).png({ compressionLevel: 1 }).toBuffer();
}

/** @param user `LAB\anna` */
export function screenshotEvent(url: string, user: string, id: string = randomUUID()): Record<string, unknown> {
  const [directory = '', name = ''] = user.split('\\');
  return envelope({
    eventId: id,
    type: 'screenshot.url.received',
    payload: {
      context: {
        appId: '11111111-2222-4333-8444-555555555555',
        appName: 'Försäljning Ł 商品',
        sheetName: 'Översikt',
        user: `UserDirectory=${directory}; UserId=${name}`,
      },
      event: { selectionTxnId: randomUUID(), objectId: 'WpLRKj', screenshotUrl: url },
    },
  });
}
