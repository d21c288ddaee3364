import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const YOUNG_BYTES = 32 * 1024 * 1024;
/** Of the whole process. Three heaps, the program itself and the buffers of files are about 200 MiB when nothing happens. */
const PLENTY_BYTES = 220 * 1024 * 1024;
const LOOK_MS = 1000;

/**
 * The engine lets the young garbage of each thread grow to 128 MiB, and the old to several times what is alive. Only the
 * command line of Node, which is the user's, can bound that for the main thread; its growth can be slowed, though, while it
 * runs. Growth is a matter of the whole process: threads that are started afterwards begin with a young generation of a
 * fair size. Slower growth costs processor time (an eighth more per event, measured), so it begins when memory is used.
 * @returns ends the watching
 */
export function boundHeapGrowth(): () => void {
  setFlagsFromString('--min-semi-space-size=4');
  const young = flagSwitch('--semi-space-growth-factor', { on: 1, off: 2 });
  // percent by which the old generation may outgrow what is alive; 0: as the engine thinks
  const old = flagSwitch('--heap-growing-percent', { on: 60, off: 0 });
  const look = () => {
    young(
      (getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0) >= YOUNG_BYTES,
    );
    old(residentBytes() >= PLENTY_BYTES);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** To tell it the system needs to open a file; where connections have taken all that a process may open, it cannot. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Sets an engine flag when what it depends on has changed. */
function flagSwitch(flag: string, value: { readonly on: number; readonly off: number }): (on: boolean) => void {
  let isOn = false;
  return (on) => {
    if (on === isOn) return;
    isOn = on;
    setFlagsFromString(`${flag}=${on ? value.on : value.off}`);
  };
}
