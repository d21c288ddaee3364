import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PrometheusMetrics } from '../../src/adapters/metrics/prometheus-metrics.ts';
import { lookIntoLog } from '../../src/app/cli/log-look.ts';
import { loadConfig } from '../../src/app/config/load-config.ts';
import { destinations } from '../../src/app/destination-registry.ts';
import type { MainForViewer } from '../../src/app/threads/contracts.ts';
import type { ThreadPort } from '../../src/app/threads/thread-port.ts';
import { ViewerEngine } from '../../src/app/viewer-engine.ts';
import { envelope, postEvent } from '../support/audit-client.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { createHome, eventually, type RunningServer, startServer } from '../support/running-server.ts';

/** What a file does that every thread loads first, while the folder has the file `broken`. */
const FAULTS = {
  'cannot be loaded': `throw new Error('a fault of the test');`,
  'ends at once': 'process.exit(3);',
} as const;

const says = (server: RunningServer, message: RegExp) => eventually(() => message.test(server.output()) || undefined);

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`a viewer thread that ${name} keeps nothing from being received and delivered, and is tried again`, async (t) => {
    const home = createHome();
    t.after(() => home.remove());
    const broken = join(home.root, 'broken');
    const preload = join(home.root, 'preload.mjs');
    writeFileSync(broken, '');
    writeFileSync(
      preload,
      `import { existsSync } from 'node:fs';
       import { threadName } from 'node:worker_threads';
       if (threadName === 'viewer-thread' && existsSync(${JSON.stringify(broken)})) ${fault}`,
    );
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(preload)}` };
    const server = await startServer(home, { env, viewer: false });
    t.after(() => server.kill());
    await says(server, /"level":"error".*"thread":"viewer-thread".*started again/);
    assert.doesNotMatch(server.output(), /viewer port is listening/);
    assert.equal((await postEvent(server.url, envelope())).status, 202);
    await eventually(async () => ((await countsByEventId(home.parquet)).size === 1 ? true : undefined));
    rmSync(broken);
    await says(server, /viewer port is listening/);
    await says(server, /The thread runs again/);
    assert.equal(await server.stop(), 0);
  });
}

test('what a viewer thread cannot use is said, and it is tried again', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const blocked = join(home.log, 'search.sqlite');
  mkdirSync(join(blocked, 'not a database'), { recursive: true });
  const server = await startServer(home, { viewer: false });
  t.after(() => server.kill());
  await says(server, /"level":"error".*"thread":"viewer-thread","error":".*search\.sqlite.*started again/);
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  rmSync(blocked, { recursive: true });
  await says(server, /viewer port is listening/);
});

test('rule 8: search indexing begins only when the disk is not full', async (t) => {
  const home = createHome();
  t.after(() => home.remove());
  const server = await startServer(home);
  t.after(() => server.kill());
  assert.equal((await postEvent(server.url, envelope())).status, 202);
  await server.stop();
  for (const end of ['', '-wal', '-shm']) rmSync(join(home.log, `search.sqlite${end}`), { force: true });

  const { config } = loadConfig({ file: home.configFile, root: home.root, env: {}, destinations });
  const { head, logId = '', firstRetained } = await lookIntoLog(config);
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  let indexed = 0;
  const main: ThreadPort<MainForViewer> = {
    call: () => new Promise(() => {}),
    tell: (method, position) => {
      if (method === 'indexed') indexed = Number(position);
    },
    disconnect: () => {},
  };
  const disk = { isFull: true, freeBytes: 0 };
  const log = { logId, head, firstRetained };
  const start = { config, ports: false, log, disk, logger: { level: 'info', format: 'json', to: 'stdout' } } as const;
  const engine = new ViewerEngine({ start, main, clock, logger, metrics: new PrometheusMetrics() });
  t.after(() => engine.stop());
  await engine.start();
  const look = async () => {
    await clock.advance(2000);
    return indexed > 0 ? true : undefined;
  };
  for (let i = 0; i < 20; i++) {
    assert.equal(await look(), undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  engine.disk({ isFull: false, freeBytes: undefined });
  await eventually(look);
});
