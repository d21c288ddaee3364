import { messageOf, systemCodeOf } from '../../../domain/errors.ts';
import type { Clock } from '../../../pipeline/ports/clock.ts';
import { ProgressLine, type TextOutput } from '../../cli/progress-line.ts';
import { type HostAddress, PictureHost } from './picture-host.ts';

/** What the server says of its pictures in `/api/v1/status`. */
export interface PicturesAtServer {
  readonly state: string;
  /** Events that await their picture; null while it cannot tell. */
  readonly waiting?: number | null;
}

export interface PictureOptions extends HostAddress {
  /** Undefined: it does not say. */
  readonly atServer: () => Promise<PicturesAtServer | undefined>;
}

interface Surroundings {
  readonly stdout: TextOutput;
  readonly clock: Clock;
}

/** @returns undefined where nobody would fetch pictures, or, with a sentence, where the port cannot be had */
export async function servePictures(
  options: PictureOptions,
  { stdout }: Surroundings,
): Promise<PictureHost | undefined> {
  if ((await options.atServer())?.state === 'off') return undefined;
  try {
    const host = await PictureHost.listen(options);
    stdout.write(`Pictures of what they see at ${host.origin} (--no-pictures: none)\n`);
    return host;
  } catch (error) {
    const why = systemCodeOf(error) === 'EADDRINUSE' ? 'is in use by another program' : `says ${messageOf(error)}`;
    stdout.write(`Port ${options.port} of ${options.host} ${why}, so this run goes on without pictures.\n`);
    return undefined;
  }
}

const LOOK_MS = 250;
/** The server may not have looked at the last events yet when it says that it awaits nothing. */
const IDLE_LOOKS = 8;
/** A server that could not reach this port comes back after 30 seconds at the latest. */
const MAX_QUIET_MS = 35_000;
const MAX_WAIT_MS = 300_000;
const LINE_MS = 5000;

/** Ends when the server has fetched what was announced, awaits nothing more, or has long fetched nothing. */
export async function waitUntilFetched(
  { announced }: PictureHost,
  { atServer }: PictureOptions,
  { stdout, clock }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  if (announced.unfetched === 0) return;
  stdout.write(`Waiting until the server has fetched ${pictures(announced.unfetched)} more (Ctrl-C ends it).\n`);
  const line = new ProgressLine(stdout, () => clock.monotonicMs(), LINE_MS);
  const began = clock.monotonicMs();
  let fetchedAt = began;
  let left = announced.unfetched;
  let idleLooks = 0;
  while (left > 0 && !signal.aborted) {
    const now = clock.monotonicMs();
    if (now - fetchedAt > MAX_QUIET_MS || now - began > MAX_WAIT_MS) break;
    idleLooks = (await atServer())?.waiting === 0 ? idleLooks + 1 : 0;
    if (idleLooks > IDLE_LOOKS) break;
    await clock.sleep(LOOK_MS, signal);
    if (announced.unfetched < left) fetchedAt = clock.monotonicMs();
    left = announced.unfetched;
    line.show(() => `${pictures(left)} left`);
  }
  line.end();
  stdout.write(left === 0 ? 'The server has all pictures.\n' : `The server did not fetch ${pictures(left)}.\n`);
}

function pictures(count: number): string {
  return count === 1 ? '1 picture' : `${count} pictures`;
}
