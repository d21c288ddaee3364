import type { ChildServer } from './child-server.ts';
import { readCpu } from './process-usage.ts';

/** The sum of a metric over all its labels that contain `labels`; undefined when the server has no such metric. */
async function readMetric(server: ChildServer, name: string, labels = ''): Promise<number | undefined> {
  const text = await (await fetch(`${server.viewerUrl}/metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** Log positions that a destination has not settled yet. */
export async function lagOf(server: ChildServer, destination: string): Promise<number> {
  const lag = await readMetric(server, 'butler_sos_audit_destination_lag_events', `destination="${destination}"`);
  if (lag === undefined) throw new Error(`the server shows no lag of the destination ${destination}`);
  return lag;
}

export async function deliveredTo(server: ChildServer, destination: string): Promise<number> {
  return (
    (await readMetric(server, 'butler_sos_audit_destination_delivered_total', `destination="${destination}"`)) ?? 0
  );
}

/** Resolves when every follower has caught up, judged by the CPU: less than 5 % of a core for a second. */
export async function untilIdle(server: ChildServer, withinMs = 600_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (let quiet = 0; quiet < 2; ) {
    const before = readCpu(server.pid);
    await delay(500);
    const after = readCpu(server.pid);
    if (before === undefined || after === undefined) return;
    quiet = after.all - before.all < 25_000 ? quiet + 1 : 0;
    if (performance.now() > deadline) throw new Error(`the server is still busy after ${withinMs} ms`);
  }
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
