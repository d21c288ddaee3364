import { join } from 'node:path';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { FileSystem } from '../shared/file-system.ts';

const SEGMENT = /^(\d{16})\.ndjson$/;
const IDS = /^(\d{16})\.ids$/;

function digits(first: Sequence): string {
  return String(first).padStart(16, '0');
}

export function segmentPath(directory: string, first: Sequence): string {
  return join(directory, `${digits(first)}.ndjson`);
}

/** Rule 12: what retention leaves of a segment. */
export function idsPath(directory: string, first: Sequence): string {
  return join(directory, `${digits(first)}.ids`);
}

/** First sequences of the segments there, ascending. */
export function listSegments(fileSystem: FileSystem, directory: string): Promise<Sequence[]> {
  return listFirsts(fileSystem, directory, SEGMENT);
}

/** First sequences of the `.ids` files there, ascending. */
export function listIds(fileSystem: FileSystem, directory: string): Promise<Sequence[]> {
  return listFirsts(fileSystem, directory, IDS);
}

async function listFirsts(fileSystem: FileSystem, directory: string, pattern: RegExp): Promise<Sequence[]> {
  const names = await fileSystem.list(directory);
  const numbers = names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
  return numbers
    .filter((first) => Number.isSafeInteger(first) && first > 0)
    .sort((a, b) => a - b)
    .map(sequence);
}
