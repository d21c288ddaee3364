import { membersOf } from '../../domain/payload-member.ts';
import type { ScreenshotFile } from '../../domain/screenshot-outcome.ts';

/** The files that an outcome record names. What is not a file description is left out; never throws. */
export function pictureFilesOf(envelope: unknown): readonly ScreenshotFile[] {
  const { files } = membersOf(membersOf(envelope).payload);
  return Array.isArray(files) ? files.map(fileOf).filter((file) => file !== undefined) : [];
}

function fileOf(value: unknown): ScreenshotFile | undefined {
  const { path, role, sha256, bytes, width, height } = membersOf(value);
  if (typeof path !== 'string' || typeof role !== 'string' || typeof sha256 !== 'string') return undefined;
  return { path, role, sha256, bytes: whole(bytes), width: whole(width), height: whole(height) };
}

function whole(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
