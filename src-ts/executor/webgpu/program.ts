// A compiled graph: its buffers, its bind groups, and the encoding of its runs.
//
// A run only encodes: no allocation, no read-back, no indirect dispatch (Dawn validates each with a
// dispatch of its own); surplus workgroups find the live count and return.
import { InternalError } from '../../core/errors.ts';
import { resolveShape, type Extents, type TensorType } from '../../core/shape.ts';
import type { Tensor, TensorData } from '../../core/tensor.ts';
import { traceSync } from '../../core/tracer.ts';
import { typeOf, type Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { CompileOptions, Program, RunOptions } from '../executor.ts';
import type { WebGpuDevice } from './device.ts';
import type { KernelTimer } from './kernel-timer.ts';
import type { PipelineCache } from './pipelines.ts';
import { align, compileCalls, encodeDispatches, submit, type Dispatch } from './dispatch.ts';
import type { Plan } from './plan.ts';
import {
  allocateStorage,
  checkBindings,
  deviceBits,
  EXTENT_BYTES,
  plannedBytes,
  releaseSources,
  releaseStorage,
  type ProgramStorage,
} from './storage.ts';

/** What programs of one device share. */
export interface Runtime {
  readonly device: WebGpuDevice;
  readonly pipelines: PipelineCache;
  /** Set where a tracer is told of kernels. */
  readonly timer: KernelTimer | null;
}

export class WebGpuProgram implements Program {
  readonly byteLength: number;
  readonly #device: WebGpuDevice;
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #capacity: Extents;
  readonly #buffers: Map<ValueId, GPUBuffer>;
  readonly #extents: Map<string, GPUBuffer>;
  readonly #owned: GPUBuffer[];
  readonly #dispatches: readonly Dispatch[];
  readonly #timer: KernelTimer | null;
  /** As often as memory had run out when it was made: once more, and its values cannot be trusted. */
  readonly #exhaustions: number;

  private constructor(
    { device, timer }: Runtime,
    graph: Graph,
    plan: Plan,
    capacity: Extents,
    storage: ProgramStorage,
    dispatches: readonly Dispatch[],
    exhaustions: number,
  ) {
    this.#device = device;
    this.#exhaustions = exhaustions;
    this.#timer = timer;
    this.#graph = graph;
    this.#plan = plan;
    this.#capacity = capacity;
    this.#buffers = storage.buffers;
    this.#extents = storage.extents;
    this.#owned = storage.owned;
    this.#dispatches = dispatches;
    this.byteLength = storage.owned.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  static async create(
    runtime: Runtime,
    graph: Graph,
    plan: Plan,
    options: CompileOptions,
  ): Promise<WebGpuProgram> {
    const { device, pipelines } = runtime;
    const { exhaustions } = device;
    device.check();
    checkBindings(device, plan);
    const bytes = plannedBytes(plan);
    const storage = await device.guardAllocation(
      'storage of a program',
      bytes,
      () => allocateStorage(device, plan),
      releaseStorage,
    );
    try {
      const once = await compileCalls(device, pipelines, plan, plan.once, storage);
      const prepare = (): void => {
        submit(device, (encoder) => {
          encodeDispatches(encoder, once, options.capacity);
        });
      };
      await device.guardAllocation('packing of weights', bytes, prepare, () => undefined);
      const dispatches = await compileCalls(device, pipelines, plan, plan.calls, storage);
      await device.wait(device.queue.onSubmittedWorkDone());
      releaseSources(graph, plan, storage);
      const { capacity } = options;
      return new WebGpuProgram(runtime, graph, plan, capacity, storage, dispatches, exhaustions);
    } catch (error) {
      releaseStorage(storage);
      throw error;
    }
  }

  write(input: string, value: Tensor, row = 0): void {
    const port = this.#graph.inputs.find(({ name }) => name === input);
    if (port === undefined) throw new InternalError(`the program has no input "${input}"`);
    const rowBytes = this.#rowBytes(typeOf(this.#graph, port.id));
    const bits = deviceBits(value);
    if (bits.byteLength === 0) return;
    const { queue, tracer } = this.#device;
    const upload = (): void => {
      queue.writeBuffer(this.#bufferOf(port.id), row * rowBytes, bits);
    };
    traceSync(tracer, 'uploads', input, upload, { bytes: bits.byteLength });
  }

  setExtent(symbol: string, count: number): void {
    const buffer = this.#extents.get(symbol);
    if (buffer === undefined) throw new InternalError(`the program has no symbol "${symbol}"`);
    this.#device.queue.writeBuffer(buffer, 0, Uint32Array.of(count, 0, 0, 0));
  }

  run({ times = 1, bounds = {} }: RunOptions = {}): void {
    this.#device.check(this.#exhaustions);
    const timer = this.#timer;
    const live = { ...this.#capacity, ...bounds };
    const encode = (encoder: GPUCommandEncoder): void => {
      for (let i = 0; i < times; i++) {
        if (timer === null) encodeDispatches(encoder, this.#dispatches, live);
        else timer.encode(encoder, this.#dispatches, live);
        this.#copyState(encoder);
      }
    };
    traceSync(this.#device.tracer, 'encoding', 'run', () => {
      submit(this.#device, encode);
    });
    timer?.collect();
  }

  /** Enqueues one call of the plan again and again, on full batches: what measurements ask for. */
  repeatCall(at: number, times: number): void {
    const dispatch = this.#dispatches[at]!;
    this.#device.check();
    submit(this.#device, (encoder) => {
      encodeDispatches(encoder, Array<Dispatch>(times).fill(dispatch), this.#capacity);
    });
  }

  /** Waits for all work enqueued so far. */
  async finish(): Promise<void> {
    await this.#device.wait(this.#device.queue.onSubmittedWorkDone(), this.#exhaustions);
  }

  async read(
    names: readonly string[],
    rows?: { readonly start: number; readonly end: number },
  ): Promise<Record<string, Tensor>> {
    const wanted = names.map((name) => {
      const id = this.#portNamed(name);
      const type = typeOf(this.#graph, id);
      const shape = resolveShape(type.shape, this.#capacity);
      const rowBytes = this.#rowBytes(type);
      const [first, last] = rows === undefined ? [0, shape[0] ?? 1] : [rows.start, rows.end];
      if (shape.length > 0) shape[0] = last - first;
      return {
        name,
        type,
        shape,
        source: this.#bufferOf(id),
        offset: first * rowBytes,
        size: (last - first) * rowBytes,
      };
    });
    const data = await this.#readRanges(wanted);
    return Object.fromEntries(
      wanted.map(({ name, type, shape }, k) => {
        const bytes = data[k]!;
        return [name, { dtype: type.dtype, shape, data: typedData(type.dtype, bytes) }];
      }),
    );
  }

  async readExtents(symbols: readonly string[]): Promise<Extents> {
    const ranges = symbols.map((symbol) => ({
      source: this.#extents.get(symbol)!,
      offset: 0,
      size: EXTENT_BYTES,
    }));
    const data = await this.#readRanges(ranges);
    return Object.fromEntries(symbols.map((symbol, k) => [symbol, new Uint32Array(data[k]!)[0]!]));
  }

  dispose(): void {
    releaseStorage({ owned: this.#owned });
  }

  #portNamed(name: string): ValueId {
    const ports = [...this.#graph.outputs, ...this.#graph.inputs];
    const port = ports.find((each) => each.name === name);
    if (port === undefined) throw new InternalError(`the program has no value "${name}"`);
    return port.id;
  }

  #bufferOf(id: ValueId): GPUBuffer {
    const buffer = this.#buffers.get(this.#plan.rootOf(id));
    if (buffer === undefined) throw new InternalError(`value %${id} has no storage`);
    return buffer;
  }

  #rowBytes(type: TensorType): number {
    const [, ...rest] = resolveShape(type.shape, this.#capacity);
    return 4 * rest.reduce((product, dim) => product * dim, 1);
  }

  #copyState(encoder: GPUCommandEncoder): void {
    for (const { from, to, extent } of this.#plan.copies) {
      const [source, target] = [this.#buffers.get(from)!, this.#buffers.get(to)!];
      encoder.copyBufferToBuffer(source, 0, target, 0, Math.min(source.size, target.size));
      if (extent === null) continue;
      const [count, next] = [this.#extents.get(extent.from)!, this.#extents.get(extent.to)!];
      encoder.copyBufferToBuffer(count, 0, next, 0, EXTENT_BYTES);
    }
  }

  async #readRanges(
    ranges: readonly { source: GPUBuffer; offset: number; size: number }[],
  ): Promise<ArrayBuffer[]> {
    const total = ranges.reduce((sum, { size }) => sum + align(size, 4), 0);
    const start = performance.now();
    if (total === 0) return ranges.map(() => new ArrayBuffer(0));
    const staging = this.#device.handle.createBuffer({
      label: 'staging',
      size: total,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    try {
      submit(this.#device, (encoder) => {
        let at = 0;
        for (const { source, offset, size } of ranges) {
          if (size > 0) encoder.copyBufferToBuffer(source, offset, staging, at, size);
          at += align(size, 4);
        }
      });
      await this.#device.wait(staging.mapAsync(GPUMapMode.READ), this.#exhaustions);
      const { tracer } = this.#device;
      tracer?.span('reads', 'read', start, performance.now(), { bytes: total });
      const mapped = staging.getMappedRange();
      let at = 0;
      return ranges.map(({ size }) => {
        const bytes = mapped.slice(at, at + size); // the mapping is detached on unmap
        at += align(size, 4);
        return bytes;
      });
    } finally {
      staging.destroy();
    }
  }
}

function typedData(dtype: TensorType['dtype'], bytes: ArrayBuffer): TensorData {
  return dtype === 'float32' ? new Float32Array(bytes) : new Int32Array(bytes);
}
