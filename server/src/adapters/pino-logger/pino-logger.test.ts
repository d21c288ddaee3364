import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPinoLogger, readable } from './pino-logger.ts';

test('a line for people: time, level, sentence, then the fields', () => {
  assert.equal(
    readable(
      '{"level":"warn","time":"2026-11-23T07:00:00.123Z","destination":"parquet","error":"no space","msg":"waiting"}',
    ),
    '2026-11-23T07:00:00.123Z warn  waiting  destination=parquet error="no space"\n',
  );
});

test('values that clients chose do not steer the terminal', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: 't',
    auditQsVersion: '\u001b[2J',
    type: 'a\u009b1m b',
    msg: 'odd',
  });
  assert.equal(readable(line), 't warn  odd  auditQsVersion=\\u001b[2J type="a\\u009b1m b"\n');
});

test('a file a day, JSON lines, fields of `with` included, below the level left out', () => {
  const directory = mkdtempSync(join(tmpdir(), 'logger-'));
  const logger = createPinoLogger({ level: 'warn', format: 'json', directory });
  logger.with({ destination: 'json' }).warn({ seq: 5 }, 'waiting');
  logger.info({}, 'not this');
  const [name = ''] = readdirSync(directory);
  assert.match(name, /^butler-sos-audit\.\d{4}-\d\d-\d\d\.log$/);
  const lines = readFileSync(join(directory, name), 'utf8').trim().split('\n');
  assert.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  assert.match(time, /^\d{4}-/);
  assert.deepEqual(line, { level: 'warn', destination: 'json', seq: 5, msg: 'waiting' });
  rmSync(directory, { recursive: true });
});

test('a new day whose file cannot be made: nothing throws, the log goes on in the file of the day before', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'logger-'));
  t.after(() => rmSync(directory, { recursive: true }));
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-23T23:59:59Z') });
  const logger = createPinoLogger({ level: 'info', format: 'json', directory });
  logger.info({}, 'before');
  mkdirSync(join(directory, 'butler-sos-audit.2026-11-24.log'));
  t.mock.timers.setTime(Date.parse('2026-11-24T00:00:00Z'));
  logger.info({}, 'after');
  rmdirSync(join(directory, 'butler-sos-audit.2026-11-24.log'));
  logger.info({}, 'mended');
  const said = (day: string) =>
    [...readFileSync(join(directory, `butler-sos-audit.${day}.log`), 'utf8').matchAll(/"msg":"(\w+)"/g)].map(
      ([, message]) => message,
    );
  assert.deepEqual([said('2026-11-23'), said('2026-11-24')], [['before', 'after'], ['mended']]);
});
