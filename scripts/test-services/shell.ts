import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs the steps of an installation. */
export interface Shell {
  /** Rejects with the last lines that the program printed when it does not end with 0. */
  run(command: string, args: readonly string[], options?: StepOptions): Promise<void>;
}

export interface StepOptions {
  /** The folder it runs in. */
  readonly folder?: string;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What `process.stdout` is, as far as progress needs it. */
export interface TextOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const SHOWN_WIDTH = 100;
const KEPT_LINES = 15;

/** Shows each command, and on a terminal the last line it printed, written over again. */
export function createShell(output: TextOutput): Shell {
  return {
    async run(command, args, { folder, environment = {} } = {}) {
      output.write(`  ${command} ${args.join(' ')}\n`);
      const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(folder === undefined ? {} : { cwd: folder }),
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', ...environment },
      });
      let lines: string[] = [];
      const collect = (chunk: Buffer) => {
        lines = [...lines, ...chunk.toString().split(/[\r\n]+/)].filter((line) => line !== '').slice(-KEPT_LINES);
        if (output.isTTY) output.write(`\r\x1b[K    ${lines.at(-1)?.slice(0, SHOWN_WIDTH) ?? ''}`);
      };
      child.stdout.on('data', collect);
      child.stderr.on('data', collect);
      const [code] = await once(child, 'close');
      if (output.isTTY) output.write('\r\x1b[K');
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${lines.join('\n')}`);
    },
  };
}
