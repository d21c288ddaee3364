import { closeSync, openSync, writeSync } from 'node:fs';
import { CommandFailure } from './exit-codes.ts';

/** To the terminal. A reader that went away (`| head`) is no error. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** For a command that goes on when nobody reads what it says: a broken pipe ends no server. */
export function printIfRead(text: string): void {
  try {
    // a terminal of Windows shows letters beyond ASCII, as in a folder's name, only if they do not come as bytes
    if (process.stdout.isTTY) process.stdout.write(text);
    else writeSync(process.stdout.fd, text);
  } catch {
    return; // nowhere left to say so
  }
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, null, 2)}\n`);
}

/** One JSON value a line, into a new file of the owner's alone or to the terminal. @returns how many */
export function writeJsonLines(values: Iterable<unknown>, file: string | undefined): number {
  const descriptor = file === undefined ? undefined : openNew(file);
  let count = 0;
  for (const value of values) {
    const line = `${JSON.stringify(value)}\n`;
    if (descriptor === undefined) print(line);
    else writeSync(descriptor, line);
    count++;
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return count;
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (code === 'EEXIST') throw new CommandFailure(`${file} is there already; name a new file.`);
    throw new CommandFailure(`${file} cannot be written (${code}).`);
  }
}
