import { writeFileSync } from 'node:fs';
import { generateEnvelopes } from '../../server/src/app/simulate/event-stream.ts';

const POOL_SIZE = 2000;
const ID = /("eventId":")[^"]+/;

/** An envelope in two halves, between which every request puts an id of its own. */
export interface SplitBody {
  readonly head: string;
  readonly tail: string;
}

/** Realistic envelopes, the same for the same seed. */
export function bodyPool(seed: number): readonly SplitBody[] {
  return generateEnvelopes(POOL_SIZE, seed).map((text) => {
    const match = ID.exec(text);
    const at = (match?.index ?? 0) + (match?.[1]?.length ?? 0);
    return { head: text.slice(0, at), tail: text.slice(text.indexOf('"', at)) };
  });
}

/** For wrk: head and tail on lines of their own. */
export function writePool(file: string, seed: number): void {
  writeFileSync(
    file,
    bodyPool(seed)
      .map(({ head, tail }) => `${head}\n${tail}\n`)
      .join(''),
  );
}
