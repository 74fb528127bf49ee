// Elements of a value picked along an axis: what gathers, resizes and paddings share. Values are turned
// into the lists that the vocabulary's gather reads: [lists, places, rest], the batch always leading.
import { findBatch, isStatic, productOf, type Dim, type Shape } from '../../core/shape.ts';
import { intTensor, tensor } from '../../core/tensor.ts';
import type { NodeContext } from '../node-context.ts';
import { constantValue, type Value } from '../value.ts';
import { add, axesFrom, reshapeTo } from './compose.ts';
import { sliceValue } from './slice.ts';

/** The product of dimensions; a batch among them must come first, for its rows to stay whole. */
export function mergedDim(dims: Shape, at: NodeContext): Dim {
  const batch = dims.findIndex((dim) => typeof dim !== 'number');
  const ahead = dims.slice(0, Math.max(0, batch));
  if (ahead.some((dim) => dim !== 1)) at.refuse('the batch is not its first dimension');
  if (dims.filter((dim) => typeof dim !== 'number').length > 1) at.fail('it pairs images');
  return productOf(dims);
}

/** `x` with its axes in another order; nothing when that is the order they have. */
export function permuted(x: Value, perm: readonly number[], at: NodeContext): Value {
  return perm.every((axis, place) => axis === place) ? x : at.emit('transpose', { x }, { perm });
}

/** Where each axis went: the permutation that undoes one. */
export function inverseOf(perm: readonly number[]): number[] {
  return perm.map((_, axis) => perm.indexOf(axis));
}

/** The axes with the batch in front, if there is one elsewhere. */
export function batchFirst(shape: Shape): number[] {
  const batch = findBatch(shape)?.axis ?? 0;
  return [batch, ...axesFrom(0, shape.length).filter((axis) => axis !== batch)].slice(
    0,
    shape.length,
  );
}

/** An index of integers counted from the front; those of a constant are checked. */
export function nonNegative(index: Value, size: number, at: NodeContext): Value {
  const { dtype } = index.type;
  if (dtype !== 'int64' && dtype !== 'int32') return at.fail(`its indices are ${dtype}`);
  if (index.kind === 'constant') {
    const { shape, data } = index.tensor;
    if (data.every((i) => i >= 0 && i < size)) return index;
    const outside = data.find((i) => i < -size || i >= size);
    if (outside !== undefined) at.fail(`index ${outside} of ${size}`);
    return constantValue(
      tensor(
        dtype,
        shape,
        data.map((i) => (i < 0 ? i + size : i)),
      ),
    );
  }
  const condition = at.emit('less', { a: index, b: at.number(0, dtype) }, {});
  return at.emit('where', { condition, a: add(index, size, at), b: index }, {});
}

/** x[…, index[…], …]: the axis replaced by the axes of the index. */
export function gatherAlong(x: Value, axis: number, index: Value, at: NodeContext): Value {
  const { shape } = x.type;
  const order = batchFirst(shape);
  if (order[0] !== 0 && axis !== order[0]) {
    // [3, N, …]: the batch goes to the front and comes back.
    const moved = gatherAlong(permuted(x, order, at), order.indexOf(axis), index, at);
    return permuted(moved, returnOrder(order, axis, index.type.shape.length), at);
  }
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const lists = mergedDim(before, at);
  const places = at.staticDim(shape, axis);
  const flat = reshapeTo(x, [lists, places, mergedDim(after, at)], at);
  const row = reshapeTo(index, [1, mergedDim(index.type.shape, at)], at);
  const picked = at.emit('gather', { x: flat, index: row }, {});
  return reshapeTo(picked, [...before, ...index.type.shape, ...after], at);
}

/** The permutation that brings axes back from `order` when one has become `rank` axes. */
function returnOrder(order: readonly number[], axis: number, rank: number): number[] {
  const place = (moved: number): number => (moved > order.indexOf(axis) ? moved + rank - 1 : moved);
  return inverseOf(order).flatMap((moved, own) =>
    own === axis ? axesFrom(0, rank).map((i) => order.indexOf(axis) + i) : [place(moved)],
  );
}

/** Runs that a pick may be cut into, rather than looked up. */
const MAX_RUNS = 4;

/** `x` with the places of an axis picked by numbers known now: by slices where they make few runs. */
export function pickAlong(
  x: Value,
  axis: number,
  picked: readonly number[],
  at: NodeContext,
): Value {
  const runs = runsOf(picked);
  if (picked.length === 0) return at.fail('it picks nothing');
  if (runs.length > MAX_RUNS || (x.kind === 'constant' && runs.length > 1)) {
    return gatherAlong(x, axis, constantValue(intTensor([picked.length], picked)), at);
  }
  const pieces = runs.map((run) => sliceValue(x, [{ axis, ...run }], at));
  if (pieces.length === 1) return pieces[0]!;
  const named = Object.fromEntries(pieces.map((piece, i) => [`x${i}` as const, piece]));
  return at.emit('concat', named, { axis });
}

interface Run {
  readonly start: number;
  readonly step: number;
  size: number;
}

/** Numbers as the fewest arithmetic progressions that follow each other. */
function runsOf(picked: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const [i, index] of picked.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.size > 1 && last.start + last.size * last.step === index) {
      last.size++;
    } else if (last?.size === 1 && index !== last.start && isSteady(picked, i)) {
      runs[runs.length - 1] = { start: last.start, step: index - last.start, size: 2 };
    } else runs.push({ start: index, step: 1, size: 1 });
  }
  return runs;
}

/** Whether the step to the i-th number goes on, or is the plain one. */
function isSteady(picked: readonly number[], i: number): boolean {
  const step = picked[i]! - picked[i - 1]!;
  return step === 1 || i + 1 === picked.length || picked[i + 1]! - picked[i]! === step;
}

/** A value's sizes, which a rule needs as numbers but for a batch in front. */
export function sizesOf(shape: Shape, at: NodeContext): number[] {
  if (isStatic(shape)) return [...shape];
  return at.refuse('the batch is among the dimensions it indexes');
}
