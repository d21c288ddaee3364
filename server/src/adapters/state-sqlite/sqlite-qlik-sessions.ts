import type { QlikSession, QlikSessions } from '../../pipeline/ports/screenshots.ts';
import { numberOf, textOf } from './cells.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** Sessions at Qlik Sense that we must end: what a crash leaves here is ended at the next start (rule 15). */
export class SqliteQlikSessions implements QlikSessions {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  remember({ sessionId, host, port, virtualProxy, user }: QlikSession): void {
    this.#change(
      'INSERT OR REPLACE INTO qlik_sessions (session_id, host, port, virtual_proxy, user) VALUES (?, ?, ?, ?, ?)',
      ...[sessionId, host, port, virtualProxy, user],
    );
  }

  forget(sessionId: string): void {
    this.#change('DELETE FROM qlik_sessions WHERE session_id = ?', sessionId);
  }

  list(): readonly QlikSession[] {
    return this.#file.all(sessionOf, 'SELECT * FROM qlik_sessions ORDER BY host, port, virtual_proxy, user');
  }

  /** The id is the cookie: what is forgotten, or was moved to another page, is overwritten where it stood. */
  #change(sql: string, ...values: readonly (string | number)[]): void {
    this.#file.exec('PRAGMA secure_delete = ON');
    try {
      this.#file.transaction(() => this.#file.run(sql, ...values));
    } finally {
      this.#file.exec('PRAGMA secure_delete = OFF');
    }
  }
}

function sessionOf(row: Row): QlikSession {
  return {
    host: textOf(row, 'host'),
    port: numberOf(row, 'port'),
    virtualProxy: textOf(row, 'virtual_proxy'),
    user: textOf(row, 'user'),
    sessionId: textOf(row, 'session_id'),
  };
}
