import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { envelope, postEvent, type Reply } from '../support/audit-client.ts';
import { STRACE, skipWithout } from '../support/external-tools.ts';
import { countsByEventId } from '../support/parquet-rows.ts';
import { createHome, startServer } from '../support/running-server.ts';
import { type Tampering, tampered } from '../support/straced-server.ts';

interface Fault {
  readonly name: string;
  readonly tampering: readonly Tampering[];
  /** Below the home; none = every file. */
  readonly path?: string;
  readonly isFull?: true;
}

const SEGMENT = 'log/0000000000000001.ndjson';

/** The first calls are those of the start; the bad time ends by itself, as a disk that is freed does. */
const FAULTS: readonly Fault[] = [
  { name: 'EIO in fdatasync', tampering: [{ calls: 'fdatasync', effect: 'error=EIO', when: '5..7' }] },
  {
    name: 'EIO in fdatasync, and the segment cannot be cut back',
    tampering: [
      { calls: 'fdatasync', effect: 'error=EIO', when: '5..9' },
      { calls: 'ftruncate', effect: 'error=EIO', when: '1..2' },
    ],
    path: SEGMENT,
  },
  {
    name: 'EIO in a write',
    tampering: [{ calls: 'pwrite64', effect: 'error=EIO', when: '11..200' }],
    path: SEGMENT,
  },
  {
    name: 'ENOSPC in a write: rule 8',
    tampering: [{ calls: 'pwrite64', effect: 'error=ENOSPC', when: '11..200' }],
    path: SEGMENT,
    isFull: true,
  },
];

describe('rule 5: the disk of the event log fails under the running server', { skip: skipWithout(STRACE) }, () => {
  for (const { name, tampering, path, isFull } of FAULTS) {
    test(`${name}: 503, then a new segment without a restart; every 202 is delivered once`, async (t) => {
      const home = createHome({ writeFrequency: 0 });
      t.after(() => home.remove());
      const options = tampered(tampering, path === undefined ? [] : [join(home.root, path)]);
      const server = await startServer(home, options);
      t.after(() => server.kill());
      const accepted: string[] = [];
      const refused: Record<string, unknown>[] = [];
      const answers: Reply[] = [];
      for (let i = 0, well = 0; i < 100 && well < 5; i++) {
        const event = envelope();
        const reply = await postEvent(server.url, event);
        answers.push(reply);
        if (reply.status === 202) accepted.push(String(event.eventId));
        else refused.push(event);
        well = refused.length > 0 && reply.status === 202 ? well + 1 : 0;
        await new Promise((resolve) => setTimeout(resolve, refused.length > 0 ? 100 : 10));
      }
      assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [202, 503], server.output());
      assert.equal(answers.at(-1)?.status, 202, 'it recovers by itself');
      for (const { status, headers, body } of answers) {
        if (status !== 503) continue;
        assert.match(String(headers['retry-after']), /^\d+$/);
        assert.equal(JSON.parse(body).status, 'error');
      }
      if (isFull) assert.match(server.output(), /disk full/);
      await server.kill();

      const again = await startServer(home);
      t.after(() => again.kill());
      // what a client does with what was refused
      for (const event of refused) {
        assert.equal((await postEvent(again.url, event)).status, 202);
        accepted.push(String(event.eventId));
      }
      assert.equal(await again.stop(), 0, again.output());
      const counts = await countsByEventId(home.parquet);
      assert.deepEqual([...counts.keys()].sort(), accepted.sort());
      assert.deepEqual(
        [...counts].filter(([, count]) => count !== 1),
        [],
      );
      assert.ok(readdirSync(home.log).filter((file) => file.endsWith('.ndjson')).length > 1, 'a new segment');
    });
  }
});
