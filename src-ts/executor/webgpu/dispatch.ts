// Dispatches: kernel calls with their pipeline and bind group, and their encoding.
//
// Everything a dispatch needs is fixed when the program is made: shapes in one uniform buffer, bind
// groups over fixed storage. Encoding allocates nothing.
import { InternalError } from '../../core/errors.ts';
import type { Extents } from '../../core/shape.ts';
import { formatCallName, type BufferRef, type KernelCall } from '../../kernels/kernel.ts';
import { shaderInterface } from '../../kernels/wgsl.ts';
import type { WebGpuDevice } from './device.ts';
import type { CompiledKernel, PipelineCache } from './pipelines.ts';
import type { Plan, PlannedCall } from './plan.ts';
import type { ProgramStorage } from './storage.ts';

/** Uniform buffers are bound at multiples of this (WebGPU's default alignment). */
const UNIFORM_STRIDE = 256;
/** Workgroups along x before a grid goes on in z; `GROUPS_PER_LAYER` in common/work.wgsl. */
const GROUPS_PER_LAYER = 32768;

export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly call: KernelCall;
  /** The node it comes from. */
  readonly label: string;
}

/**
 * Compiles calls and binds them to their storage.
 * Throws KernelCompileError for a kernel, OutOfMemoryError for bindings that the device refuses.
 */
export async function compileCalls(
  device: WebGpuDevice,
  pipelines: PipelineCache,
  plan: Plan,
  calls: readonly PlannedCall[],
  storage: ProgramStorage,
): Promise<Dispatch[]> {
  if (calls.length === 0) return [];
  const compiled = await Promise.all(calls.map(({ call }) => pipelines.get(call)));
  return device.guardAllocation(
    'bindings of a program',
    storage.owned.reduce((sum, buffer) => sum + buffer.size, 0),
    () => bindCalls(device, compiled, plan, calls, storage),
    () => undefined, // what was made is part of the storage
  );
}

function bindCalls(
  device: WebGpuDevice,
  compiled: readonly CompiledKernel[],
  plan: Plan,
  calls: readonly PlannedCall[],
  storage: ProgramStorage,
): Dispatch[] {
  const params = packParams(device, calls, storage);
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
    return { pipeline, bindGroup, call, label };
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

/** Encodes and submits work. */
export function submit(device: WebGpuDevice, encode: (encoder: GPUCommandEncoder) => void): void {
  const encoder = device.handle.createCommandEncoder();
  encode(encoder);
  device.queue.submit([encoder.finish()]);
}

/** Encodes one compute pass, launching work for at most `bounds` live rows. */
export function encodeDispatches(
  encoder: GPUCommandEncoder,
  dispatches: readonly Dispatch[],
  bounds: Extents,
): void {
  if (dispatches.length === 0) return;
  const pass = encoder.beginComputePass();
  for (const dispatch of dispatches) encodeDispatch(pass, dispatch, bounds);
  pass.end();
}

/** Encodes one dispatch, unless it has nothing to do. */
export function encodeDispatch(
  pass: GPUComputePassEncoder,
  { pipeline, bindGroup, call }: Dispatch,
  bounds: Extents,
): void {
  const [x, y, z] = gridOf(call, bounds);
  if (x === 0) return;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(x, y, z);
}

/** Workgroups for at most `bounds` live rows. */
export function gridOf({ work }: KernelCall, bounds: Extents): [number, number, number] {
  const live = work.batch === null ? 1 : (bounds[work.batch] ?? 0);
  const items = work.unit * live;
  const groups = work.perGroup === Infinity ? 1 : Math.ceil(items / work.perGroup);
  if (groups <= GROUPS_PER_LAYER) return [groups, work.y ?? 1, 1];
  return [GROUPS_PER_LAYER, work.y ?? 1, Math.ceil(groups / GROUPS_PER_LAYER)];
}

/** `bytes` rounded up to a multiple. */
export function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
