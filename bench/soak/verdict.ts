import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetRows } from '../../server/test/support/parquet-rows.ts';
import { qvdCountsByEventId } from '../../server/test/support/qvd-rows.ts';
import type { Acknowledged } from './client.ts';
import { type DestinationName, OBJECT_DATA_FOLDER, type SoakWorld } from './world.ts';

export interface DestinationVerdict {
  readonly name: DestinationName;
  /** Events with a 202 that ought to be there. */
  readonly expected: number;
  /** Of those, not found. */
  readonly lost: number;
  /** Events that are there more than once. */
  readonly doubled: number;
}

export interface PictureVerdict {
  /** Events with a 202 and a picture. */
  readonly expected: number;
  /** With all files that their row names. */
  readonly saved: number;
  /** With a reason in their row, by reason. */
  readonly failed: ReadonlyMap<string, number>;
  /** With neither, or with a file that is not there. */
  readonly unaccounted: number;
}

/** Reads back everything there is, and compares with what the client was told. */
export async function judge(
  world: SoakWorld,
  acknowledged: ReadonlyMap<string, Acknowledged>,
): Promise<{ readonly destinations: readonly DestinationVerdict[]; readonly pictures: PictureVerdict }> {
  const { root } = world.home;
  const rows = await parquetRows(join(root, 'parquet'), 'eventId, tags, screenshotSavedPaths, filename');
  const everyEvent = new Set(acknowledged.keys());
  const withObjectData = new Set([...acknowledged].filter(([, { hasObjectData }]) => hasObjectData).map(([id]) => id));
  const folder = join(root, OBJECT_DATA_FOLDER);
  const jsonIds = readdirSync(folder).map((name) => eventIdOf(join(folder, name)));
  return {
    destinations: [
      compared('influxdb', everyEvent, countsOf(await world.influxdb.eventIds())),
      compared('parquet', everyEvent, countsOf(rows.map(({ eventId }) => String(eventId)))),
      compared('qvd', everyEvent, await qvdCountsByEventId(join(root, 'qvd'))),
      compared('json', withObjectData, countsOf(jsonIds)),
    ],
    pictures: picturesIn(rows, acknowledged, root),
  };
}

function eventIdOf(path: string): string {
  return String((JSON.parse(readFileSync(path, 'utf8')) as { readonly eventId: unknown }).eventId);
}

function countsOf(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

export function compared(
  name: DestinationName,
  expected: ReadonlySet<string>,
  counts: ReadonlyMap<string, number>,
): DestinationVerdict {
  const lost = [...expected].filter((id) => !counts.has(id)).length;
  const doubled = [...counts.values()].filter((count) => count > 1).length;
  return { name, expected: expected.size, lost, doubled };
}

/** @param root the folder in which the paths of the rows begin */
export function picturesIn(
  rows: readonly Readonly<Record<string, unknown>>[],
  acknowledged: ReadonlyMap<string, Acknowledged>,
  root: string,
): PictureVerdict {
  const expected = [...acknowledged].filter(([, { hasPicture }]) => hasPicture).map(([id]) => id);
  const byId = new Map(rows.map((row) => [String(row.eventId), row]));
  const failed = new Map<string, number>();
  let saved = 0;
  for (const id of expected) {
    const row = byId.get(id);
    if (row === undefined) continue;
    const tags = JSON.parse(String(row.tags)) as {
      readonly screenshotStatus?: string;
      readonly screenshotReason?: string;
    };
    const paths = JSON.parse(String(row.screenshotSavedPaths ?? '[]')) as readonly string[];
    if (tags.screenshotStatus === 'saved' && paths.length > 0 && paths.every((path) => isThere(root, path))) saved++;
    if (tags.screenshotStatus === 'failed' && tags.screenshotReason !== undefined) {
      failed.set(tags.screenshotReason, (failed.get(tags.screenshotReason) ?? 0) + 1);
    }
  }
  const accounted = saved + [...failed.values()].reduce((sum, count) => sum + count, 0);
  return { expected: expected.length, saved, failed, unaccounted: expected.length - accounted };
}

function isThere(root: string, path: string): boolean {
  return existsSync(path) || existsSync(join(root, path));
}
