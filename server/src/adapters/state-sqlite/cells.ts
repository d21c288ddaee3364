import { type EpochMillis, epochMillis } from '../../domain/epoch-millis.ts';
import { CodedError } from '../../domain/errors.ts';
import { type Sequence, sequence } from '../../domain/sequence.ts';
import type { Row } from './sqlite-file.ts';

/** Typed access to the cells of a row. The tables are STRICT, so another type is a defect of a query. */
export function textOf(row: Row, column: string): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw unexpected(row, column);
  return cell;
}

export function numberOf(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw unexpected(row, column);
  return cell;
}

export function sequenceOf(row: Row, column: string): Sequence {
  return sequence(numberOf(row, column));
}

export function timeOf(row: Row, column: string): EpochMillis {
  return epochMillis(numberOf(row, column));
}

/** `{ [name]: value }`, or nothing where the cell is null: for members that are absent rather than null. */
export function optional<N extends string, T>(
  name: N,
  row: Row,
  column: string,
  read: (row: Row, column: string) => T,
): { readonly [K in N]?: T } {
  if (row[column] === null || row[column] === undefined) return {};
  return { [name]: read(row, column) } as { readonly [K in N]?: T };
}

function unexpected(row: Row, column: string): CodedError {
  return new CodedError('DEFECT', `column ${column} holds ${typeof row[column]}`, { column });
}
