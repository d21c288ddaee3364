import type { MessagePort, Worker } from 'node:worker_threads';
import { CodedError, ERROR_CATALOGUE, type ErrorCode, type ErrorContext, messageOf } from '../../domain/errors.ts';

/** What one side of a port offers to the other: methods with one plain-data argument and a plain-data result. */
export type Methods = { readonly [name: string]: (argument: never) => unknown };

type Argument<M extends Methods, K extends keyof M> = Parameters<M[K]>[0];
type Result<M extends Methods, K extends keyof M> = Awaited<ReturnType<M[K]>>;

/** The one typed message port between two threads. Errors cross it with their code. */
export interface ThreadPort<Remote extends Methods> {
  call<K extends keyof Remote & string>(method: K, argument: Argument<Remote, K>): Promise<Result<Remote, K>>;
  /** No answer, no acknowledgement: for news of which the latest counts. */
  tell<K extends keyof Remote & string>(method: K, argument: Argument<Remote, K>): void;
  /** Every call that waits fails: the other side is gone. */
  disconnect(reason: string): void;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly kind: 'tell'; readonly method: string; readonly argument: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: PlainError };

interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly context: ErrorContext;
}

/**
 * Answers the other side's calls with `local`. A call that fails there rejects here with the same code; one that waits
 * when the port is disconnected, or is made later, with THREAD_GONE.
 */
export function connectThread<Local extends Methods, Remote extends Methods>(
  port: Pick<MessagePort | Worker, 'postMessage' | 'on'>,
  local: Local,
): ThreadPort<Remote> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let gone: string | undefined;

  const invoke = async (method: string, argument: unknown): Promise<unknown> => {
    const implementation = local[method] as ((argument: unknown) => unknown) | undefined;
    if (implementation === undefined) throw new CodedError('DEFECT', `no such method between threads: ${method}`);
    return implementation(argument);
  };
  const answer = async (id: number, method: string, argument: unknown): Promise<void> => {
    try {
      port.postMessage({ kind: 'result', id, value: await invoke(method, argument) } satisfies Message);
    } catch (thrown) {
      port.postMessage({ kind: 'error', id, error: plain(thrown) } satisfies Message);
    }
  };
  port.on('message', (message: Message) => {
    if (message.kind === 'call') void answer(message.id, message.method, message.argument);
    else if (message.kind === 'tell') void invoke(message.method, message.argument);
    else {
      const caller = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === 'result') caller?.resolve(message.value);
      else caller?.reject(coded(message.error));
    }
  });
  return {
    call(method, argument) {
      if (gone !== undefined) return Promise.reject(new CodedError('THREAD_GONE', gone));
      return new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        port.postMessage({ kind: 'call', id, method, argument } satisfies Message);
      });
    },
    tell(method, argument) {
      if (gone === undefined) port.postMessage({ kind: 'tell', method, argument } satisfies Message);
    },
    disconnect(reason) {
      gone = reason;
      for (const caller of waiting.values()) caller.reject(new CodedError('THREAD_GONE', reason));
      waiting.clear();
    },
  };
}

function plain(thrown: unknown): PlainError {
  if (thrown instanceof CodedError) return { code: thrown.code, message: thrown.message, context: thrown.context };
  return { code: 'DEFECT', message: messageOf(thrown), context: {} };
}

function coded(error: PlainError): CodedError {
  const code: ErrorCode = error.code in ERROR_CATALOGUE ? (error.code as ErrorCode) : 'DEFECT';
  return new CodedError(code, error.message, error.context);
}
