import { CodedError } from '../../../domain/errors.ts';
import { membersOf } from '../../../domain/payload-member.ts';
import type { InfluxdbConnection, VersionOptions } from './connection.ts';
import type { HttpReply, HttpRequest } from './http-client.ts';
import { type Failure, failureOf, isSuccess, jsonOf, sentenceOf } from './reply.ts';

export type Ask = (request: HttpRequest) => Promise<HttpReply>;

/** What one version of InfluxDB does in its own way. */
export interface Version {
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly writePath: string;
  /** Sees to it that writes have somewhere to go. `stopped` with INFLUXDB_ACCESS_DENIED: a write may be allowed still. */
  setUp(ask: Ask, nowMs: number): Promise<Failure | undefined>;
}

export function versionOf({ server, setting }: InfluxdbConnection): Version {
  if (server.version === 'incomplete') return incomplete(server.missing, setting);
  const answered: Answered = (reply, what, nowMs) => failureOf(reply, { what, nowMs, setting });
  if (server.version === 1) return versionOne(server, answered);
  return server.version === 2 ? versionTwo(server, answered) : versionThree(server, answered);
}

type Answered = (reply: HttpReply, what: string, nowMs: number) => Failure;

function incomplete(settings: readonly string[], setting: string): Version {
  const message = `The settings of ${setting} are incomplete: set ${settings.join(', ')}.`;
  const error = new CodedError('CONFIG_INVALID', message);
  return { headers: {}, secrets: [], writePath: '', setUp: async () => ({ kind: 'stopped', error }) };
}

type Options<N extends 1 | 2 | 3> = Extract<VersionOptions, { readonly version: N }>;

function versionOne({ credentials, dbName, retentionPolicy }: Options<1>, answered: Answered): Version {
  const pair = credentials === undefined ? undefined : `${credentials.username}:${credentials.password}`;
  const basic = pair === undefined ? undefined : Buffer.from(pair).toString('base64');
  return {
    headers: basic === undefined ? {} : { authorization: `Basic ${basic}` },
    secrets: basic === undefined ? [] : [basic, credentials?.password ?? ''],
    writePath: `/write?${new URLSearchParams({
      db: dbName,
      ...(retentionPolicy === undefined ? {} : { rp: retentionPolicy.name }),
      precision: 'ns',
    })}`,
    async setUp(ask, nowMs) {
      const query = async (q: string) => {
        const method = q.startsWith('SHOW ') ? 'GET' : 'POST';
        return namesOf(q, await ask({ method, path: `/query?${new URLSearchParams({ q })}` }), nowMs, answered);
      };
      const steps: string[] = [];
      const present = await query('SHOW DATABASES');
      if ('failure' in present) return present.failure;
      const isNew = !present.names.includes(dbName);
      if (isNew) steps.push(`CREATE DATABASE ${identifier(dbName)}`);
      if (retentionPolicy !== undefined) {
        const { name, duration } = retentionPolicy;
        const policies = isNew ? { names: [] } : await query(`SHOW RETENTION POLICIES ON ${identifier(dbName)}`);
        if ('failure' in policies) return policies.failure;
        if (isNew && name === OWN_POLICY) {
          steps[0] = `${steps[0]} WITH DURATION ${duration} REPLICATION 1 NAME ${identifier(name)}`;
        } else if (!policies.names.includes(name)) {
          const byDefault = isNew ? ' DEFAULT' : '';
          steps.push(
            `CREATE RETENTION POLICY ${identifier(name)} ON ${identifier(dbName)} DURATION ${duration} REPLICATION 1${byDefault}`,
          );
        }
      }
      for (const step of steps) {
        const done = await query(step);
        if ('failure' in done) return done.failure;
      }
      return undefined;
    },
  };
}

/** A new database comes with a policy of this name, for ever, unless another duration is asked for with it. */
const OWN_POLICY = 'autogen';

type Names = { readonly names: readonly unknown[] } | { readonly failure: Failure };

/** The first column of an InfluxQL answer; its errors come with status 200. */
function namesOf(statement: string, reply: HttpReply, nowMs: number, answered: Answered): Names {
  if (!isSuccess(reply)) return { failure: answered(reply, statement, nowMs) };
  const { error } = resultOf(jsonOf(reply));
  if (typeof error === 'string') {
    const code = /not authorized|requires admin/i.test(error) ? 'INFLUXDB_ACCESS_DENIED' : 'INFLUXDB_MISSING';
    const message = `InfluxDB answered ${statement} with: ${error}.`;
    return { failure: { kind: 'stopped', error: new CodedError(code, message) } };
  }
  const rows = listOf(resultOf(found(reply)).series).flatMap((one) => listOf(membersOf(one).values));
  return { names: rows.map((row) => listOf(row)[0]) };
}

/** Of the one statement. */
function resultOf(answer: unknown): Readonly<Record<string, unknown>> {
  return membersOf(listOf(membersOf(answer).results)[0]);
}

/** What a look-up has found, names as they are. */
function found({ unmasked }: HttpReply): unknown {
  return jsonOf({ text: unmasked });
}

function identifier(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

function versionTwo({ org, bucket, description, token, retentionSeconds }: Options<2>, answered: Answered): Version {
  return {
    headers: { authorization: `Token ${token}` },
    secrets: [token],
    writePath: `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ns' })}`,
    async setUp(ask, nowMs) {
      const orgs = await ask({ method: 'GET', path: `/api/v2/orgs?${new URLSearchParams({ org })}` });
      if (takesWritesOnly(orgs)) return undefined;
      if (orgs.status === 404) return missing(`The organisation "${org}"`, `influx org create --name '${org}'`);
      if (!isSuccess(orgs)) return answered(orgs, 'the look-up of the organisation', nowMs);
      const { id } = membersOf(listOf(membersOf(found(orgs)).orgs)[0]);
      if (typeof id !== 'string') return invisible(org, bucket);
      const look = new URLSearchParams({ orgID: id, name: bucket });
      const buckets = await ask({ method: 'GET', path: `/api/v2/buckets?${look}` });
      if (!isSuccess(buckets) && buckets.status !== 404) return answered(buckets, 'the look-up of the bucket', nowMs);
      const present = isSuccess(buckets) ? listOf(membersOf(found(buckets)).buckets) : [];
      if (present.some((one) => membersOf(one).name === bucket)) return undefined;
      const rules = retentionSeconds === 0 ? [] : [{ type: 'expire', everySeconds: retentionSeconds }];
      const text = JSON.stringify({ orgID: id, name: bucket, description, retentionRules: rules });
      const made = await ask({ method: 'POST', path: '/api/v2/buckets', body: { type: 'application/json', text } });
      // 422 conflict: somebody else has made it meanwhile
      const isThere = isSuccess(made) || (made.status === 422 && /already exists/.test(sentenceOf(made)));
      return isThere ? undefined : answered(made, `the making of the bucket "${bucket}"`, nowMs);
    },
  };
}

/** Other servers that take the writes (of version 2: VictoriaMetrics, InfluxDB 1.8) have nothing to look up. */
function takesWritesOnly(reply: HttpReply): boolean {
  return [400, 404, 405, 501].includes(reply.status) && typeof membersOf(jsonOf(reply)).code !== 'string';
}

/** Writing would make the database, without its retention; so it is looked for first. */
function versionThree({ database, token, retentionDuration }: Options<3>, answered: Answered): Version {
  return {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    secrets: token === undefined ? [] : [token],
    writePath: `/api/v3/write_lp?${new URLSearchParams({
      db: database,
      precision: 'nanosecond',
      accept_partial: 'true',
      no_sync: 'false',
    })}`,
    async setUp(ask, nowMs) {
      const reply = await ask({ method: 'GET', path: '/api/v3/configure/database?format=json' });
      if (takesWritesOnly(reply)) return undefined;
      if (!isSuccess(reply)) return answered(reply, 'the look-up of the database', nowMs);
      const names = listOf(found(reply)).map((one) => membersOf(one)['iox::database']);
      if (names.includes(database)) return undefined;
      const retention = retentionDuration === '0s' ? '' : ` --retention-period ${retentionDuration}`;
      return missing(`The database "${database}"`, `influxdb3 create database${retention} '${database}'`);
    },
  };
}

/** It is there, since an unknown one is answered with 404; a token that may only write does not see it. */
function invisible(org: string, bucket: string): Failure {
  const advice = `It can write to the bucket "${bucket}" where that is there, and not make it.`;
  const message = `The token may not see the organisation "${org}". ${advice}`;
  return { kind: 'stopped', error: new CodedError('INFLUXDB_ACCESS_DENIED', message) };
}

function missing(what: string, command: string): Failure {
  const message = `${what} is not in InfluxDB. Make it with: ${command}`;
  return { kind: 'stopped', error: new CodedError('INFLUXDB_MISSING', message) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
