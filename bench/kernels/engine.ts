// What a tensor engine must do to stand in the kernel bench.
import type { KernelCase } from './cases.ts';

export interface KernelEngine {
  readonly name: string;
  /** Uploads the operands; layouts that an engine prefers are made here, outside the timing. */
  readonly prepare: (each: KernelCase) => Promise<PreparedKernel>;
}

export interface PreparedKernel {
  /** Enqueues the kernel `times` times and waits until the device has done them all. */
  readonly run: (times: number) => Promise<void>;
  /** The result in the layout of the case. */
  readonly output: () => Promise<ArrayLike<number>>;
  readonly dispose: () => void;
}
