// Loading ahead of whoever takes the images: a bounded ring of images that are there or on their way,
// filled in order while the taker is busy. Few are on their way at a time: the next begins when one is
// through, so that neither beginning nor ending a load ever keeps the main thread for long.
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Loads under way at a time: enough to keep any number of cores fed, few enough to end in one turn. */
const UNDER_WAY = 16;
/** What is in memory already arrives without a turn of the event loop; one is made after this. */
const LONGEST_TURN_MS = 1;

/**
 * Yields `load(0)` to `load(count − 1)`, in order; at most `ahead` of them are held. The first that
 * rejects ends it.
 */
export async function* loadAhead<T>(
  count: number,
  ahead: number,
  load: (index: number) => Promise<T>,
): AsyncGenerator<T, void, undefined> {
  const ring = new Array<Promise<T>>(Math.min(count, ahead));
  let [begun, underWay, taken, stopped] = [0, 0, 0, false];
  const begin = (): void => {
    while (!stopped && begun < count && begun - taken < ring.length && underWay < UNDER_WAY) {
      const loading = load(begun);
      ring[begun++ % ring.length] = loading;
      underWay++;
      loading.then(settle, settle); // a failure is told when its turn comes
    }
  };
  const settle = (): void => {
    underWay--;
    begin();
  };
  let turnedAt = performance.now();
  try {
    begin();
    while (taken < count) {
      const item = await ring[taken % ring.length]!;
      taken++;
      begin();
      if (performance.now() - turnedAt > LONGEST_TURN_MS) {
        await nextTurn();
        turnedAt = performance.now();
      }
      yield item;
    }
  } finally {
    stopped = true;
  }
}
