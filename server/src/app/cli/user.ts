import { stringify } from 'yaml';
import { createPrivateFolder } from '../../adapters/shared/private-folder.ts';
import { AccessFile } from '../../adapters/viewer-access/access-file.ts';
import type { Account } from '../../adapters/viewer-access/accounts.ts';
import { hashPassword } from '../../adapters/viewer-access/password-hash.ts';
import type { AuditConfig } from '../config/config.ts';
import { loadCommandConfig } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { print } from './output.ts';
import { askPassword } from './password-prompt.ts';
import type { AccountOptions, CommonOptions } from './program.ts';
import { formatTable } from './table.ts';

const SHORTEST_PASSWORD = 12;

export async function userAdd(
  name: string,
  options: CommonOptions & AccountOptions & { readonly print?: true },
): Promise<void> {
  const { config } = loadCommandConfig(options);
  const isConfigured = config.viewer.users.some((user) => user.name === name);
  if (isConfigured && options.print !== true) {
    throw new CommandFailure(
      `${name} stands in viewer.users of the configuration. Change it there (--print makes an entry).`,
    );
  }
  const password = await askPassword(`Password for ${name}: `);
  if ([...password].length < SHORTEST_PASSWORD) {
    throw new CommandFailure(`A password needs at least ${SHORTEST_PASSWORD} characters.`);
  }
  const account: Account = { name, passwordHash: await hashPassword(password), ...rightsOf(options) };
  if (options.print === true) {
    print(stringify([account]));
    return;
  }
  const file = accessFile(config);
  const isNew = !file.entries().users.some((user) => user.name === name);
  file.change(({ users, tokens }) => ({ users: [...users.filter((user) => user.name !== name), account], tokens }));
  print(`${isNew ? 'Added' : 'Changed'} ${name} (${summaryOf(account)}).\n`);
}

export async function userList(options: CommonOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const rows = [
    ...config.viewer.users.map((user) => [user.name, summaryOf(user), 'configuration']),
    ...accessFile(config)
      .entries()
      .users.map((user) => [user.name, summaryOf(user), 'beside the log']),
  ];
  print(
    formatTable(['name', 'rights', 'kept'], rows) ||
      'No accounts. "butler-sos-audit open" opens the page without one.\n',
  );
}

export async function userRemove(name: string, options: CommonOptions): Promise<void> {
  const { config } = loadCommandConfig(options);
  const file = accessFile(config);
  if (!file.entries().users.some((user) => user.name === name)) {
    throw new CommandFailure(`No account called ${name} is kept beside the log; see "user list".`);
  }
  file.change(({ users, tokens }) => ({ users: users.filter((user) => user.name !== name), tokens }));
  print(`Removed ${name}.\n`);
}

export function accessFile(config: AuditConfig): AccessFile {
  createPrivateFolder(config.eventLog.directory);
  return new AccessFile(config.eventLog.directory);
}

export function rightsOf({ role, apps, pictures, objectData }: AccountOptions): Omit<Account, 'name' | 'passwordHash'> {
  const ids = apps
    ?.split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids?.length === 0) throw new CommandFailure('--apps needs at least one id of an app.');
  if (role === 'admin' && (ids !== undefined || !pictures || !objectData)) {
    throw new CommandFailure('An administrator sees everything: give --role reader to limit what it may see.');
  }
  return { role, pictures, objectData, ...(ids === undefined ? {} : { apps: ids }) };
}

export function summaryOf({ role, apps, pictures, objectData }: Omit<Account, 'passwordHash'>): string {
  return [
    role,
    apps === undefined ? 'all apps' : `apps ${apps.join(', ')}`,
    ...(pictures ? [] : ['no pictures']),
    ...(objectData ? [] : ['no object data']),
  ].join('; ');
}
