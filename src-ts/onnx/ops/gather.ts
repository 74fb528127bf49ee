// Gathers: elements chosen by indices, known or computed.
import { findBatch, type Shape } from '../../core/shape.ts';
import { intTensor } from '../../core/tensor.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { constantValue, dimsOf, dimsValue, MAX_DIMS, type Value } from '../value.ts';
import { add, axesFrom, mul, reshapeTo } from './compose.ts';
import {
  gatherAlong,
  inverseOf,
  mergedDim,
  nonNegative,
  permuted,
  pickAlong,
  sizesOf,
} from './picking.ts';
import { sliceValue } from './slice.ts';

/** Along one axis, which the axes of the index replace. */
export const Gather = defineRule(
  ['data', 'indices'],
  { axis: 'int' },
  ({ data, indices }, { axis = 0 }, at) => {
    const { shape } = data.type;
    const along = at.axis(axis, shape.length);
    const size = data.kind === 'dims' ? data.dims.length : at.staticDim(shape, along);
    const index = nonNegative(indices, size, at);
    if (data.kind === 'dims') return gatherSizes(data, index, at);
    if (index.kind !== 'constant') return gatherAlong(data, along, index, at);
    const { data: picked, shape: form } = index.tensor;
    const target = [...shape.slice(0, along), ...form, ...shape.slice(along + 1)];
    if (picked.length === 0) return at.fail('it gathers nothing');
    return reshapeTo(pickAlong(data, along, Array.from(picked), at), target, at);
  },
);

function gatherSizes(data: Value, index: Value, at: NodeContext): Value {
  const held = at.tensorOf(index, 'indices');
  if (held.shape.length > 1) return at.refuse('sizes gathered into a matrix');
  if (held.data.length > MAX_DIMS) at.fail(`it gathers ${held.data.length} sizes: too many`);
  const dims = dimsOf(data)!;
  const chosen = Array.from(held.data, (i) => dims[i]!);
  return dimsValue(chosen, held.shape.length === 0 ? 0 : 1, data.type.dtype);
}

/** Operands with the batch of the others where they have a 1 in its place. */
export function withCommonBatch(values: readonly Value[], at: NodeContext): Value[] {
  const batch = values.map(({ type }) => findBatch(type.shape)).find((found) => found !== null);
  if (batch === undefined) return [...values];
  return values.map((value) => {
    const { shape } = value.type;
    if (shape[batch.axis] !== 1) return value;
    return at.emit('expand', { x: value }, { shape: shape.with(batch.axis, batch.dim) });
  });
}

/** The axes with the batch first and `axis` last, and what merges into lists. */
export function listsAlong(shape: Shape, axis: number): { perm: number[]; lists: Shape } {
  const batch = findBatch(shape)?.axis ?? -1;
  const others = axesFrom(0, shape.length).filter((other) => other !== axis && other !== batch);
  const perm = [...(batch < 0 || batch === axis ? [] : [batch]), ...others, axis];
  return { perm, lists: perm.slice(0, -1).map((each) => shape[each]!) };
}

/** `x` cut to the sizes of an index, which may be smaller off the axis. */
export function cutTo(x: Value, shape: Shape, axis: number, at: NodeContext): Value {
  const cuts = shape.flatMap((size, other) => {
    if (other === axis || typeof size !== 'number') return [];
    if (size > at.staticDim(x.type.shape, other)) at.fail('its indices are larger than its data');
    return [{ axis: other, start: 0, step: 1, size }];
  });
  return cuts.length === 0 ? x : sliceValue(x, cuts, at);
}

/** y[p] = data[p], with the index of p along the axis looked up in `indices`. */
export const GatherElements = defineRule(
  ['data', 'indices'],
  { axis: 'int' },
  ({ data, indices }, { axis = 0 }, at) => {
    const rank = data.type.shape.length;
    if (indices.type.shape.length !== rank) at.fail('its indices have another rank than its data');
    if (rank === 0) return data;
    const along = at.axis(axis, rank);
    const places = at.staticDim(data.type.shape, along);
    const counted = nonNegative(indices, places, at);
    const [x, index] = withCommonBatch([data, counted], at) as [Value, Value];
    const cut = cutTo(x, index.type.shape, along, at);
    const { perm, lists } = listsAlong(index.type.shape, along);
    const merged = mergedDim(lists, at);
    const picks = at.staticDim(index.type.shape, along);
    const picked = at.emit(
      'gather',
      {
        x: reshapeTo(permuted(cut, perm, at), [merged, places, 1], at),
        index: reshapeTo(permuted(index, perm, at), [merged, picks], at),
      },
      {},
    );
    return permuted(reshapeTo(picked, [...lists, picks], at), inverseOf(perm), at);
  },
);

/** The last axis of an index holds coordinates; as one number each, over the axes they address. */
export function flatIndex(index: Value, sizes: readonly number[], at: NodeContext): Value {
  const { shape } = index.type;
  const last = shape.length - 1;
  const flat = sizes.map((size, i) => {
    const cut = sliceValue(index, [{ axis: last, start: i, step: 1, size: 1 }], at);
    const stride = sizes.slice(i + 1).reduce((product, each) => product * each, 1);
    return mul(nonNegative(reshapeTo(cut, shape.slice(0, -1), at), size, at), stride, at);
  });
  return flat.reduce((sum, each) => add(sum, each, at));
}

export const GatherND = defineRule(
  ['data', 'indices'],
  { batch_dims: 'int' },
  ({ data, indices }, { batch_dims = 0 }, at) => {
    const [shape, form] = [data.type.shape, indices.type.shape];
    if (form.length === 0) return at.fail('its indices have no dimensions');
    const depth = at.staticDim(form, form.length - 1);
    if (batch_dims < 0 || batch_dims + depth > shape.length || batch_dims >= form.length) {
      at.fail(`coordinates of ${depth} behind ${batch_dims} dimensions of ${shape.length}`);
    }
    const [x, coordinates] =
      batch_dims === 0 ? [data, indices] : (withCommonBatch([data, indices], at) as [Value, Value]);
    const lead = x.type.shape.slice(0, batch_dims);
    const sizes = sizesOf(shape.slice(batch_dims, batch_dims + depth), at);
    const rest = shape.slice(batch_dims + depth);
    const picks = coordinates.type.shape.slice(batch_dims, -1);
    const index =
      depth === 0 ? constantValue(intTensor([1, 1], [0])) : flatIndex(coordinates, sizes, at);
    const lists = mergedDim(lead, at);
    const places = sizes.reduce((product, size) => product * size, 1);
    const picked = at.emit(
      'gather',
      {
        x: reshapeTo(x, [lists, places, mergedDim(rest, at)], at),
        index: reshapeTo(index, [lists, mergedDim(picks, at)], at),
      },
      {},
    );
    return reshapeTo(picked, [...lead, ...picks, ...rest], at);
  },
);
