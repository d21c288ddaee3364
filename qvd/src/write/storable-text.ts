import { QvdError } from '../errors.ts';

/** What to do with values that the format cannot hold as they are. */
export interface UnstorablePolicy {
  /** NaN, Infinity and invalid dates: refuse them, or store NULL. */
  readonly nonFinite: 'error' | 'null';
  /** U+0000 ends a text in the file: refuse it, or store U+FFFD in its place. */
  readonly nulCharacter: 'error' | 'replace';
  /** Half a surrogate pair has no UTF-8: refuse it, or store U+FFFD in its place. */
  readonly loneSurrogate: 'error' | 'replace';
}

/**
 * The text as the file can hold it: the text itself, or with U+FFFD where the policy says so.
 * @throws {QvdError} QVD_TEXT_HAS_NUL, QVD_TEXT_LONE_SURROGATE
 */
export function storableText(text: string, policy: UnstorablePolicy, field: string, row: number): string {
  let storable = text;
  if (storable.includes('\0')) {
    if (policy.nulCharacter === 'error') {
      throw new QvdError('QVD_TEXT_HAS_NUL', 'the text contains U+0000, which ends a text in a QVD file', {
        field,
        row,
      });
    }
    storable = storable.replaceAll('\0', '\uFFFD');
  }
  if (!storable.isWellFormed()) {
    if (policy.loneSurrogate === 'error') {
      throw new QvdError('QVD_TEXT_LONE_SURROGATE', 'the text contains half a surrogate pair, which has no UTF-8', {
        field,
        row,
      });
    }
    storable = storable.toWellFormed();
  }
  return storable;
}
