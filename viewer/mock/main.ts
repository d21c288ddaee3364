// Serves the built page and a made-up trail: `npm run mock -w butler-sos-audit-viewer`, then open the printed address.
import { join } from 'node:path';
import { startMock } from './server.ts';

const mock = await startMock({
  port: Number(process.env.PORT ?? 8183),
  dist: join(import.meta.dirname, '..', 'dist'),
  now: Date.now,
  liveEveryMs: 1500,
  open: process.env.MOCK_LOGIN === undefined,
});
process.stdout.write(`${mock.url}\n`);
