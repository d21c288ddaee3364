import { CodedError } from '../../domain/errors.ts';
import type { Problem } from './setting.ts';

/** CONFIG_INVALID with everything that is wrong, each in a line with its place in the file, in the order of the file. */
export function invalidConfiguration(file: string, problems: readonly Problem[]): CodedError {
  const lines = inOrder(problems).map(({ path, line, column, message }) => {
    const place = line === 0 ? '' : `${file}:${line}:${column}`;
    const where = [place, path].filter((part) => part !== '').join(' ');
    return `${where}: ${message}${/[.?]$/.test(message) ? '' : '.'}`;
  });
  const count = lines.length === 1 ? 'an error' : `${lines.length} errors`;
  const message = `The configuration has ${count}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new CodedError('CONFIG_INVALID', message, { file, errors: lines.length });
}

export function inOrder<P extends Problem>(problems: readonly P[]): readonly P[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
