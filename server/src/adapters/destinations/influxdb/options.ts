import { CodedError } from '../../../domain/errors.ts';
import type { JsonSchema, OptionsSchema } from '../../../pipeline/ports/destination.ts';
import { STATIC_TAGS_SCHEMA } from '../../shared/file-options.ts';
import { OWN_NAMES, type PointOptions, type TagProfile } from './encode.ts';
import { retentionSeconds, SHORTEST_SECONDS } from './retention-duration.ts';

/** What each version needs; a retention in seconds, 0 = for ever. */
export type VersionOptions =
  /** Excerpts of the documents name `influxdb` without its settings: such a file works, and this destination waits. */
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

export interface InfluxdbOptions {
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
  readonly tls: { readonly ca?: string; readonly rejectUnauthorized: boolean };
  readonly maxBatchSize: number;
  readonly writeFrequencyMs: number;
  readonly point: PointOptions;
  readonly server: VersionOptions;
}

interface InfluxdbSection {
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
  readonly tls: { readonly enable: boolean; readonly ca?: string | null; readonly rejectUnauthorized: boolean };
  readonly version: 1 | 2 | 3;
  readonly maxBatchSize: number;
  readonly writeFrequency: number;
  readonly measurementName: string;
  readonly auditEventSchemaVersion: string;
  readonly tagProfile: TagProfile;
  readonly staticTags: readonly { readonly name: string; readonly value: string | number | boolean }[] | null;
  readonly v1Config: Texts<'dbName'> & {
    readonly auth: Texts<'username' | 'password'> & { readonly enable: boolean };
    readonly retentionPolicy: Texts<'name' | 'duration'>;
  };
  readonly v2Config: Texts<'org' | 'bucket' | 'description' | 'token' | 'retentionDuration'>;
  readonly v3Config: Texts<'database' | 'token' | 'retentionDuration'> & { readonly writeTimeout: number };
}

type Texts<Name extends string> = { readonly [N in Name]?: string | null };

/** `destination.influxdb` */
export const influxdbOptions: OptionsSchema<InfluxdbOptions> = {
  jsonSchema: section('InfluxDB 1, 2 or 3: one point per event.', {
    host: { description: 'Host.', type: 'string', minLength: 1, default: 'localhost' },
    port: { description: 'Port.', type: 'integer', minimum: 0, maximum: 65_535, default: 8086 },
    https: flag('Use https; the same as `tls.enable`.', false),
    tls: section('How https is used.', {
      enable: flag('Use https.', false),
      ca: text('File with the certificate (PEM) of the authority that signed the server’s, beside the known ones.', {
        'x-path': true,
      }),
      rejectUnauthorized: flag('Refuse a server whose certificate cannot be verified.', true),
    }),
    version: { description: 'Version of InfluxDB.', enum: [1, 2, 3], default: 2 },
    maxBatchSize: {
      description: 'Events are written as soon as this many wait; no write has more.',
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 1000,
    },
    writeFrequency: milliseconds('They are written after this long, however few; 0 writes each at once.', 0, 20_000),
    measurementName: {
      description: 'One measurement for all events.',
      type: 'string',
      minLength: 1,
      default: 'audit_event',
    },
    auditEventSchemaVersion: {
      description: 'Written as a tag of that name.',
      type: 'string',
      minLength: 1,
      default: '1',
    },
    staticTags: { ...STATIC_TAGS_SCHEMA, description: 'Constant tags of every point.' },
    tagProfile: {
      description:
        '`documented`: the tags of the public documents, a series for every event, which InfluxDB 1 and 2 bear up to about a million events. `low-cardinality`: `eventId`, `correlationId` and `selectionTxnId` are fields instead.',
      enum: ['documented', 'low-cardinality'],
      default: 'documented',
    },
    v1Config: section('For version 1.', {
      auth: section('Log-in.', {
        enable: flag('Log in.', false),
        username: text('Name.', { examples: ['audit'] }),
        password: secret('Password.', `\${INFLUXDB_PASSWORD}`),
      }),
      dbName: text('Database, made when it is missing.', { examples: ['audit'] }),
      retentionPolicy: section('Retention policy, made when it is missing.', {
        name: text('Name.', { examples: ['audit'] }),
        duration: text('Duration, such as `10d`; `0s` for ever.', { examples: ['0s'] }),
      }),
    }),
    v2Config: section('For version 2.', {
      org: text('Organisation.', { examples: ['my-org'] }),
      bucket: text('Bucket, made when it is missing.', { examples: ['butler-audit'] }),
      description: text('Description of the bucket.', { examples: ['Audit events'] }),
      token: secret('Access token.', `\${INFLUXDB_TOKEN}`),
      retentionDuration: text('Retention of the bucket, such as `10d`; `0s` for ever.', { examples: ['0s'] }),
    }),
    v3Config: section('For version 3.', {
      database: text('Database. It is not made: the log shows the command that makes it.', { examples: ['audit'] }),
      description: text('Description.', { examples: ['Audit events'] }),
      token: secret('Access token.', `\${INFLUXDB_TOKEN}`),
      retentionDuration: text('Retention; `0s` for ever.', { examples: ['0s'] }),
      writeTimeout: milliseconds('Give up a write after this long.', 1000, 10_000),
    }),
  }),
  parse(raw) {
    const given = raw as InfluxdbSection;
    const staticTags = (given.staticTags ?? []).map(({ name, value }) => ({ name, value: String(value) }));
    checkStaticTags(staticTags.map(({ name }) => name));
    if (/^#|[\n\r]|\\$/.test(given.measurementName)) {
      throw invalid('measurementName', 'a name in one line that neither starts with # nor ends with a backslash');
    }
    const { ca } = given.tls;
    return {
      host: given.host,
      port: given.port,
      https: given.https || given.tls.enable,
      tls: { rejectUnauthorized: given.tls.rejectUnauthorized, ...(isGiven(ca) ? { ca } : {}) },
      maxBatchSize: given.maxBatchSize,
      writeFrequencyMs: given.writeFrequency,
      point: {
        measurementName: given.measurementName,
        auditEventSchemaVersion: given.auditEventSchemaVersion,
        staticTags,
        tagProfile: given.tagProfile,
      },
      server: versionOptions(given),
    };
  },
};

function versionOptions(given: InfluxdbSection): VersionOptions {
  const { version, v1Config, v2Config, v3Config } = given;
  const missing = neededKeys(given).flatMap(([key, value]) => (isGiven(value) ? [] : [settingOf(key)]));
  if (missing.length > 0) return { version: 'incomplete', missing };
  if (version === 1) return { version, ...versionOne(v1Config) };
  if (version === 2) {
    return {
      version,
      org: v2Config.org ?? '',
      bucket: v2Config.bucket ?? '',
      description: v2Config.description ?? '',
      token: headerSafe('v2Config.token', v2Config.token) ?? '',
      retentionSeconds: secondsOf('v2Config.retentionDuration', v2Config.retentionDuration),
    };
  }
  secondsOf('v3Config.retentionDuration', v3Config.retentionDuration);
  return {
    version,
    database: v3Config.database ?? '',
    token: headerSafe('v3Config.token', v3Config.token),
    retentionDuration: v3Config.retentionDuration ?? '0s',
    writeTimeoutMs: v3Config.writeTimeout,
  };
}

function neededKeys({ version, v1Config, v2Config, v3Config }: InfluxdbSection) {
  const { auth } = v1Config;
  const keys: Readonly<Record<1 | 2 | 3, readonly (readonly [string, string | null | undefined])[]>> = {
    1: [
      ['v1Config.dbName', v1Config.dbName],
      ...(auth.enable ? [['v1Config.auth.username', auth.username] as const] : []),
    ],
    2: [
      ['v2Config.org', v2Config.org],
      ['v2Config.bucket', v2Config.bucket],
      ['v2Config.token', v2Config.token],
    ],
    3: [['v3Config.database', v3Config.database]],
  };
  return keys[version];
}

function versionOne({ auth, dbName, retentionPolicy }: InfluxdbSection['v1Config']) {
  const { name, duration } = retentionPolicy;
  const seconds = secondsOf('v1Config.retentionPolicy.duration', duration);
  return {
    dbName: dbName ?? '',
    ...(auth.enable ? { credentials: { username: auth.username ?? '', password: auth.password ?? '' } } : {}),
    ...(isGiven(name) ? { retentionPolicy: { name, duration: seconds === 0 ? 'INF' : `${seconds}s` } } : {}),
  };
}

/** Under an hour InfluxDB answers with an error of its own making: found here, before anything is sent. */
function secondsOf(key: string, duration: string | null | undefined): number {
  if (!isGiven(duration)) return 0;
  const seconds = retentionSeconds(duration);
  if (seconds === undefined) throw invalid(key, `a duration such as 10d, 12h or 0s (for ever), found "${duration}"`);
  if (seconds !== 0 && seconds < SHORTEST_SECONDS) {
    throw invalid(key, `at least one hour (1h), which is the least that InfluxDB keeps, or 0s, found "${duration}"`);
  }
  return seconds;
}

function checkStaticTags(names: readonly string[]): void {
  for (const [i, name] of names.entries()) {
    if (OWN_NAMES.has(name) || name.endsWith('_exact')) {
      throw invalid('staticTags', `names that the points do not have already, found "${name}"`);
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them can stand in the name of a tag
    if (/[\u0000-\u001f\u007f]|\\$|^_/.test(name)) {
      throw invalid('staticTags', `names without control characters, leading _ and trailing \\, found "${name}"`);
    }
    if (names.indexOf(name) !== i) throw invalid('staticTags', `each name once, found "${name}" twice`);
  }
}

/** What cannot stand in an HTTP header is a mistake; it is not repeated in the message. */
function headerSafe(key: string, token: string | null | undefined): string | undefined {
  if (!isGiven(token)) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw invalid(key, 'a token of plain characters without blanks, found others');
}

function isGiven(value: string | null | undefined): value is string {
  return value !== null && value !== undefined && value !== '';
}

function invalid(key: string, expected: string): CodedError {
  const setting = settingOf(key);
  const problem = `expected ${expected}`;
  return new CodedError('CONFIG_INVALID', `${setting}: ${problem}.`, { setting, problem });
}

function settingOf(key: string): string {
  return `Butler-SOS.auditEvents.destination.influxdb.${key}`;
}

function section(description: string, properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { description, type: 'object', additionalProperties: false, default: {}, properties };
}

function flag(description: string, byDefault: boolean): JsonSchema {
  return { description, type: 'boolean', default: byDefault };
}

/** Left empty it is as left out. */
function text(description: string, more: JsonSchema): JsonSchema {
  return { description, type: 'string', ...more };
}

function secret(description: string, example: string): JsonSchema {
  return { description, type: 'string', 'x-secret': true, examples: [example] };
}

function milliseconds(description: string, minimum: number, byDefault: number): JsonSchema {
  return { description, type: 'number', minimum, maximum: 2_147_483_647, default: byDefault, 'x-unit': 'ms' };
}
