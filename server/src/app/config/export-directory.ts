import { resolve } from 'node:path';
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
