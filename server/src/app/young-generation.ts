import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const ENOUGH_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 1000;

/**
 * The engine lets the young garbage of the main thread grow to 128 MiB, and only the command line of Node, which is the
 * user's, could say less. Its growth can be stopped while it runs, though, and begun again when an idle time has shrunk it.
 * Threads that are started afterwards begin with as much as they need, as growth is a matter of the whole process.
 * @returns ends it
 */
export function boundYoungGeneration(): () => void {
  setFlagsFromString('--min-semi-space-size=8');
  for (const f of (process.env.GF ?? '').split(' ')) if (f !== '') setFlagsFromString(f);
  let grows = true;
  const look = () => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
    if (grows === young < ENOUGH_BYTES) return;
    grows = !grows;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
