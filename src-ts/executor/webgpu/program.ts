// A compiled graph: its buffers, its bind groups, and the encoding of its runs.
//
// Everything a dispatch needs is fixed when the program is made: shapes in one uniform buffer, bind
// groups over fixed storage. A run only encodes: no allocation, no read-back, no indirect dispatch
// (Dawn validates each with a dispatch of its own); surplus workgroups find the live count and return.
import { DeviceLimitError, InternalError } from '../../core/errors.ts';
import { resolveShape, type Extents, type TensorType } from '../../core/shape.ts';
import type { Tensor, TensorData } from '../../core/tensor.ts';
import { typeOf, type Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { formatCallName, type BufferRef, type KernelCall } from '../../kernels/kernel.ts';
import { shaderInterface } from '../../kernels/wgsl.ts';
import type { CompileOptions, Program, RunOptions } from '../executor.ts';
import type { WebGpuDevice } from './device.ts';
import type { PipelineCache } from './pipelines.ts';
import type { Plan, PlannedCall } from './plan.ts';

/** Uniform buffers are bound at multiples of this (WebGPU's default alignment). */
const UNIFORM_STRIDE = 256;
/** Bytes of a live count: one vec4u. */
const EXTENT_BYTES = 16;
/** Workgroups along x before a grid goes on in z; `GROUPS_PER_LAYER` in common/work.wgsl. */
const GROUPS_PER_LAYER = 32768;

interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly call: KernelCall;
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
    releaseSources(plan, storage);
    return new WebGpuProgram(device, graph, plan, options.capacity, storage, dispatches);
  }

  write(input: string, value: Tensor, row = 0): void {
    const port = this.#graph.inputs.find(({ name }) => name === input);
    if (port === undefined) throw new InternalError(`the program has no input "${input}"`);
    const rowBytes = this.#rowBytes(typeOf(this.#graph, port.id));
    const { data } = value;
    const bits = data instanceof Float64Array ? convert(value) : data;
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

function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

function convert({ dtype, data }: Tensor): TensorData {
  return dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data);
}

function typedData(dtype: TensorType['dtype'], bytes: ArrayBuffer): TensorData {
  return dtype === 'float32' ? new Float32Array(bytes) : new Int32Array(bytes);
}

// ---- storage -----------------------------------------------------------------------------------

interface ProgramStorage {
  readonly buffers: Map<ValueId, GPUBuffer>;
  readonly extents: Map<string, GPUBuffer>;
  readonly nothing: GPUBuffer;
  readonly one: GPUBuffer;
  readonly owned: GPUBuffer[];
}

/** Bytes of all buffers of a plan. */
export function plannedBytes(plan: Plan): number {
  const kept = [...plan.buffers.values()].filter(({ storage }) => storage.kind !== 'slot');
  return [...kept.map(({ byteLength }) => byteLength), ...plan.slotBytes].reduce(
    (a, b) => a + b,
    0,
  );
}

/** Bytes of the largest buffer of a plan. */
export function largestBufferOf(plan: Plan): number {
  const sizes = [...plan.buffers.values()].map(({ byteLength }) => byteLength);
  return Math.max(0, ...plan.slotBytes, ...sizes);
}

function checkBindings(device: WebGpuDevice, plan: Plan): void {
  const largest = largestBufferOf(plan);
  if (largest <= device.bufferLimit) return;
  throw new DeviceLimitError(
    'bytes of one buffer',
    largest,
    device.bufferLimit,
    'Use a smaller --batch.',
  );
}

function allocateStorage(device: WebGpuDevice, plan: Plan): ProgramStorage {
  const owned: GPUBuffer[] = [];
  const allocate = (label: string, size: number, extra = 0): GPUBuffer => {
    const usage =
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC | extra;
    const buffer = device.handle.createBuffer({ label, size, usage });
    owned.push(buffer);
    return buffer;
  };
  const slots = plan.slotBytes.map((bytes, k) => allocate(`slot ${k}`, bytes));
  const buffers = new Map<ValueId, GPUBuffer>();
  for (const [id, { byteLength, storage }] of plan.buffers) {
    if (storage.kind === 'slot') buffers.set(id, slots[storage.slot]!);
    else buffers.set(id, allocate(`%${id}`, byteLength));
    if (storage.kind !== 'constant') continue;
    const { data } = storage.tensor;
    const bits = data instanceof Float64Array ? convert(storage.tensor) : data;
    if (bits.length > 0) {
      device.queue.writeBuffer(buffers.get(id)!, 0, bits);
    }
  }
  const extents = new Map(
    plan.symbols.map((symbol) => [
      symbol,
      allocate(`extent ${symbol}`, EXTENT_BYTES, GPUBufferUsage.UNIFORM),
    ]),
  );
  const one = allocate('one', EXTENT_BYTES, GPUBufferUsage.UNIFORM);
  device.queue.writeBuffer(one, 0, Uint32Array.of(1, 0, 0, 0));
  return { buffers, extents, nothing: allocate('nothing', 16), one, owned };
}

/** Frees constants that only calls run once have read: weights that were packed. */
function releaseSources(plan: Plan, { buffers, owned }: ProgramStorage): void {
  const read = new Set<ValueId>();
  for (const { call } of plan.calls) {
    for (const ref of Object.values(call.buffers)) if (ref.of === 'value') read.add(ref.id);
  }
  const isPort = new Set(plan.copies.flatMap(({ from, to }) => [from, to]));
  for (const [id, { storage }] of plan.buffers) {
    if (storage.kind !== 'constant' || read.has(id) || isPort.has(id)) continue;
    const buffer = buffers.get(id)!;
    buffer.destroy();
    owned.splice(owned.indexOf(buffer), 1);
  }
}

// ---- calls -------------------------------------------------------------------------------------

async function compileCalls(
  device: WebGpuDevice,
  pipelines: PipelineCache,
  plan: Plan,
  calls: readonly PlannedCall[],
  storage: ProgramStorage,
): Promise<Dispatch[]> {
  if (calls.length === 0) return [];
  const params = packParams(device, calls, storage);
  const compiled = await Promise.all(calls.map(({ call }) => pipelines.get(call)));
  return calls.map(({ call, label }, at) => {
    const { pipeline, layout } = compiled[at]!;
    const { paramBytes } = shaderInterface(call.kernel.file);
    const uniform = { buffer: params.buffer, offset: at * params.stride, size: paramBytes };
    const bindGroup = device.handle.createBindGroup({
      label: `${formatCallName(call)} ${label}`,
      layout,
      entries: [
        { binding: 0, resource: uniform },
        { binding: 1, resource: { buffer: extentBuffer(call, storage) } },
        ...storageEntries(call, plan, storage),
      ],
    });
    return { pipeline, bindGroup, call };
  });
}

function extentBuffer({ work }: KernelCall, { extents, one }: ProgramStorage): GPUBuffer {
  if (work.batch === null) return one;
  const buffer = extents.get(work.batch);
  if (buffer === undefined) throw new InternalError(`no live count for symbol "${work.batch}"`);
  return buffer;
}

function storageEntries(
  call: KernelCall,
  plan: Plan,
  storage: ProgramStorage,
): GPUBindGroupEntry[] {
  return shaderInterface(call.kernel.file).storage.map(({ name, binding }) => {
    const ref = call.buffers[name];
    if (ref === undefined)
      throw new InternalError(`${call.kernel.file}: buffer ${name} is not bound`);
    return { binding, resource: { buffer: resolveBuffer(ref, plan, storage) } };
  });
}

function resolveBuffer(ref: BufferRef, plan: Plan, storage: ProgramStorage): GPUBuffer {
  switch (ref.of) {
    case 'nothing':
      return storage.nothing;
    case 'extent':
      return storage.extents.get(ref.symbol)!;
    case 'value': {
      const buffer = storage.buffers.get(plan.rootOf(ref.id));
      if (buffer === undefined) throw new InternalError(`value %${ref.id} has no storage`);
      return buffer;
    }
  }
}

/** All calls' parameters in one uniform buffer, each at a multiple of the binding alignment. */
function packParams(
  device: WebGpuDevice,
  calls: readonly PlannedCall[],
  storage: ProgramStorage,
): { buffer: GPUBuffer; stride: number } {
  const widest = Math.max(...calls.map(({ call }) => shaderInterface(call.kernel.file).paramBytes));
  const stride = align(widest, UNIFORM_STRIDE);
  const bytes = new ArrayBuffer(stride * calls.length);
  for (const [at, { call }] of calls.entries()) {
    writeParams(new DataView(bytes, at * stride, stride), call);
  }
  const buffer = device.handle.createBuffer({
    label: 'params',
    size: bytes.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  storage.owned.push(buffer);
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, stride };
}

function writeParams(view: DataView, call: KernelCall): void {
  for (const { name, type, offset, length } of shaderInterface(call.kernel.file).params) {
    const value = call.params[name];
    if (value === undefined) throw new InternalError(`${call.kernel.file}: no parameter ${name}`);
    const values = typeof value === 'number' ? [value] : value;
    if (values.length > length) throw new InternalError(`${call.kernel.file}: ${name} is too long`);
    for (const [k, each] of values.entries()) {
      if (type === 'f32') view.setFloat32(offset + 4 * k, each, true);
      else if (type === 'i32') view.setInt32(offset + 4 * k, each, true);
      else view.setUint32(offset + 4 * k, each, true);
    }
  }
}

// ---- encoding ----------------------------------------------------------------------------------

function submit(device: WebGpuDevice, encode: (encoder: GPUCommandEncoder) => void): void {
  const encoder = device.handle.createCommandEncoder();
  encode(encoder);
  device.queue.submit([encoder.finish()]);
}

function encodeDispatches(
  encoder: GPUCommandEncoder,
  dispatches: readonly Dispatch[],
  bounds: Extents,
): void {
  if (dispatches.length === 0) return;
  const pass = encoder.beginComputePass();
  for (const { pipeline, bindGroup, call } of dispatches) {
    const [x, y, z] = gridOf(call, bounds);
    if (x === 0) continue;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(x, y, z);
  }
  pass.end();
}

/** Workgroups for at most `bounds` live rows. */
function gridOf({ work }: KernelCall, bounds: Extents): [number, number, number] {
  const live = work.batch === null ? 1 : (bounds[work.batch] ?? 0);
  const items = work.unit * live;
  const groups = work.perGroup === Infinity ? 1 : Math.ceil(items / work.perGroup);
  if (groups <= GROUPS_PER_LAYER) return [groups, work.y ?? 1, 1];
  return [GROUPS_PER_LAYER, work.y ?? 1, Math.ceil(groups / GROUPS_PER_LAYER)];
}
