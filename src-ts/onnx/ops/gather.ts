// Gather by indices that are known: cut from a value of the graph piece by piece, looked up in a constant
// or in a list of sizes.
import { elementCount } from '../../core/shape.ts';
import type { Tensor } from '../../core/tensor.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { dimsOf, dimsValue, type Value } from '../value.ts';
import { reshapeTo } from './compose.ts';
import { sliceValue } from './slice.ts';

/** By a constant index: one element, or several along an axis. */
export const Gather = defineRule(
  ['data', 'indices'],
  { axis: 'int' },
  ({ data, indices }, { axis = 0 }, at) => {
    const { shape } = data.type;
    const along = at.axis(axis, shape.length);
    const index = at.tensorOf(indices, 'indices');
    const size = data.kind === 'dims' ? data.dims.length : at.staticDim(shape, along);
    const picked = Array.from(index.data, (i) => (i < 0 ? i + size : i));
    const outside = picked.find((i) => i < 0 || i >= size);
    if (outside !== undefined) at.fail(`index ${outside} of ${size}`);
    if (data.kind === 'dims') {
      if (index.shape.length > 1) return at.refuse('sizes gathered into a matrix');
      const dims = dimsOf(data)!;
      const chosen = picked.map((i) => dims[i]!);
      return dimsValue(chosen, index.shape.length === 0 ? 0 : 1, data.type.dtype);
    }
    const rows =
      data.kind === 'constant'
        ? gatherKnown(data.tensor, along, picked, at)
        : gatherRows(data, along, picked, at);
    const target = [...shape.slice(0, along), ...index.shape, ...shape.slice(along + 1)];
    return reshapeTo(rows, target, at);
  },
);

function gatherKnown(
  { dtype, shape, data }: Tensor,
  axis: number,
  picked: readonly number[],
  at: NodeContext,
): Value {
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const rows = at.filled(shape.with(axis, picked.length), 0, dtype);
  const target = at.tensorOf(rows, 'result').data;
  for (let i = 0; i < outer * picked.length; i++) {
    const row = Math.floor(i / picked.length) * shape[axis]! + picked[i % picked.length]!;
    target.set(data.subarray(row * inner, (row + 1) * inner), i * inner);
  }
  return rows;
}

/** Pieces a gather may be made of; longer irregular tables want an op of their own. */
const MAX_PIECES = 64;

function gatherRows(data: Value, axis: number, picked: readonly number[], at: NodeContext): Value {
  const runs: { start: number; size: number }[] = [];
  for (const index of picked) {
    const last = runs.at(-1);
    if (last !== undefined && last.start + last.size === index) last.size++;
    else runs.push({ start: index, size: 1 });
  }
  if (runs.length > MAX_PIECES) return at.refuse(`${runs.length} separate pieces are gathered`);
  const pieces = runs.map(({ start, size }) =>
    sliceValue(data, [{ axis, start, step: 1, size }], at),
  );
  if (pieces.length === 1) return pieces[0]!;
  if (pieces.length === 0) return at.fail('it gathers nothing');
  const named = Object.fromEntries(pieces.map((piece, i) => [`x${i}` as const, piece]));
  return at.emit('concat', named, { axis });
}
