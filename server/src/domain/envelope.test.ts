import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { envelopeErrors } from './envelope.ts';
import { parseRfc3339 } from './rfc3339.ts';

const VALID = {
  schemaVersion: 1,
  eventId: 'a0000000-0000-4000-8000-000000000001',
  timestamp: '2025-12-27T05:46:40.337Z',
  type: 'object.view.duration',
  payload: {},
};

const SCHEMA = {
  type: 'object',
  required: ['schemaVersion', 'eventId', 'timestamp', 'type', 'payload'],
  properties: {
    schemaVersion: { type: 'integer', minimum: 1 },
    eventId: { type: 'string' },
    timestamp: { type: 'string', format: 'date-time' },
    type: { type: 'string', minLength: 1 },
    payload: { type: 'object' },
    correlationId: { type: 'string' },
    source: {
      type: 'object',
      properties: {
        kind: { enum: ['qlik-sense-extension'] },
        name: { enum: ['audit-qs', 'butler-sos-audit'] },
        version: { type: 'string' },
      },
    },
  },
};

test('an envelope, with members that nobody knows today', () => {
  assert.deepEqual(envelopeErrors(VALID), []);
  const source = { kind: 'qlik-sense-extension', name: 'audit-qs', version: '0.3.1', build: 7 };
  assert.deepEqual(envelopeErrors({ ...VALID, correlationId: '1777868693436', source, extra: { deep: [] } }), []);
  assert.deepEqual(envelopeErrors({ ...VALID, source: { name: 'butler-sos-audit' } }), []);
});

test('a missing member, a wrong type, a value that is not allowed', () => {
  const { eventId: _, ...withoutId } = VALID;
  assert.deepEqual(envelopeErrors(withoutId), [
    { instancePath: '', message: "must have required property 'eventId'", params: { missingProperty: 'eventId' } },
  ]);
  assert.deepEqual(envelopeErrors({ ...VALID, schemaVersion: '1' }), [
    { instancePath: '/schemaVersion', message: 'must be integer', params: { type: 'integer' } },
  ]);
  assert.deepEqual(envelopeErrors({ ...VALID, source: { kind: 'unknown-tool' } }), [
    {
      instancePath: '/source/kind',
      message: 'must be equal to one of the allowed values',
      params: { allowedValues: ['qlik-sense-extension'] },
    },
  ]);
  for (const value of [null, [], 'x', 1, undefined]) assert.equal(envelopeErrors(value)[0]?.message, 'must be object');
});

test('the same verdict and the same errors as a JSON Schema validator', () => {
  const ajv = new Ajv({ allErrors: true, formats: { 'date-time': (text) => parseRfc3339(text) !== undefined } });
  const validate = ajv.compile(SCHEMA);
  const value = <T>(...good: T[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...good) },
      fc.constantFrom<unknown>(null, '', 0, 1.5, true, [], {}, 'x', '1'),
    );
  const envelopes = fc.record(
    {
      schemaVersion: value<unknown>(1, 2, 0, -1),
      eventId: value('a0000000-0000-4000-8000-000000000001'),
      timestamp: value('2025-12-27T05:46:40Z', '2016-12-31T23:59:60Z', '2025-13-01T00:00:00Z'),
      type: value('a.b'),
      payload: value<unknown>({}, { event: {} }),
      correlationId: value('c'),
      source: fc.oneof(
        value<unknown>({}),
        fc.record(
          { kind: value('qlik-sense-extension'), name: value('audit-qs', 'butler-sos-audit'), version: value('0.3.1') },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: [] },
  );
  const key = (error: object) => JSON.stringify(error);
  fc.assert(
    fc.property(fc.oneof({ weight: 9, arbitrary: envelopes }, fc.jsonValue()), (candidate) => {
      validate(candidate);
      const expected = (validate.errors ?? []).map(({ instancePath, message, params }) =>
        key({ instancePath, message, params }),
      );
      assert.deepEqual(envelopeErrors(candidate).map(key).sort(), expected.sort());
    }),
    { numRuns: 2000 },
  );
});

test('keys that are dangerous elsewhere change nothing', () => {
  const polluting: unknown = JSON.parse('{"__proto__":{"schemaVersion":1,"eventId":"x"},"constructor":1}');
  assert.equal(envelopeErrors(polluting).length, 5);
  assert.equal(({} as Record<string, unknown>).schemaVersion, undefined);
});
