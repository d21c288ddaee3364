import * as nodeFiles from 'node:fs/promises';
import type { Disk, FileOperations } from '../../src/adapters/shared/durable-file.ts';

/** What a call on a stopped disk throws: the process is gone as far as the disk is concerned. */
export class DiskStopped extends Error {}

export type Fault = 'fails before' | 'fails after it took effect';

/**
 * A disk that works for a number of calls and then stops for good, as when the process is killed between two of them:
 * nothing that the code does afterwards, cleaning up included, reaches the disk. Or one call of it fails with EIO.
 */
export class StoppableDisk implements Disk {
  readonly platform = process.platform;
  readonly files: FileOperations;
  /** Calls made so far, by name. */
  readonly calls: string[] = [];
  readonly #stopAfter: number;
  readonly #fault: { readonly at: number; readonly kind: Fault } | undefined;

  constructor(stopAfter = Number.POSITIVE_INFINITY, fault?: { readonly at: number; readonly kind: Fault }) {
    this.#stopAfter = stopAfter;
    this.#fault = fault;
    this.files = this.#watched(nodeFiles);
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
    // the descriptors of a process that is gone are closed for it
    if (this.stopped && name === 'close') return Reflect.apply(operation, self, args);
    this.step(name);
    const fault = this.#fault?.at === this.calls.length ? this.#fault.kind : undefined;
    if (fault === 'fails before' && name !== 'close') throw inputOutputError(name);
    const result: unknown = await Reflect.apply(operation, self, args);
    if (fault === undefined) return name === 'open' ? this.#watched(result as nodeFiles.FileHandle) : result;
    if (name === 'open') await (result as nodeFiles.FileHandle).close();
    throw inputOutputError(name);
  }

  #watched<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (!isFunction(member)) return member;
        return (...args: unknown[]) => this.#call(String(name), member, target, args);
      },
    });
  }
}

type AnyFunction = (...args: never[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

function inputOutputError(name: string): Error {
  return Object.assign(new Error(`EIO: i/o error, ${name}`), { code: 'EIO' });
}
