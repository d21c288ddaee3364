import { QvdError } from '../errors.ts';
import { PLAIN_NUMBER_FORMAT, type QvdNumberFormat } from '../header.ts';
import type { Column, UnstorablePolicy } from './column.ts';
import { DateColumn, TimestampColumn } from './date-columns.ts';
import { checkHeaderText } from './header-xml.ts';
import { BooleanColumn, DoubleColumn, IntegerColumn } from './number-columns.ts';
import { MixedColumn, TextColumn } from './text-columns.ts';

/**
 * integer: number or bigint, whole, within 2^53, or beyond it with `largeInteger: 'text'`; double: finite number;
 * text: string; dual: { number, text };
 * date and timestamp: Date or milliseconds since 1970 (UTC); boolean: true is -1, false is 0;
 * any: each value as what it is (number, string, boolean, { number, text }).
 */
export type QvdFieldType = 'integer' | 'double' | 'text' | 'dual' | 'date' | 'timestamp' | 'boolean' | 'any';

export interface QvdFieldOptions {
  readonly name: string;
  readonly type: QvdFieldType;
  readonly comment?: string;
  /** Tags beside the ones that follow from the values, such as `$hidden` or your own. */
  readonly tags?: readonly string[];
  /** Replaces parts of the type's own format. */
  readonly numberFormat?: Partial<QvdNumberFormat>;
  /** date and timestamp only: false stores the bare number, shown by the format alone. Default true. */
  readonly displayText?: boolean;
}

const NUMBER_FORMATS: Readonly<Record<QvdFieldType, Partial<QvdNumberFormat>>> = {
  integer: { type: 'INTEGER' },
  boolean: { type: 'INTEGER' },
  double: {},
  text: {},
  dual: {},
  any: {},
  date: { type: 'DATE', format: 'YYYY-MM-DD' },
  timestamp: { type: 'TIMESTAMP', format: 'YYYY-MM-DD hh:mm:ss[.fff]' },
};

export function numberFormatOf(field: QvdFieldOptions): QvdNumberFormat {
  return { ...PLAIN_NUMBER_FORMAT, ...NUMBER_FORMATS[field.type], ...field.numberFormat };
}

export function createColumn(field: QvdFieldOptions, policy: UnstorablePolicy): Column {
  switch (field.type) {
    case 'integer':
      return new IntegerColumn(field.name, policy);
    case 'double':
      return new DoubleColumn(field.name, policy);
    case 'boolean':
      return new BooleanColumn(field.name, policy);
    case 'text':
      return new TextColumn(field.name, policy);
    case 'date':
      return new DateColumn(field.name, policy, field.displayText ?? true);
    case 'timestamp':
      return new TimestampColumn(field.name, policy, field.displayText ?? true);
    case 'dual':
    case 'any':
      return new MixedColumn(field.name, policy, field.type === 'dual');
    default:
      throw new QvdError('QVD_SCHEMA_INVALID', `unknown field type ${JSON.stringify(field.type)}`, {
        field: field.name,
      });
  }
}

/** Refuses names that are empty or used twice, and texts that the XML header cannot hold. */
export function checkFields(fields: readonly QvdFieldOptions[]): void {
  const names = new Set<string>();
  for (const field of fields) {
    const { name } = field;
    if (typeof name !== 'string' || name === '') {
      throw new QvdError('QVD_SCHEMA_INVALID', 'every field needs a name');
    }
    checkHeaderText(name, `the field name ${JSON.stringify(name)}`);
    if (names.has(name)) throw new QvdError('QVD_SCHEMA_INVALID', 'the name is used twice', { field: name });
    names.add(name);
    checkHeaderText(field.comment ?? '', `the comment of field ${JSON.stringify(name)}`);
    for (const tag of field.tags ?? []) checkHeaderText(tag, `a tag of field ${JSON.stringify(name)}`);
    for (const value of Object.values(field.numberFormat ?? {})) {
      checkHeaderText(String(value), `the number format of field ${JSON.stringify(name)}`);
    }
  }
}
