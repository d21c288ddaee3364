/** Exit codes of every command; documented in docs/operations.md. */
export const EXIT = {
  done: 0,
  /** The command ran and could not do what it was asked to; the message says why. */
  failed: 1,
  /** Unknown command or option. */
  usage: 2,
  /** The configuration, or this Node.js, is not usable (EX_CONFIG of sysexits). */
  configuration: 78,
  /** A second signal asked for an immediate end. */
  interrupted: 130,
} as const;

/** Ends the command with a sentence for people and an exit code; never a stack trace. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
