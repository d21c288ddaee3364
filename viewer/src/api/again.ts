import { useEffect, useRef } from 'preact/hooks';

const FIRST_MS = 1000;
/** About a minute in all; every time is a look that the trail records. */
const MOST_TIMES = 6;

/** Asks again, ever less often, for as long as something is on its way and somebody looks. */
export function useAgainWhile(isOnItsWay: boolean, ask: () => void): void {
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (!isOnItsWay) return;
    let times = 0;
    let timer = setTimeout(again, FIRST_MS);
    function again() {
      if (document.visibilityState === 'visible') {
        latest.current();
        times += 1;
      }
      if (times < MOST_TIMES) timer = setTimeout(again, FIRST_MS * 2 ** times);
    }
    return () => clearTimeout(timer);
  }, [isOnItsWay]);
}
