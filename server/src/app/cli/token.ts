import { hash, randomBytes } from 'node:crypto';
import { systemClock } from '../../adapters/system-clock/system-clock.ts';
import { toIsoString } from '../../domain/epoch-millis.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { print } from './output.ts';
import type { AccountOptions, CommonOptions } from './program.ts';
import { formatTable } from './table.ts';
import { accessFile, rightsOf, summaryOf } from './user.ts';

/** For scripts: `Authorization: Bearer …`. */
export async function tokenAdd(name: string, options: CommonOptions & AccountOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const file = accessFile(config);
  if (file.entries().tokens.some((token) => token.name === name)) {
    throw new CommandFailure(`There is a token called ${name}. Remove it first, or choose another name.`);
  }
  const secret = randomBytes(32).toString('base64url');
  const createdAt = toIsoString(systemClock.now());
  const token = { name, sha256: hash('sha256', secret, 'hex'), createdAt, ...rightsOf(options) };
  file.change(({ users, tokens }) => ({ users, tokens: [...tokens, token] }));
  print(`${secret}\n`);
}

export async function tokenList(options: CommonOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const rows = accessFile(config)
    .entries()
    .tokens.map((token) => [token.name, summaryOf(token), token.createdAt]);
  print(formatTable(['name', 'rights', 'made'], rows) || 'No tokens.\n');
}

export async function tokenRemove(name: string, options: CommonOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const file = accessFile(config);
  if (!file.entries().tokens.some((token) => token.name === name)) {
    throw new CommandFailure(`No token is called ${name}; see "token list".`);
  }
  file.change(({ users, tokens }) => ({ users, tokens: tokens.filter((token) => token.name !== name) }));
  print(`Removed ${name}.\n`);
}
