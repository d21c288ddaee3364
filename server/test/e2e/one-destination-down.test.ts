import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { envelope, postEvent } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { qvdCountsByEventId } from '../support/qvd-rows.ts';
import { createHome, eventually, startServer } from '../support/running-server.ts';
import { ScriptedInfluxdb } from '../support/scripted-influxdb.ts';

const EVENTS = 20;

interface Figures {
  readonly name: string;
  readonly lagEvents: number;
  readonly retried: number;
}

/** With object data, so that every destination has something to write. */
function event(): Record<string, unknown> {
  const { payload, ...rest } = envelope({ type: 'object.visibility.changed' });
  const { context } = payload as { readonly context: object };
  return { ...rest, payload: { context, event: { objectId: 'x', objectData: { measures: [1.5] } } } };
}

test('each destination down in turn: the others stay current, and it catches up when it is back', async (t) => {
  const influxdb = new ScriptedInfluxdb();
  await influxdb.up();
  const files = { maxBatchSize: 100, writeFrequency: 20 };
  const home = createHome({
    destination: `    destination: ${JSON.stringify({
      enable: true,
      type: 'influxdb, parquet, qvd, json',
      influxdb: {
        ...{ host: '127.0.0.1', port: influxdb.port, version: 2, ...files },
        v2Config: { org: 'audit', bucket: 'audit', token: 'any' },
      },
      parquet: { exportDirectory: 'parquet', ...files },
      qvd: { exportDirectory: 'qvd', ...files },
      json: { objectdata: { enable: true, exportDirectory: 'objectdata' } },
    })}\n`,
  });
  const server = await startServer(home);
  t.after(async () => {
    await server.kill();
    await influxdb.down();
    home.remove();
  });
  const ids = new Set<string>();
  const post = async () => {
    for (let i = 0; i < EVENTS; i++) {
      const one = event();
      assert.equal((await postEvent(server.url, one)).status, 202);
      ids.add(String(one.eventId));
    }
  };
  const figures = async (): Promise<readonly Figures[]> => {
    const reply = await fetch(`${server.viewerUrl}/api/v1/status`);
    return ((await reply.json()) as { readonly destinations: readonly Figures[] }).destinations;
  };
  const areCurrent = (except?: string) =>
    eventually(async () => {
      const current = (await figures()).every(({ name, lagEvents }) => name === except || lagEvents === 0);
      return current ? true : undefined;
    });
  const replaceByFile = (folder: string) => {
    const path = join(home.root, folder);
    return {
      break: async () => {
        renameSync(path, `${path}.aside`);
        writeFileSync(path, '');
      },
      mend: async () => {
        rmSync(path);
        renameSync(`${path}.aside`, path);
      },
    };
  };
  const places = {
    influxdb: { break: () => influxdb.down(), mend: () => influxdb.up() },
    parquet: replaceByFile('parquet'),
    qvd: replaceByFile('qvd'),
    json: replaceByFile('objectdata'),
  };

  await post();
  await areCurrent();
  for (const [down, place] of Object.entries(places)) {
    await place.break();
    await post();
    await areCurrent(down);
    const broken = await eventually(async () => (await figures()).find((d) => d.name === down && d.retried > 0));
    assert.ok(broken.lagEvents >= EVENTS, `${down}: ${broken.lagEvents}`);
    await place.mend();
    await areCurrent();
  }
  for (const counts of [await countsByEventId(home.parquet), await qvdCountsByEventId(join(home.root, 'qvd'))]) {
    assert.deepEqual(new Set(counts.keys()), ids);
    assert.ok([...counts.values()].every((count) => count === 1));
  }
  const inInfluxdb = influxdb.lines.map((line) => /,eventId=([^,]+)/.exec(line)?.[1] ?? '');
  assert.deepEqual(new Set(inInfluxdb), ids);
});
