import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { DURABLE_MIGRATIONS } from '../../src/adapters/state-sqlite/durable-migrations.ts';
import { sequence } from '../../src/domain/sequence.ts';
import { openStateFolder, type StateFolder } from './state-folder.ts';

const SESSION = { host: 'qlik.lab', port: 4243, virtualProxy: 'analytics', user: 'LAB\\john', sessionId: 'id-1' };

let folder: StateFolder;
beforeEach(() => {
  folder = openStateFolder();
});
afterEach(() => folder.remove());

test('rule 15: open sessions are there for whoever opens the file next, until they are forgotten', () => {
  const first = folder.open();
  first.qlikSessions.remember(SESSION);
  first.qlikSessions.remember(SESSION);
  first.qlikSessions.remember({ ...SESSION, virtualProxy: '', sessionId: 'id-2' });
  const next = folder.open();
  assert.deepEqual(next.qlikSessions.list(), [{ ...SESSION, virtualProxy: '', sessionId: 'id-2' }, SESSION]);
  next.qlikSessions.forget('id-2');
  next.qlikSessions.forget('never known');
  assert.deepEqual(first.qlikSessions.list(), [SESSION]);
});

test('the id of a session that is over is in no file any more: it is the cookie', () => {
  const store = folder.open();
  for (let i = 0; i < 300; i++) store.qlikSessions.remember({ ...SESSION, sessionId: `cookie-of-session-${i}` });
  for (let i = 0; i < 300; i++) if (i !== 7) store.qlikSessions.forget(`cookie-of-session-${i}`);
  store.close();
  const bytes = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name), 'latin1'));
  assert.deepEqual([...new Set(bytes.join('').match(/cookie-of-session-\d+/g))], ['cookie-of-session-7']);
});

test('a database of an earlier version is upgraded in place, with what it holds', () => {
  const raw = new DatabaseSync(join(folder.path, 'durable.sqlite'));
  for (const step of DURABLE_MIGRATIONS.slice(0, 2)) raw.exec(step);
  raw.exec(`PRAGMA user_version = 2;
    INSERT INTO destinations (name, type, start_from, added_at, parts_of, committed) VALUES ('parquet', 'parquet', 'now', 1, 'parquet', 7)`);
  raw.close();
  const state = folder.open();
  assert.deepEqual(state.qlikSessions.list(), []);
  state.qlikSessions.remember(SESSION);
  assert.deepEqual(state.qlikSessions.list(), [SESSION]);
  assert.deepEqual(state.cursors.load('parquet'), { committed: sequence(7) });
});
