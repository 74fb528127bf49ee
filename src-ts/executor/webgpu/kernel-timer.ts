// Tells a tracer when each kernel ran, by timestamps of the device: every dispatch gets a pass of its
// own, with a timestamp at both ends. Only for tracing: passes of their own cost a little.
import type { Extents } from '../../core/shape.ts';
import type { Tracer } from '../../core/tracer.ts';
import { formatCallName } from '../../kernels/kernel.ts';
import type { WebGpuDevice } from './device.ts';
import { encodeDispatch, gridOf, type Dispatch } from './dispatch.ts';

const MOST_QUERIES = 4096; // WebGPU's limit for a query set
const ALIGNMENTS = 5;
const QUANTUM = 65536n; // nanoseconds: what Dawn rounds timestamps to unless told not to

/** Timestamps of some dispatches on their way to the host. */
interface Recording {
  /** Null for a pass that does nothing. */
  readonly dispatches: readonly (Dispatch | null)[];
  readonly queries: GPUQuerySet;
  readonly resolved: GPUBuffer;
  readonly staging: GPUBuffer;
}

export class KernelTimer {
  readonly #device: WebGpuDevice;
  readonly #tracer: Tracer;
  /** Encoded, not yet submitted. */
  #open: Recording[] = [];
  readonly #pending = new Set<Promise<void>>();
  /** What to add to the device's milliseconds to have the host's. */
  #offset = 0;

  private constructor(device: WebGpuDevice, tracer: Tracer) {
    this.#device = device;
    this.#tracer = tracer;
  }

  /** A timer whose clock is the host's; null, and a note, where the device has no timestamps. */
  static async create(device: WebGpuDevice, tracer: Tracer): Promise<KernelTimer | null> {
    if (!device.handle.features.has('timestamp-query')) {
      tracer.note(`${device.info.name} has no timestamps: the trace has no kernels`);
      return null;
    }
    const timer = new KernelTimer(device, tracer);
    await timer.#align();
    return timer;
  }

  /** Encodes dispatches, to be timed. */
  encode(encoder: GPUCommandEncoder, dispatches: readonly Dispatch[], bounds: Extents): void {
    const launched = dispatches.filter(({ call }) => gridOf(call, bounds)[0] > 0);
    for (let at = 0; at < launched.length; at += MOST_QUERIES / 2) {
      const part = launched.slice(at, at + MOST_QUERIES / 2);
      this.#open.push(this.#record(encoder, part, bounds));
    }
  }

  /** Reads the timestamps of what has been submitted, when they are there. */
  collect(): void {
    for (const recording of this.#open) {
      const told = this.#read(recording)
        .then((times) => {
          this.#tell(recording.dispatches, times);
        })
        .catch(() => undefined) // a lost device: the run itself says so
        .finally(() => this.#pending.delete(told));
      this.#pending.add(told);
    }
    this.#open = [];
  }

  /** Waits until the tracer has been told of all that was submitted. */
  async finish(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #record(
    encoder: GPUCommandEncoder,
    dispatches: readonly (Dispatch | null)[],
    bounds: Extents,
  ): Recording {
    const { handle } = this.#device;
    const count = 2 * dispatches.length;
    const queries = handle.createQuerySet({ type: 'timestamp', count });
    for (const [k, dispatch] of dispatches.entries()) {
      const timestampWrites = {
        querySet: queries,
        beginningOfPassWriteIndex: 2 * k,
        endOfPassWriteIndex: 2 * k + 1,
      };
      const pass = encoder.beginComputePass({ timestampWrites });
      if (dispatch !== null) encodeDispatch(pass, dispatch, bounds);
      pass.end();
    }
    const size = 8 * count;
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const resolved = handle.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
    const staging = handle.createBuffer({ size, usage: COPY_DST | MAP_READ });
    encoder.resolveQuerySet(queries, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    return { dispatches, queries, resolved, staging };
  }

  /** Nanoseconds of the device. */
  async #read({ queries, resolved, staging }: Recording): Promise<BigUint64Array> {
    try {
      await this.#device.wait(staging.mapAsync(GPUMapMode.READ));
      return new BigUint64Array(staging.getMappedRange().slice(0));
    } finally {
      for (const each of [queries, resolved, staging]) each.destroy();
    }
  }

  #tell(dispatches: readonly (Dispatch | null)[], times: BigUint64Array): void {
    const at = (k: number): number => Number(times[k]!) / 1e6 + this.#offset;
    for (const [k, dispatch] of dispatches.entries()) {
      if (dispatch === null) continue;
      const { call, label } = dispatch;
      this.#tracer.span('kernels', formatCallName(call), at(2 * k), at(2 * k + 1), { node: label });
    }
  }

  /**
   * Finds the offset of the clocks: a timestamp is taken between the submission and the end of the
   * work around it, so each trial bounds the offset from both sides.
   */
  async #align(): Promise<void> {
    let [low, high] = [-Infinity, Infinity];
    let rounded = true;
    for (let trial = 0; trial < ALIGNMENTS; trial++) {
      const encoder = this.#device.handle.createCommandEncoder();
      const recording = this.#record(encoder, [null], {});
      const before = performance.now();
      this.#device.queue.submit([encoder.finish()]);
      await this.#device.wait(this.#device.queue.onSubmittedWorkDone());
      const after = performance.now();
      const [time] = await this.#read(recording);
      const device = Number(time!) / 1e6;
      [low, high] = [Math.max(low, before - device), Math.min(high, after - device)];
      rounded &&= time! % QUANTUM === 0n;
    }
    this.#offset = (low + high) / 2;
    if (rounded) this.#tracer.note('the device rounds its timestamps to 0.066 ms');
  }
}
