// Ctrl-C: the first asks the run to stop and write what it has, a later one ends the process at once.

/** Exit statuses after a signal, as shells count them: 128 + its number. */
const STATUSES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof STATUSES;

/** A parent that passes Ctrl-C on makes it arrive twice; what comes this soon is the same one. */
const ECHO_MS = 1000;

export interface Interrupt {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** What to exit with after it. */
  readonly status: () => number;
  readonly release: () => void;
}

export function catchInterrupts(): Interrupt {
  const controller = new AbortController();
  let [status, firstAt] = [0, 0];
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted && performance.now() - firstAt > ECHO_MS) process.exit(status);
    if (controller.signal.aborted) return;
    status = STATUSES[name as StopSignal];
    firstAt = performance.now();
    controller.abort();
  };
  const names = Object.keys(STATUSES) as StopSignal[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    status: () => status,
    release: () => {
      for (const name of names) process.removeListener(name, onSignal);
    },
  };
}
