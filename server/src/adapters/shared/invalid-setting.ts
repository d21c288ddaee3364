import { CodedError } from '../../domain/errors.ts';

/**
 * A value that the schema of the configuration lets pass and that cannot be meant.
 * @param setting from `Butler-SOS` on
 * @param expected what would be right: "a whole number"
 */
export function invalidSetting(setting: string, expected: string): CodedError {
  const problem = `expected ${expected}`;
  return new CodedError('CONFIG_INVALID', `${setting}: ${problem}.`, { setting, problem });
}

/**
 * Names of constant tags: of two of a name one would be lost, and that not in silence.
 * @param setting from `Butler-SOS` on
 * @param expectedOf what a name ought to be that cannot be used; undefined: it can
 * @throws CodedError CONFIG_INVALID
 */
export function checkTagNames(
  setting: string,
  names: readonly string[],
  expectedOf: (name: string) => string | undefined,
): void {
  for (const [i, name] of names.entries()) {
    const expected = expectedOf(name);
    if (expected !== undefined) throw invalidSetting(setting, `${expected}, found "${name}"`);
    if (names.indexOf(name) !== i) throw invalidSetting(setting, `each name once, found "${name}" twice`);
  }
}
