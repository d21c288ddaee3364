import * as nodeFiles from 'node:fs/promises';
import type { Disk, FileOperations } from '../../src/adapters/shared/durable-file.ts';

/** What a call on a stopped disk throws: the process is gone as far as the disk is concerned. */
export class DiskStopped extends Error {}

/**
 * A disk that works for a number of calls and then stops for good, as when the process is killed between two of them.
 * Nothing that the code does afterwards, cleaning up included, reaches the disk.
 */
export class StoppableDisk implements Disk {
  readonly platform = process.platform;
  readonly files: FileOperations;
  /** Calls made so far, by name. */
  readonly calls: string[] = [];
  readonly #stopAfter: number;

  constructor(stopAfter = Number.POSITIVE_INFINITY) {
    this.#stopAfter = stopAfter;
    this.files = new Proxy(nodeFiles, {
      get: (target, name) => {
        const operation = Reflect.get(target, name) as unknown;
        return isFunction(operation)
          ? (...args: unknown[]) => this.#call(String(name), operation, target, args)
          : operation;
      },
    });
  }

  get stopped(): boolean {
    return this.calls.length >= this.#stopAfter;
  }

  /** Something else that counts as a step of the process, such as a commit in a database. */
  step(name: string): void {
    if (this.stopped) throw new DiskStopped(`stopped before ${name}`);
    this.calls.push(name);
  }

  async #call(name: string, operation: AnyFunction, self: unknown, args: unknown[]): Promise<unknown> {
    if (this.stopped && name === 'close') return Reflect.apply(operation, self, args);
    this.step(name);
    const result: unknown = await Reflect.apply(operation, self, args);
    return name === 'open' ? this.#handle(result as nodeFiles.FileHandle) : result;
  }

  #handle(handle: nodeFiles.FileHandle): nodeFiles.FileHandle {
    return new Proxy(handle, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        return isFunction(member) ? (...args: unknown[]) => this.#call(String(name), member, target, args) : member;
      },
    });
  }
}

type AnyFunction = (...args: never[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}
