import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chartPicture, createScreenshotHome, screenshotEvent } from '../screenshots/screenshot-home.ts';
import { envelope, postEvent } from '../support/audit-client.ts';
import { findTool, PROMETHEUS, skipWithout } from '../support/external-tools.ts';
import { type DashboardFile, dashboardFiles, queriesOf, withVariables } from '../support/grafana.ts';
import { Prometheus } from '../support/prometheus.ts';
import { type QlikStandIn, startQlikStandIn } from '../support/qlik-stand-in.ts';
import { eventually, type RunningServer, type ServerHome, startServer } from '../support/running-server.ts';

/** Of a running server: every label of every metric, `_bucket` and the like included. */
type Metrics = ReadonlyMap<string, ReadonlySet<string>>;

async function metricsOf({ viewerUrl }: RunningServer): Promise<Metrics> {
  const metrics = new Map<string, Set<string>>();
  const text = await (await fetch(`${viewerUrl}/metrics`)).text();
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = metrics.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    metrics.set(name, known);
  }
  return metrics;
}

/** With the first of what they count, and with the first look of the retention. */
const COME_LATE = [
  ...['destination_last_error_timestamp_seconds', 'destination_held_bytes'],
  ...['screenshots_saved_total', 'screenshots_failed_total', 'screenshots_retried_total'],
];

describe('health dashboard', () => {
  const file = dashboardFiles('prometheus')[0] as DashboardFile;
  let qlik: QlikStandIn;
  let home: ServerHome;
  let server: RunningServer;
  let metrics: Metrics;

  before(async () => {
    qlik = await startQlikStandIn({ requireLogin: false });
    qlik.setImage('tempcontent/a.png', await chartPicture(1));
    qlik.setBehaviour('tempcontent/a.png', 'status:503', { times: 1 });
    home = createScreenshotHome(qlik, {
      eventLog: { retentionDays: 1 },
      destination: `    destination: ${JSON.stringify({
        enable: true,
        type: 'parquet, json',
        parquet: { exportDirectory: 'parquet', writeFrequency: 50, dailyMerge: true },
        json: { objectdata: { enable: true, exportDirectory: 'objectdata' } },
      })}\n`,
    });
    writeFileSync(home.configFile, readFileSync(home.configFile, 'utf8').replace('mode: userTicket', 'mode: none'));
    writeFileSync(join(home.root, 'objectdata'), 'a file where the folder should be');
    server = await startServer(home);
    const event = { objectId: 'x', objectData: { measures: [1] } };
    const { payload, ...rest } = envelope({ type: 'object.visibility.changed' });
    const { context } = payload as { readonly context: object };
    assert.equal((await postEvent(server.url, { ...rest, payload: { context, event } })).status, 202);
    for (const url of [qlik.imageUrl('tempcontent/a.png', { http: true }), 'http://elsewhere.example/b.png']) {
      assert.equal((await postEvent(server.url, screenshotEvent(url, 'LAB\\anna'))).status, 202);
    }
    metrics = await eventually(async () => {
      const found = await metricsOf(server);
      return COME_LATE.every((name) => found.has(`butler_sos_audit_${name}`)) ? found : undefined;
    });
  });
  after(async () => {
    await server.kill();
    home.remove();
    await qlik.close();
  });

  it('names only metrics and labels that a running server has', () => {
    const queries = queriesOf(file);
    assert.ok(queries.length > 20);
    for (const { where, text } of queries) {
      const found = [...text.matchAll(/\b(butler_sos_audit_\w+)(?:\{([^}]*)\})?/g)];
      assert.ok(found.length > 0, where);
      for (const [, name = '', selector = ''] of found) {
        const labels = metrics.get(name);
        assert.ok(labels !== undefined, `${where}: there is no ${name}`);
        // `instance` comes from Prometheus, `le` from a histogram
        const grouped = [...text.matchAll(/by \(([\w, ]+)\)/g)].flatMap(([, list = '']) => list.split(/, */));
        const asked = [...selector.matchAll(/(\w+)=/g)].map(([, label = '']) => label);
        const unknown = [...asked, ...grouped].filter((label) => label !== 'instance' && !labels.has(label));
        assert.deepEqual(unknown, [], where);
      }
    }
  });

  it('a real Prometheus answers every query', { skip: skipWithout(PROMETHEUS) }, async () => {
    const prometheus = await Prometheus.start(findTool(PROMETHEUS) ?? '', server.viewerUrl);
    try {
      for (const { where, text, panel } of queriesOf(file)) {
        const [, series, label] = /^label_values\((\w+), (\w+)\)$/.exec(text) ?? [];
        const asked = withVariables(series ?? text, file.board)
          .replaceAll('$__rate_interval', '4s')
          .replaceAll('$__range', '10s');
        const answer = await eventually(async () => {
          const found = await prometheus.query(asked);
          return found.length > 0 ? found : undefined;
        }, 20_000).catch((error: unknown) => assert.fail(`${where}: ${error}\n${asked}`));
        if (label !== undefined)
          assert.ok(
            answer.every(({ metric }) => metric[label] !== undefined),
            where,
          );
        if (panel?.title === 'State') {
          assert.deepEqual(answer.map(({ metric }) => metric.destination).sort(), ['json', 'parquet']);
        }
      }
    } finally {
      await prometheus.remove();
    }
  });
});
