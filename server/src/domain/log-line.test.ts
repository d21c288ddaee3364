import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { epochMillis } from './epoch-millis.ts';
import type { NewLogEntry } from './log-entry.ts';
import { encodeLine, encodeSegmentHeader, maxLineBytes, parseLine, parseSegmentHeader } from './log-line.ts';
import { sequence } from './sequence.ts';

const AT = epochMillis(Date.UTC(2026, 10, 23, 7, 0, 0, 123));
const SALT = 'AAECAwQFBgcICQoLDA0ODw';
const ENTRY: NewLogEntry = {
  origin: 'client',
  id: 'b3c1f0de-6f5a-4c0e-9b1a-2f6f7c1d2e3f',
  type: 'selection.state.changed',
  at: AT,
  envelope: '{"eventId":"B3C1…","payload":{ }}',
  ip: '192.0.2.7',
  auditQsVersion: '0.3.1',
};

function encode(entry: NewLogEntry, seq = 4711): Buffer {
  const bytes = Buffer.alloc(maxLineBytes(entry));
  return bytes.subarray(0, encodeLine(entry, sequence(seq), sequence(seq - 9), SALT, bytes, 0));
}

const line = encode(ENTRY);
const text = line.toString('utf8');

describe('log lines', () => {
  it('rule 1: fixed keys in a fixed order, the digest over the exact bytes of the private part', () => {
    const privatePart = text.slice(text.indexOf('"salt"'), -2);
    const digest = createHash('sha256').update(privatePart).digest('base64url');
    assert.equal(
      text,
      '{"v":1,"seq":4711,"durable":4702,"at":"2026-11-23T07:00:00.123Z","origin":"client",' +
        '"id":"b3c1f0de-6f5a-4c0e-9b1a-2f6f7c1d2e3f","type":"selection.state.changed",' +
        `"digest":"${digest}","salt":"AAECAwQFBgcICQoLDA0ODw","ip":"192.0.2.7","auditQsVersion":"0.3.1",` +
        '"envelope":{"eventId":"B3C1…","payload":{ }}}\n',
    );
    const about: NewLogEntry = {
      ...ENTRY,
      origin: 'server',
      type: 'server.x',
      awaits: 'screenshot',
      subject: sequence(7),
      actor: 'åsa',
      request: 'r"1',
    };
    const server = encode(about).toString('utf8');
    assert.match(server, /"type":"server\.x","awaits":"screenshot","subject":7,"digest":"/);
    assert.match(server, /"auditQsVersion":"0\.3\.1","actor":"åsa","request":"r\\"1","envelope":\{/);
  });

  it('is read back, in the middle of other bytes too', () => {
    const among = Buffer.concat([Buffer.from('rest\n'), line, line]);
    const read = parseLine(among, 5, 5 + line.length - 1);
    assert.equal(read?.durable, 4702);
    assert.equal(read?.private()?.envelopeText, ENTRY.envelope);
    assert.equal(read?.private(), read?.private(), 'parsed once');
  });

  it('rule 1: an erased line is its public part alone', () => {
    const erased = Buffer.from(`${text.slice(0, text.indexOf(',"salt"'))}}\n`);
    const read = parseLine(erased, 0, erased.length - 1);
    assert.deepEqual([read?.seq, read?.id, read?.private()], [4711, ENTRY.id, undefined]);
  });

  it('rule 9: no byte of a line can change or go without its being noticed, what the digest covers above all', () => {
    const salt = text.indexOf('"salt"');
    for (let at = 0; at < line.length - 1; at++) {
      const altered = Buffer.from(line);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const read = parseLine(altered, 0, altered.length - 1);
      // the tree of hashes vouches for the public part; here it has at least to be of the exact form
      if (at >= salt) assert.equal(read, undefined, `altered at ${at}`);
      assert.equal(parseLine(line, 0, at), undefined, `cut at ${at}`);
    }
    assert.equal(parseLine(Buffer.alloc(500), 0, 500), undefined);
  });

  it('takes no line in another spelling, nor one that says more than its own sequence to be durable', () => {
    const others = [
      text.replace('"v":1', '"v":2'),
      text.replace('{"v"', '{ "v"'),
      text.replace('"seq":4711', '"seq":4711.0'),
      text.replace('"durable":4702', '"durable":4711'),
      text.replace('selection', 'sele\\u0063tion'),
      text.replace('"origin":"client"', '"origin":"other"'),
    ];
    for (const other of others) {
      const bytes = Buffer.from(other);
      assert.equal(parseLine(bytes, 0, bytes.length - 1), undefined, other.slice(0, 200));
    }
  });

  it('holds names of any length and any characters', () => {
    for (const type of ['é', '"', '\\', '\u0000', ',"digest":"', 'x'.repeat(300), '\ud800', '数'.repeat(100_000)]) {
      const bytes = encode({ ...ENTRY, type, id: `${type}'` });
      const read = parseLine(bytes, 0, bytes.length - 1);
      assert.equal(read?.type, type.toWellFormed() === type ? type : '\ud800');
      assert.equal(read?.id, `${type}'`);
    }
  });

  it('has a header for each segment', () => {
    const header = { logId: '9d3f1c62-7a1b-4a55-8d0a-0a1b2c3d4e5f', first: sequence(4711), createdAt: AT };
    const encoded = encodeSegmentHeader(header);
    assert.equal(
      encoded,
      '{"segment":1,"logId":"9d3f1c62-7a1b-4a55-8d0a-0a1b2c3d4e5f","first":4711,"createdAt":"2026-11-23T07:00:00.123Z"}\n',
    );
    assert.deepEqual(parseSegmentHeader(encoded.trimEnd()), header);
    for (const wrong of ['', '{"segment":2}', encoded, encoded.slice(0, -5)]) {
      assert.equal(parseSegmentHeader(wrong), undefined);
    }
  });
});
