import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from '../support/audit-client.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { qvdCountsByEventId } from '../support/qvd-rows.ts';
import { createHome, startServer } from '../support/running-server.ts';

const ROUNDS = 10;
const PARQUET_AND_QVD = `    destination:
      enable: true
      type: parquet, qvd
      parquet:
        exportDirectory: parquet
        maxBatchSize: 200
        writeFrequency: 50
      qvd:
        exportDirectory: qvd
        maxBatchSize: 200
        writeFrequency: 50
`;

test('kill -9 at random moments under 48-connection load, ten rounds: nothing lost, nothing doubled, no stray file', async (t) => {
  const home = createHome({ destination: PARQUET_AND_QVD });
  const qvd = join(home.root, 'qvd');
  t.after(() => home.remove());
  const acknowledged = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer(home);
    const ended = new AbortController();
    const clients = load(server.url, 48, ended.signal, acknowledged);
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 700));
    await server.kill();
    ended.abort();
    await clients;
  }
  const server = await startServer(home);
  assert.equal(await server.stop(), 0, server.output());
  assert.ok(acknowledged.size > 1000, `too little load to mean anything: ${acknowledged.size}`);

  for (const counts of [await countsByEventId(home.parquet), await qvdCountsByEventId(qvd)]) {
    const lost = [...acknowledged].filter((id) => !counts.has(id));
    const doubled = [...counts].filter(([, count]) => count > 1);
    assert.deepEqual({ lost: lost.length, doubled: doubled.length }, { lost: 0, doubled: 0 });
  }
  const strays = [...readdirSync(home.parquet), ...readdirSync(qvd)].filter(
    (name) => !/^\d{8}_part\d+\.(parquet|qvd)$/.test(name),
  );
  assert.deepEqual(strays, []);
});
