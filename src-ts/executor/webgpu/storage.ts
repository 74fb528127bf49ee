// The buffers of a program: constants uploaded, slots shared over time, live counts of symbols.
import { DeviceLimitError } from '../../core/errors.ts';
import type { Tensor, TensorData } from '../../core/tensor.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { valueIdsOf } from './accesses.ts';
import type { WebGpuDevice } from './device.ts';
import type { Plan } from './plan.ts';

/** Bytes of a live count: one vec4u. */
export const EXTENT_BYTES = 16;
export interface ProgramStorage {
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

/** Refuses a plan whose largest buffer the device cannot bind. */
export function checkBindings(device: WebGpuDevice, plan: Plan): void {
  const largest = largestBufferOf(plan);
  if (largest <= device.bufferLimit) return;
  throw new DeviceLimitError(
    'bytes of one buffer',
    largest,
    device.bufferLimit,
    'Use a smaller --batch.',
  );
}

/** Makes all buffers of a plan and uploads its constants. */
export function allocateStorage(device: WebGpuDevice, plan: Plan): ProgramStorage {
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
    const bits = deviceBits(storage.tensor);
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

/** Constants that only calls run once read: weights that are packed. */
export function releasedSources(graph: Graph, plan: Plan): ValueId[] {
  const read = new Set(plan.calls.flatMap(({ call }) => valueIdsOf(call).map(plan.rootOf)));
  const ports = new Set(graph.outputs.map(({ id }) => plan.rootOf(id)));
  return [...plan.buffers].flatMap(([id, { storage }]) =>
    storage.kind !== 'constant' || read.has(id) || ports.has(id) ? [] : [id],
  );
}

/** Frees what nothing reads any more once a program is made. */
export function releaseSources(graph: Graph, plan: Plan, { buffers, owned }: ProgramStorage): void {
  for (const id of releasedSources(graph, plan)) {
    const buffer = buffers.get(id)!;
    buffer.destroy();
    owned.splice(owned.indexOf(buffer), 1);
  }
}

/** Frees all buffers of a program. */
export function releaseStorage({ owned }: Pick<ProgramStorage, 'owned'>): void {
  // Dawn frees a buffer's memory only when told: collected wrappers keep it.
  for (const buffer of owned.splice(0)) buffer.destroy();
}

/** The bits of a tensor as the device holds them. */
export function deviceBits({ dtype, data }: Tensor): TensorData {
  if (!(data instanceof Float64Array)) return data;
  return dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data);
}
