import { loadCommandConfig } from './command-config.ts';
import { carryOut } from './operator-request.ts';
import type { CommonOptions } from './program.ts';

/** Rule 12: what follows from the log is thrown away and built again from it; destinations notice nothing. */
export async function reindex(options: CommonOptions): Promise<void> {
  await carryOut(loadCommandConfig(options), { kind: 'reindex' });
}
