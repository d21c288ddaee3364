import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
