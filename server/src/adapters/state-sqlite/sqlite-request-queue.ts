import type { Clock } from '../../pipeline/ports/clock.ts';
import type { OperatorRequest, RequestQueue, RequestState, StoredRequest } from '../../pipeline/ports/request-queue.ts';
import { numberOf, optional, textOf, timeOf } from './cells.ts';
import type { Row, SqliteFile } from './sqlite-file.ts';

/** The command line writes, the server claims: they meet in a table, so neither needs a port of the other. */
export class SqliteRequestQueue implements RequestQueue {
  readonly #file: SqliteFile;
  readonly #clock: Clock;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  submit(request: OperatorRequest, actor: string): number {
    const sql = 'INSERT INTO requests (body, actor, submitted_at) VALUES (?, ?, ?)';
    return this.#file.transaction(() => this.#file.insert(sql, JSON.stringify(request), actor, this.#clock.now()));
  }

  claim(): StoredRequest | undefined {
    const waiting = `SELECT id FROM requests WHERE state = 'waiting' ORDER BY id LIMIT 1`;
    // asked every second by an idle server: no write lock for nothing
    if (this.#file.get((row) => numberOf(row, 'id'), waiting) === undefined) return undefined;
    return this.#file.transaction(() =>
      this.#file.get(requestOf, `UPDATE requests SET state = 'claimed' WHERE id = (${waiting}) RETURNING *`),
    );
  }

  finish(id: number, state: 'done' | 'failed', result: string): void {
    this.#file.transaction(() =>
      this.#file.run(
        'UPDATE requests SET state = ?, result = ?, finished_at = ? WHERE id = ?',
        ...[state, result, this.#clock.now(), id],
      ),
    );
  }

  recover(): number {
    return this.#file.transaction(() => {
      this.#file.run(
        `UPDATE requests SET state = 'done', result = 'The server had already ended.', finished_at = ?
         WHERE state IN ('waiting', 'claimed') AND body ->> 'kind' = 'stop'`,
        this.#clock.now(),
      );
      this.#file.run(`UPDATE requests SET state = 'waiting' WHERE state = 'claimed'`);
      const sql = `SELECT count(*) AS waiting FROM requests WHERE state = 'waiting'`;
      return this.#file.get((row) => numberOf(row, 'waiting'), sql) ?? 0;
    });
  }

  get(id: number): StoredRequest | undefined {
    return this.#file.get(requestOf, 'SELECT * FROM requests WHERE id = ?', id);
  }

  list(limit: number): readonly StoredRequest[] {
    return this.#file.all(requestOf, 'SELECT * FROM requests ORDER BY id DESC LIMIT ?', limit);
  }
}

function requestOf(row: Row): StoredRequest {
  return {
    id: numberOf(row, 'id'),
    request: JSON.parse(textOf(row, 'body')) as OperatorRequest,
    actor: textOf(row, 'actor'),
    submittedAt: timeOf(row, 'submitted_at'),
    state: textOf(row, 'state') as RequestState,
    ...optional('finishedAt', row, 'finished_at', timeOf),
    ...optional('result', row, 'result', textOf),
  };
}
