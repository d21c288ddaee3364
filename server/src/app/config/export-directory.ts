import { resolve } from 'node:path';
import { type BatchFileSection, batchFileOptions } from '../../adapters/shared/file-options.ts';
import type { AuditConfig, DestinationConfig } from './config.ts';

/** Where a destination writes its files, absolute; undefined for one that writes none. */
export function exportDirectoryOf({ root }: AuditConfig, { rawOptions }: DestinationConfig): string | undefined {
  const objectData = rawOptions.objectdata;
  const nested =
    typeof objectData === 'object' && objectData !== null && 'exportDirectory' in objectData
      ? objectData.exportDirectory
      : undefined;
  const directory = rawOptions.exportDirectory ?? nested;
  return typeof directory === 'string' ? resolve(root, directory) : undefined;
}

/** Where it makes a file of each day, absolute; undefined for one that does not. */
export function dailyDirectoryOf({ root }: AuditConfig, { type, rawOptions }: DestinationConfig): string | undefined {
  if (rawOptions.dailyMerge !== true) return undefined;
  const { dailyDirectory } = batchFileOptions(rawOptions as unknown as BatchFileSection, type);
  return dailyDirectory === undefined ? undefined : resolve(root, dailyDirectory);
}
