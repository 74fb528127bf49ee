// Calls that make the same values of the same constants, such as weights that several gradients pack
// alike: one is made, and the others' results are names for its own.
import { keyOf } from '../../core/key.ts';
import type { ValueId } from '../../graph/op-set.ts';
import type { BufferRef, KernelCall } from '../../kernels/kernel.ts';
import { writesOf } from './accesses.ts';

/**
 * For each value made by a call that has an earlier twin, the value that the twin makes. `calls` run
 * once and in order; `rootOf` tells the buffer of a value.
 */
export function findTwins(
  calls: readonly KernelCall[],
  rootOf: (id: ValueId) => ValueId,
): ReadonlyMap<ValueId, ValueId> {
  const writers = countBy(calls.flatMap((call) => writesOf(call).map(rootOf)));
  const twins = new Map<ValueId, ValueId>();
  const made = new Map<string, ValueId>();
  for (const call of calls) {
    const [output, ...others] = writesOf(call).map(rootOf);
    // What several calls write part by part is equal only as a whole.
    if (output === undefined || others.length > 0 || writers.get(output) !== 1) continue;
    const key = describe(call, output, (id) => twins.get(rootOf(id)) ?? rootOf(id));
    const twin = made.get(key);
    if (twin === undefined) made.set(key, output);
    else twins.set(output, twin);
  }
  return twins;
}

/** What a call computes, and of what. */
function describe(
  { kernel, constants, slots, params, work, buffers }: KernelCall,
  output: ValueId,
  rootOf: (id: ValueId) => ValueId,
): string {
  const name = (ref: BufferRef): unknown => {
    if (ref.of !== 'value') return ref;
    const id = rootOf(ref.id);
    return id === output ? 'output' : id;
  };
  const bound = Object.entries(buffers).map(([binding, ref]) => [binding, name(ref)]);
  return keyOf([kernel.file, constants, slots, params, work, bound]);
}

function countBy(ids: readonly ValueId[]): ReadonlyMap<ValueId, number> {
  const counts = new Map<ValueId, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
