import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { influxdbDestination } from '../../src/adapters/destinations/influxdb/index.ts';
import { type DeliveryOutcome, defineDestination } from '../../src/pipeline/ports/destination.ts';
import { plainRows } from '../conformance/destination.ts';
import { AttemptMemory } from '../support/file-attempts.ts';
import { FilePlace } from '../support/file-place.ts';
import { withDefaults } from '../support/schema-defaults.ts';
import { createCertificateAuthority } from '../support/test-certificates.ts';

const registered = defineDestination(influxdbDestination);

describe('influxdb destination over https', () => {
  const authority = createCertificateAuthority('Authority of the test');
  let server: Server;
  let place: FilePlace;
  before(async () => {
    // takes writes, and knows no organisations, like some servers beside InfluxDB 2
    server = createServer(authority.issue('localhost', { hosts: ['localhost'] }), (request, response) => {
      request.resume();
      response.writeHead(request.url?.startsWith('/api/v2/write') ? 204 : 404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    place = new FilePlace();
    writeFileSync(join(place.root, 'ca.pem'), authority.cert);
    writeFileSync(join(place.root, 'text.pem'), 'no certificate');
    writeFileSync(join(place.root, 'damaged.pem'), authority.cert.replace('MII', 'NII'));
  });
  afterEach(() => place.remove());

  async function deliver(more: Readonly<Record<string, unknown>>): Promise<DeliveryOutcome> {
    const { port } = server.address() as AddressInfo;
    const v2Config = { org: 'o', bucket: 'b', token: 't' };
    const raw = withDefaults(registered.jsonSchema, { host: 'localhost', port, version: 2, v2Config, ...more });
    const { destination } = registered.open(raw, place.context('influxdb'));
    try {
      return await destination.deliver(new AttemptMemory().batch(plainRows(1, 3)), new AbortController().signal);
    } finally {
      await destination.close();
    }
  }

  for (const more of [
    { https: true, tls: { ca: 'ca.pem' } },
    { tls: { enable: true, ca: 'ca.pem' } },
    { https: true, host: '127.0.0.1', tls: { rejectUnauthorized: false } },
  ]) {
    it(`writes with ${JSON.stringify(more)}`, async () => {
      assert.equal((await deliver(more)).kind, 'delivered');
    });
  }

  for (const [what, more] of [
    ['of an unknown authority', { https: true }],
    ['for another name', { https: true, host: '127.0.0.1', tls: { ca: 'ca.pem' } }],
  ] as const) {
    it(`a certificate ${what} is refused, with the setting that helps`, async () => {
      const outcome = await deliver(more);
      assert.ok(outcome.kind === 'retry');
      assert.equal(outcome.error.code, 'INFLUXDB_UNREACHABLE');
      assert.match(outcome.error.message, /Name the file of its authority in destination\.influxdb\.tls\.ca/);
    });
  }

  for (const [file, problem] of [
    ['missing.pem', /influxdb\.tls\.ca: .*missing\.pem, found no such file\.$/],
    ['text.pem', /text\.pem, found no certificate in it\.$/],
    ['damaged.pem', /damaged\.pem, found no certificate in it\.$/],
  ] as const) {
    it(`a file of certificates that is of no use (${file}) stops it, and is named`, async () => {
      const outcome = await deliver({ https: true, tls: { ca: file } });
      assert.ok(outcome.kind === 'stopped');
      assert.equal(outcome.error.code, 'TLS_FILES_UNUSABLE');
      assert.match(outcome.error.message, problem);
    });
  }
});
