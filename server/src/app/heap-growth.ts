import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const YOUNG_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 1000;

/**
 * The engine lets the young garbage of each thread grow to 128 MiB. Only the command line of Node, which is the user's, can
 * bound that for the main thread; its growth can be slowed, though, while it runs. Growth is a matter of the whole process:
 * threads that are started afterwards begin with a young generation of a fair size.
 * @returns ends the watching
 */
export function boundHeapGrowth(): () => void {
  setFlagsFromString('--min-semi-space-size=4');
  let grows = true;
  const look = () => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
    // an idle time may have made it small
    if (grows === young < YOUNG_BYTES) return;
    grows = !grows;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
