// The CPU time of the calling thread. Node tells that of the process only, and the wall clock runs on
// while other programs have the core; WASI's clocks include the thread's.
import { WASI } from 'node:wasi';

// Node has it, its types do not.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer } };
  };
};

const THREAD_CPU_TIME = 3; // CLOCK_THREAD_CPUTIME_ID

/** (module (memory (export "memory") 1)) */
const MODULE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // header
  ...[5, 3, 1, 0, 1], // one memory of one page
  ...[7, 10, 1, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0], // its name
);

/** A function that tells the CPU time of the thread it is called on, in milliseconds. */
export function threadClock(): () => number {
  const wasi = new WASI({ version: 'preview1' });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE));
  wasi.initialize(instance);
  const time = new DataView(instance.exports.memory.buffer);
  const read = wasi.wasiImport['clock_time_get'] as (id: number, lag: bigint, at: number) => number;
  return () => {
    if (read(THREAD_CPU_TIME, 1n, 0) !== 0) throw new Error('this system has no thread CPU clock');
    return (time.getUint32(4, true) * 2 ** 32 + time.getUint32(0, true)) / 1e6;
  };
}
