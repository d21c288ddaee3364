import { isIP } from 'node:net';
import { invalidSetting } from '../invalid-setting.ts';
import { retentionSeconds, SHORTEST_SECONDS } from './retention-duration.ts';

/** What each version needs; a retention in seconds, 0 = for ever. */
export type VersionOptions =
  /** Excerpts of the documents name `influxdb` without its settings: such a file works, and nothing is written. */
  | { readonly version: 'incomplete'; readonly missing: readonly string[] }
  | {
      readonly version: 1;
      readonly credentials?: { readonly username: string; readonly password: string };
      readonly dbName: string;
      readonly retentionPolicy?: { readonly name: string; readonly duration: string };
    }
  | {
      readonly version: 2;
      readonly org: string;
      readonly bucket: string;
      readonly description: string;
      readonly token: string;
      readonly retentionSeconds: number;
    }
  | {
      readonly version: 3;
      readonly database: string;
      readonly token: string | undefined;
      readonly retentionDuration: string;
      readonly writeTimeoutMs: number;
    };

/** An InfluxDB and where it is. */
export interface InfluxdbConnection {
  /** Where in the configuration it stands, for messages: `destination.influxdb`. */
  readonly setting: string;
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized: boolean };
  readonly server: VersionOptions;
}

/** As the configuration has it; what is left out or empty has no value. */
export interface ConnectionSection {
  readonly host: string;
  readonly port: number;
  readonly https?: boolean;
  readonly tls?: { readonly enable: boolean; readonly ca?: string | null; readonly rejectUnauthorized: boolean };
  readonly version: 1 | 2 | 3;
  readonly v1Config?: Texts<'dbName'> & {
    readonly auth?: Texts<'username' | 'password'> & { readonly enable?: boolean | null };
    readonly retentionPolicy?: Texts<'name' | 'duration'>;
  };
  readonly v2Config?: Texts<'org' | 'bucket' | 'description' | 'token' | 'retentionDuration'>;
  readonly v3Config?: Texts<'database' | 'token' | 'retentionDuration'> & { readonly writeTimeout?: number | null };
}

type Texts<Name extends string> = { readonly [N in Name]?: string | null };

const WRITE_TIMEOUT_MS = 10_000;

/**
 * @param path of the section, from `Butler-SOS` on
 * @throws CodedError CONFIG_INVALID
 */
export function parseConnection(given: ConnectionSection, path: string): InfluxdbConnection {
  const ca = given.tls?.ca;
  return {
    setting: path.replace('Butler-SOS.auditEvents.', ''),
    host: hostOf(given, path),
    port: given.port,
    https: given.https === true || given.tls?.enable === true,
    tls: { rejectUnauthorized: given.tls?.rejectUnauthorized ?? true, ...(isGiven(ca) ? { ca } : {}) },
    server: versionOptions(given, path),
  };
}

/** An address with scheme, port or path is the usual mistake: it is told what to write instead. */
function hostOf({ host, https }: ConnectionSection, path: string): string {
  if (isIP(host) !== 0 || /^[^\s:/\\?#@[\]]+$/.test(host)) return host;
  const address = /^[a-z][\w+.-]*:\/\//i.test(host) ? host : `http://${host}`;
  const expected = 'a host name or an IP address without scheme, port and path';
  // not repeated: it may have a password
  if (host.includes('@') || !URL.canParse(address))
    throw invalidSetting(`${path}.host`, `${expected}, found something else`);
  const { protocol, hostname, port } = new URL(address);
  const settings = [
    `host: ${hostname.startsWith('[') ? `"${hostname.slice(1, -1)}"` : hostname}`,
    ...(port === '' ? [] : [`port: ${port}`]),
    ...(protocol === 'https:' && https !== undefined ? ['https: true'] : []),
  ];
  throw invalidSetting(`${path}.host`, `${expected}, found "${host}"; write ${settings.join(', ')}`);
}

function versionOptions(given: ConnectionSection, path: string): VersionOptions {
  const { version, v1Config, v2Config, v3Config } = given;
  const missing = neededKeys(given).flatMap(([key, value]) => (isGiven(value) ? [] : [`${path}.${key}`]));
  if (missing.length > 0) return { version: 'incomplete', missing };
  if (version === 1) return { version, ...versionOne(v1Config ?? {}, path) };
  if (version === 2) {
    return {
      version,
      org: v2Config?.org ?? '',
      bucket: v2Config?.bucket ?? '',
      description: v2Config?.description ?? '',
      token: headerSafe(`${path}.v2Config.token`, v2Config?.token) ?? '',
      retentionSeconds: secondsOf(`${path}.v2Config.retentionDuration`, v2Config?.retentionDuration),
    };
  }
  const isForEver = secondsOf(`${path}.v3Config.retentionDuration`, v3Config?.retentionDuration) === 0;
  return {
    version,
    database: v3Config?.database ?? '',
    token: headerSafe(`${path}.v3Config.token`, v3Config?.token),
    retentionDuration: isForEver ? '0s' : (v3Config?.retentionDuration ?? ''),
    writeTimeoutMs: v3Config?.writeTimeout ?? WRITE_TIMEOUT_MS,
  };
}

function neededKeys({ version, v1Config, v2Config, v3Config }: ConnectionSection) {
  const auth = v1Config?.auth;
  const keys: Readonly<Record<1 | 2 | 3, readonly (readonly [string, string | null | undefined])[]>> = {
    1: [
      ['v1Config.dbName', v1Config?.dbName],
      ...(auth?.enable === true ? [['v1Config.auth.username', auth.username] as const] : []),
    ],
    2: [
      ['v2Config.org', v2Config?.org],
      ['v2Config.bucket', v2Config?.bucket],
      ['v2Config.token', v2Config?.token],
    ],
    3: [['v3Config.database', v3Config?.database]],
  };
  return keys[version];
}

function versionOne({ auth, dbName, retentionPolicy }: NonNullable<ConnectionSection['v1Config']>, path: string) {
  const { name, duration } = retentionPolicy ?? {};
  const seconds = secondsOf(`${path}.v1Config.retentionPolicy.duration`, duration);
  const credentials = { username: auth?.username ?? '', password: auth?.password ?? '' };
  return {
    dbName: dbName ?? '',
    ...(auth?.enable === true ? { credentials } : {}),
    ...(isGiven(name) ? { retentionPolicy: { name, duration: seconds === 0 ? 'INF' : `${seconds}s` } } : {}),
  };
}

/** Under an hour InfluxDB answers with an error of its own making: found here, before anything is sent. */
function secondsOf(setting: string, duration: string | null | undefined): number {
  if (!isGiven(duration)) return 0;
  const seconds = retentionSeconds(duration);
  if (seconds === undefined)
    throw invalidSetting(setting, `a duration such as 10d, 12h or 0s (for ever), found "${duration}"`);
  if (seconds !== 0 && seconds < SHORTEST_SECONDS) {
    throw invalidSetting(
      setting,
      `at least one hour (1h), which is the least that InfluxDB keeps, or 0s, found "${duration}"`,
    );
  }
  return seconds;
}

/** What cannot stand in an HTTP header is a mistake; it is not repeated in the message. */
function headerSafe(setting: string, token: string | null | undefined): string | undefined {
  if (!isGiven(token)) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw invalidSetting(setting, 'a token of plain characters without blanks, found others');
}

function isGiven(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== '';
}
