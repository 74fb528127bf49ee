// Dawn's Node binding re-queues itself with `globalThis.setImmediate` for as long as a promise of its
// own is open, and so keeps a core busy: half the machine, where the adapter computes on the CPU.
// While we wait, that global polls eagerly for a moment, so that short waits stay short, and then
// once a millisecond. Outside our waits the global is the original.
const EAGER_TICKS = 200; // about a tenth of a millisecond each at most
let waits = 0;

/** Awaits a promise of the WebGPU binding without burning a core. */
export async function awaitGpu<T>(promise: Promise<T>): Promise<T> {
  const original = globalThis.setImmediate;
  if (waits++ === 0) globalThis.setImmediate = patientScheduler(original);
  const ours = globalThis.setImmediate;
  try {
    return await promise;
  } finally {
    if (--waits === 0 && globalThis.setImmediate === ours) globalThis.setImmediate = restore(ours);
  }
}

interface Patient {
  (callback: (...args: unknown[]) => void, ...args: unknown[]): unknown;
  original: typeof setImmediate;
}

function patientScheduler(original: typeof setImmediate): typeof setImmediate {
  let ticks = 0;
  const schedule: Patient = (callback, ...args) =>
    ticks++ < EAGER_TICKS ? original(callback, ...args) : setTimeout(callback, 1, ...args);
  schedule.original = original;
  // setImmediate carries a promisified variant as a property; nothing in the binding asks for it.
  return schedule as unknown as typeof setImmediate;
}

const restore = (patched: typeof setImmediate): typeof setImmediate =>
  (patched as unknown as Patient).original;
