// A compiled graph: its buffers, its bind groups, and the encoding of its runs.
//
// A run only encodes: no allocation, no read-back, no indirect dispatch (Dawn validates each with a
// dispatch of its own); surplus workgroups find the live count and return.
import { InternalError } from '../../core/errors.ts';
import { resolveShape, type Extents, type TensorType } from '../../core/shape.ts';
import type { Tensor, TensorData } from '../../core/tensor.ts';
import { typeOf, type Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { CompileOptions, Program, RunOptions } from '../executor.ts';
import type { WebGpuDevice } from './device.ts';
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
  type ProgramStorage,
} from './storage.ts';

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

  private constructor(
    device: WebGpuDevice,
    graph: Graph,
    plan: Plan,
    capacity: Extents,
    storage: ProgramStorage,
    dispatches: readonly Dispatch[],
  ) {
    this.#device = device;
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
    device: WebGpuDevice,
    pipelines: PipelineCache,
    graph: Graph,
    plan: Plan,
    options: CompileOptions,
  ): Promise<WebGpuProgram> {
    device.check();
    checkBindings(device, plan);
    const bytes = plannedBytes(plan);
    const storage = await device.guardAllocation('storage of a program, in bytes', bytes, () =>
      allocateStorage(device, plan),
    );
    const once = await compileCalls(device, pipelines, plan, plan.once, storage);
    submit(device, (encoder) => {
      encodeDispatches(encoder, once, options.capacity);
    });
    const dispatches = await compileCalls(device, pipelines, plan, plan.calls, storage);
    await device.wait(device.queue.onSubmittedWorkDone());
    releaseSources(graph, plan, storage);
    return new WebGpuProgram(device, graph, plan, options.capacity, storage, dispatches);
  }

  write(input: string, value: Tensor, row = 0): void {
    const port = this.#graph.inputs.find(({ name }) => name === input);
    if (port === undefined) throw new InternalError(`the program has no input "${input}"`);
    const rowBytes = this.#rowBytes(typeOf(this.#graph, port.id));
    const bits = deviceBits(value);
    if (bits.byteLength === 0) return;
    this.#device.queue.writeBuffer(this.#bufferOf(port.id), row * rowBytes, bits);
  }

  setExtent(symbol: string, count: number): void {
    const buffer = this.#extents.get(symbol);
    if (buffer === undefined) throw new InternalError(`the program has no symbol "${symbol}"`);
    this.#device.queue.writeBuffer(buffer, 0, Uint32Array.of(count, 0, 0, 0));
  }

  run({ times = 1, bounds = {} }: RunOptions = {}): void {
    this.#device.check();
    submit(this.#device, (encoder) => {
      for (let i = 0; i < times; i++) {
        encodeDispatches(encoder, this.#dispatches, { ...this.#capacity, ...bounds });
        this.#copyState(encoder);
      }
    });
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
    // Dawn frees a buffer's memory only when told: collected wrappers keep it.
    for (const buffer of this.#owned) buffer.destroy();
    this.#owned.length = 0;
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
      await this.#device.wait(staging.mapAsync(GPUMapMode.READ));
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
