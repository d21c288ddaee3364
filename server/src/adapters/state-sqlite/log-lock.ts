import { existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, messageOf, systemCodeOf } from '../../domain/errors.ts';
import { whileInUseSync } from '../shared/file-in-use.ts';
import { createPrivateFolder, isReadableByEverybody, restrictToOwner } from '../shared/private-folder.ts';
import { createPrivateFile } from './sqlite-file.ts';

/** Who holds a log folder; stands as `owner.json` beside the lock. */
export interface LogOwner {
  readonly pid: number;
  readonly host: string;
  /** ISO text. */
  readonly startedAt: string;
  readonly version: string;
}

export interface LogLock {
  /** Can everybody on this machine read the log folder? On Windows that is known of a new one only. */
  readonly isOpenToAll: boolean;
  /** Says who holds it, where a full disk kept that from being written so far. */
  announce(): void;
  /** May be called twice. */
  release(): void;
}

const LOCK_FILE = 'lock.sqlite';
const OWNER_FILE = 'owner.json';

/** Somebody who only looks whether the lock is held has it for microseconds. */
const PATIENCE_MS = 500;
const SQLITE_BUSY = 5;
const SQLITE_NOT_A_DATABASE = 26;

/**
 * One server per log: the operating system holds the lock for as long as this process lives, and frees it however the
 * process ends. Works on Windows, and between threads of one process. Not on network folders that fake their locks.
 * @throws CodedError EVENT_LOG_IN_USE naming the process that holds it
 */
export function acquireLogLock(directory: string, owner: LogOwner): LogLock {
  const created = createPrivateFolder(directory);
  const path = join(directory, LOCK_FILE);
  createPrivateFile(path);
  if (isReadableByEverybody(path)) restrictToOwner(path, 'file');
  const database = lockedDatabase(directory, path);
  let isTold = writeOwner(directory, owner);
  return {
    isOpenToAll: created === 'open' || isReadableByEverybody(directory),
    announce() {
      if (!isTold) isTold = writeOwner(directory, owner);
    },
    release() {
      if (!database.isOpen) return;
      try {
        whileInUseSync(() => rmSync(join(directory, OWNER_FILE), { force: true }));
      } finally {
        database.close();
      }
    },
  };
}

/** Whoever holds the lock makes this busy, whatever the file holds; nothing in it is worth keeping. */
function lockedDatabase(directory: string, path: string): DatabaseSync {
  try {
    return lockedOnce(path);
  } catch (thrown) {
    if (!hasCode(thrown, SQLITE_NOT_A_DATABASE)) throw refused(directory, thrown);
  }
  try {
    truncateSync(path);
    return lockedOnce(path);
  } catch (thrown) {
    throw refused(directory, thrown);
  }
}

function lockedOnce(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: PATIENCE_MS });
  try {
    // an open write transaction in exclusive mode: nobody else can even read
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** Who runs on this log now; undefined when nobody does, whatever a killed process left in `owner.json`. */
export function lockOwner(directory: string): LogOwner | undefined {
  const path = join(directory, LOCK_FILE);
  if (!existsSync(path)) return undefined;
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return undefined;
  } catch (thrown) {
    if (hasCode(thrown, SQLITE_NOT_A_DATABASE)) return undefined;
    if (!hasCode(thrown, SQLITE_BUSY)) throw lockFailed(directory, thrown);
    return readOwner(directory) ?? { pid: 0, host: 'unknown', startedAt: 'unknown', version: 'unknown' };
  } finally {
    database.close();
  }
}

/** @returns false on a full disk: the lock holds without it */
function writeOwner(directory: string, owner: LogOwner): boolean {
  const path = join(directory, OWNER_FILE);
  const temporary = `${path}.${owner.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(owner, null, 2)}\n`, { mode: 0o600 });
    whileInUseSync(() => renameSync(temporary, path));
    return true;
  } catch (thrown) {
    rmSync(temporary, { force: true });
    if (systemCodeOf(thrown) !== 'ENOSPC') throw thrown;
    rmSync(path, { force: true }); // that of a killed server would name the wrong one
    return false;
  }
}

function readOwner(directory: string): LogOwner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(join(directory, OWNER_FILE), 'utf8'));
    return isOwner(owner) ? owner : undefined;
  } catch {
    // another server is just writing it
    return undefined;
  }
}

function isOwner(value: unknown): value is LogOwner {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'host' in value &&
    typeof value.host === 'string' &&
    'startedAt' in value &&
    typeof value.startedAt === 'string' &&
    'version' in value &&
    typeof value.version === 'string'
  );
}

function hasCode(thrown: unknown, code: number): boolean {
  return thrown instanceof Error && 'errcode' in thrown && thrown.errcode === code;
}

function refused(directory: string, thrown: unknown): CodedError {
  return hasCode(thrown, SQLITE_BUSY) ? inUse(directory, readOwner(directory)) : lockFailed(directory, thrown);
}

function inUse(directory: string, owner: LogOwner | undefined): CodedError {
  const who = owner === undefined ? 'another process' : `pid ${owner.pid} on ${owner.host}, started ${owner.startedAt}`;
  return new CodedError(
    'EVENT_LOG_IN_USE',
    `The log folder ${directory} is in use by ${who}. Stop that server, or configure another eventLog.directory.`,
    { directory, pid: owner?.pid, host: owner?.host },
  );
}

function lockFailed(directory: string, thrown: unknown): CodedError {
  return new CodedError(
    'STATE_DATABASE_FAILED',
    `The lock in ${directory} could not be taken: ${messageOf(thrown)}`,
    { directory },
    thrown,
  );
}
