// Which values a kernel call reads and writes: its WGSL says which of its buffers are written.
import type { ValueId } from '../../graph/op-set.ts';
import type { BufferRef, KernelCall } from '../../kernels/kernel.ts';
import { shaderInterface } from '../../kernels/wgsl.ts';

function accessOf(call: KernelCall, access: 'read' | 'read_write'): BufferRef[] {
  return shaderInterface(call.kernel.file)
    .storage.filter((binding) => binding.access === access)
    .map(({ name }) => call.buffers[name]!);
}

const valueIds = (refs: readonly BufferRef[]): ValueId[] =>
  refs.flatMap((ref) => (ref.of === 'value' ? [ref.id] : []));

/** The values a call reads. */
export const readsOfCall = (call: KernelCall): ValueId[] => valueIds(accessOf(call, 'read'));
/** The values it writes. */
export const writesOf = (call: KernelCall): ValueId[] => valueIds(accessOf(call, 'read_write'));
export const refsOf = (call: KernelCall): BufferRef[] => Object.values(call.buffers);
/** The values it binds. */
export const valueIdsOf = (call: KernelCall): ValueId[] => valueIds(refsOf(call));
