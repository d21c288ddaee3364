import { basename } from 'node:path';
import { CodedError } from '../../domain/errors.ts';
import type { PreparedFile } from '../../pipeline/ports/cursor-store.ts';
import type { DurableFolder } from './durable-file.ts';

/**
 * Rule 19, from `prepare` on: gives the file its final name, durably, and replaces nothing. Called again after a crash at
 * any point it goes on from there. `occupied`: a file with other bytes has the name.
 * @throws CodedError EXPORT_WRITE_FAILED
 */
export async function publishPrepared(folder: DurableFolder, file: PreparedFile): Promise<'published' | 'occupied'> {
  const { temporaryPath, path, sha256 } = file;
  const temporary = await folder.inspect(temporaryPath);
  // Gone: published before a crash, and perhaps taken by its reader since. Without its folder nobody can tell.
  if (temporary === undefined) {
    await folder.sync();
    return 'published';
  }
  // A second name: a crash came between link and removal. The reader may have taken the file from its final name.
  if (temporary.links === 1 && (await folder.linkNew(temporaryPath, path)) === 'occupied') {
    if ((await folder.hashOf(path)) !== sha256) return 'occupied';
  }
  // The final name is durable before the temporary one goes: a power cut in between leaves both.
  await folder.sync();
  await folder.removeTemporary(temporaryPath);
  return 'published';
}

/** A prepared file from before a restart is published as it is, or not at all. @throws CodedError EXPORT_FILE_ALTERED */
export async function verifyPrepared(folder: DurableFolder, prepared: PreparedFile): Promise<void> {
  const present = await folder.hashOf(prepared.temporaryPath);
  if (present === undefined || present === prepared.sha256) return;
  throw new CodedError(
    'EXPORT_FILE_ALTERED',
    `${prepared.temporaryPath} was to be published as ${basename(prepared.path)}, but its contents have changed. ` +
      'Find out who writes there; move the file away to go on without it.',
    { file: prepared.temporaryPath, path: prepared.path },
  );
}
