import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { linesOf, type ParsedField, type ParsedPoint, parseLine, UnparsableLine } from './line-protocol-parser.ts';

export interface StandInReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Bucket {
  readonly name: string;
  readonly description: string;
  readonly retentionRules: readonly { readonly type: string; readonly everySeconds: number }[];
}

const ORG_ID = '0123456789abcdef';
const HOUR_SECONDS = 3600;

/**
 * Answers like InfluxDB 2.7.12 was seen to answer, or as the vendor's API documents say of InfluxDB 3 Core. Strict: what
 * a real one might let pass is a complaint here. Holds the points in memory.
 */
export class InfluxdbStandIn {
  readonly version: 2 | 3;
  readonly token = 'Secret-token-of-the-stand-in==';
  readonly writeOnlyToken = 'Secret-token-for-writes-alone';
  readonly org = 'my "org", ö';
  readonly buckets = new Map<string, Bucket>();
  readonly databases = new Set<string>();
  readonly points = new Map<string, ParsedPoint>();
  readonly complaints: string[] = [];
  readonly requests: { readonly method: string; readonly path: string; readonly status: number }[] = [];
  /** Answers to the next writes, instead of taking them. */
  readonly next: StandInReply[] = [];
  /** Lines with this text are unparsable. */
  poison: string | undefined;
  maxBodyBytes = Number.POSITIVE_INFINITY;
  /** False: 3 does not know the path that lists databases, as other servers that take its writes. */
  canList = true;
  connections = 0;
  readonly #types = new Map<string, ParsedField['type']>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  constructor(version: 2 | 3) {
    this.version = version;
    this.#server.on('connection', () => this.connections++);
  }

  get port(): number {
    return this.#port;
  }

  async up(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** As if somebody else had written such a field. */
  foreignField(measurement: string, field: string, type: ParsedField['type']): void {
    this.#types.set(`${measurement} ${field}`, type);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const url = new URL(request.url ?? '', 'http://stand-in');
    const reply = this.#replyTo(request, url, Buffer.concat(parts));
    this.requests.push({ method: request.method ?? '', path: url.pathname, status: reply.status });
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  }

  #replyTo({ method, headers }: IncomingMessage, url: URL, body: Buffer): StandInReply {
    const key = `${method} ${url.pathname}`;
    const isWrite = key === (this.version === 2 ? 'POST /api/v2/write' : 'POST /api/v3/write_lp');
    const scheme = this.version === 2 ? 'Token' : 'Bearer';
    const allowed = isWrite ? [this.token, this.writeOnlyToken] : [this.token];
    if (headers.authorization === `${scheme} ${this.writeOnlyToken}` && !isWrite) {
      // 2 does not refuse: it shows nothing
      if (this.version === 2 && method === 'GET') return { status: 200, body: { orgs: [], buckets: [] } };
      return { status: 403, body: { code: 'forbidden', message: 'insufficient permissions', error: 'forbidden' } };
    }
    if (!allowed.some((token) => headers.authorization === `${scheme} ${token}`)) {
      return { status: 401, body: { code: 'unauthorized', message: 'unauthorized access' } };
    }
    if (isWrite) return this.next.shift() ?? this.#write(url, headers, body);
    if (this.version === 3 && key === 'GET /api/v3/configure/database') {
      if (!this.canList) return { status: 404, body: { error: 'not found' } };
      if (url.searchParams.get('format') !== 'json') this.complaints.push('no format');
      return { status: 200, body: [...this.databases].map((name) => ({ 'iox::database': name })) };
    }
    if (this.version === 2 && key === 'GET /api/v2/orgs') return this.#lookUpOrg(url);
    if (this.version === 2 && key === 'GET /api/v2/buckets') return this.#lookUpBucket(url);
    if (this.version === 2 && key === 'POST /api/v2/buckets') return this.#makeBucket(headers, body);
    this.complaints.push(`asked for ${key}`);
    return { status: 404, body: { code: 'not found', message: 'path not found' } };
  }

  #lookUpOrg(url: URL): StandInReply {
    const name = url.searchParams.get('org');
    if (name === this.org) return { status: 200, body: { orgs: [{ id: ORG_ID, name }] } };
    return { status: 404, body: { code: 'not found', message: `organization name "${name}" not found` } };
  }

  #lookUpBucket(url: URL): StandInReply {
    if (url.searchParams.get('orgID') !== ORG_ID) this.complaints.push('look-up of a bucket without its organisation');
    const bucket = this.buckets.get(url.searchParams.get('name') ?? '');
    return { status: 200, body: { buckets: bucket === undefined ? [] : [bucket] } };
  }

  #makeBucket(headers: IncomingHttpHeaders, body: Buffer): StandInReply {
    if (headers['content-type'] !== 'application/json') this.complaints.push('a bucket that is not JSON');
    const { orgID, ...bucket } = JSON.parse(body.toString('utf8')) as Bucket & { readonly orgID: string };
    if (orgID !== ORG_ID) return { status: 404, body: { code: 'not found', message: 'organization not found' } };
    if (this.buckets.has(bucket.name)) {
      return { status: 422, body: { code: 'conflict', message: `bucket with name ${bucket.name} already exists` } };
    }
    if (bucket.retentionRules.some(({ everySeconds }) => everySeconds !== 0 && everySeconds < HOUR_SECONDS)) {
      return {
        status: 500,
        body: { code: 'internal error', message: 'retention policy duration must be at least 1h0m0s' },
      };
    }
    this.buckets.set(bucket.name, bucket);
    return { status: 201, body: { ...bucket, orgID } };
  }

  #write(url: URL, headers: IncomingHttpHeaders, body: Buffer): StandInReply {
    if (headers['content-encoding'] !== 'gzip') this.complaints.push('a body that is not compressed');
    if (!headers['content-type']?.startsWith('text/plain')) this.complaints.push('lines that are not text/plain');
    const text = gunzipSync(body).toString('utf8');
    if (Buffer.byteLength(text) > this.maxBodyBytes) {
      return { status: 413, body: { code: 'request too large', message: 'request is too large' } };
    }
    return this.version === 2 ? this.#writeTwo(url, text) : this.#writeThree(url, text);
  }

  #writeTwo({ searchParams }: URL, text: string): StandInReply {
    if (searchParams.get('precision') !== 'ns') this.complaints.push('no precision');
    const name = searchParams.get('bucket') ?? '';
    if (searchParams.get('org') !== this.org) {
      return {
        status: 404,
        body: { code: 'not found', message: `organization name "${searchParams.get('org')}" not found` },
      };
    }
    if (!this.buckets.has(name)) {
      return { status: 404, body: { code: 'not found', message: `bucket "${name}" not found` } };
    }
    let points: readonly ParsedPoint[];
    try {
      points = linesOf(text).map((line) => this.#parse(line));
    } catch (error) {
      if (!(error instanceof UnparsableLine)) throw error;
      return { status: 400, body: { code: 'invalid', message: error.message } };
    }
    const conflicts = points.flatMap((point) => this.#storeOrConflict(point));
    if (conflicts.length === 0) return { status: 204 };
    const message = `failure writing points to database: partial write: ${conflicts[0]} dropped=${conflicts.length}`;
    return { status: 422, body: { code: 'unprocessable entity', message } };
  }

  #writeThree({ searchParams }: URL, text: string): StandInReply {
    const { precision, accept_partial: partial } = Object.fromEntries(searchParams);
    if (precision !== 'nanosecond' || partial !== 'true') this.complaints.push('no precision, or no partial writes');
    // a real one makes it in silence, without its retention
    if (!this.databases.has(searchParams.get('db') ?? '')) this.complaints.push('a write to no database');
    const data: object[] = [];
    for (const [i, line] of linesOf(text).entries()) {
      try {
        const [conflict] = this.#storeOrConflict(this.#parse(line));
        if (conflict !== undefined) throw new UnparsableLine(line, conflict);
      } catch (error) {
        if (!(error instanceof UnparsableLine)) throw error;
        data.push({ original_line: line, line_number: i + 1, error_message: error.message });
      }
    }
    if (data.length === 0) return { status: 204 };
    return { status: 400, body: { error: 'partial write of line protocol occurred', data } };
  }

  #parse(line: string): ParsedPoint {
    if (this.poison !== undefined && line.includes(this.poison)) throw new UnparsableLine(line, 'invalid field format');
    return parseLine(line, { strictBackslash: this.version === 3 });
  }

  #storeOrConflict(point: ParsedPoint): readonly string[] {
    for (const [name, { type }] of point.fields) {
      const present = this.#types.get(`${point.measurement} ${name}`) ?? type;
      if (present !== type) {
        return [
          `field type conflict: input field "${name}" on measurement "${point.measurement}" is type ${type}, already exists as type ${present}`,
        ];
      }
    }
    for (const [name, { type }] of point.fields) this.#types.set(`${point.measurement} ${name}`, type);
    const key = JSON.stringify([point.measurement, [...point.tags], String(point.time)]);
    const before = this.points.get(key);
    this.points.set(key, { ...point, fields: new Map([...(before?.fields ?? []), ...point.fields]) });
    return [];
  }
}
