// Reductions over axes and the index of the largest element.
import type { Value } from '../value.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule, type ImportRule } from '../rule.ts';
import { productOf } from '../../core/shape.ts';
import { dimsOf, dimsValue } from '../value.ts';
import { add, axesFrom, castTo, mean, mul, reshapeTo, rootOfSum, sub, sum } from './compose.ts';

type Reduce = (x: Value, axes: readonly number[], at: NodeContext) => Value;

/** `axes` is an attribute, or an input in later opsets; without any, all are reduced. */
const reduction = (reduce: Reduce): ImportRule =>
  defineRule(
    ['data', 'axes?'],
    { axes: 'ints', keepdims: 'int', noop_with_empty_axes: 'int' },
    ({ data, axes: given }, { axes: listed, keepdims = 1, noop_with_empty_axes = 0 }, at) => {
      const rank = data.type.shape.length;
      const named = given === undefined ? (listed ?? []) : at.numbers(given, 'axes');
      if (named.length === 0 && noop_with_empty_axes !== 0) return data;
      const axes =
        named.length === 0 ? axesFrom(0, rank) : named.map((axis) => at.axis(axis, rank));
      const sorted = [...new Set(axes)].sort((a, b) => a - b);
      const reduced = sorted.length === 0 ? data : reduce(data, sorted, at);
      return keepdims !== 0 ? reduced : withoutAxes(reduced, sorted, at);
    },
  );

function withoutAxes(x: Value, axes: readonly number[], at: NodeContext): Value {
  return reshapeTo(
    x,
    x.type.shape.filter((_, axis) => !axes.includes(axis)),
    at,
  );
}

export const ReduceSum = reduction(sum);
export const ReduceMean = reduction(mean);
export const ReduceMax = reduction((x, axes, at) => at.emit('reduce_max', { x }, { axes }));
export const ReduceMin = reduction((x, axes, at) => at.emit('reduce_min', { x }, { axes }));
export const ReduceSumSquare = reduction((x, axes, at) => sum(mul(x, x, at), axes, at));
export const ReduceL1 = reduction((x, axes, at) => sum(at.emit('abs', { x }, {}), axes, at));
export const ReduceL2 = reduction((x, axes, at) => {
  const { dtype } = x.type;
  const energy = castTo(sum(mul(x, x, at), axes, at), 'float32', at);
  return castTo(rootOfSum(energy, at), dtype, at);
});

const log = (x: Value, at: NodeContext): Value => at.emit('log', { x }, {});

export const ReduceLogSum = reduction((x, axes, at) => log(sum(x, axes, at), at));

/** Less the maximum, so that no exponential overflows; a maximum that is not finite takes no part. */
export const ReduceLogSumExp = reduction((x, axes, at) => {
  const largest = at.emit('reduce_max', { x }, { axes });
  const isFinite = at.emit('is_finite', { x: largest }, {});
  const offset = at.emit('where', { condition: isFinite, a: largest, b: at.number(0) }, {});
  const total = sum(at.emit('exp', { x: sub(x, offset, at) }, {}), axes, at);
  return add(log(total, at), offset, at);
});

const ofValues = reduction((x, axes, at) => at.emit('reduce_prod', { x }, { axes }));

/** The product of a shape's sizes stays a size. */
export const ReduceProd: ImportRule = {
  ...ofValues,
  apply: (inputs, attributes, at) => {
    const data = inputs['data'] as Value;
    const dims = data.kind === 'dims' ? dimsOf(data) : null;
    if (dims === null || data.type.shape.length !== 1)
      return ofValues.apply(inputs, attributes, at);
    const keepdims = attributes['keepdims'] ?? 1;
    return dimsValue([productOf(dims)], keepdims === 0 ? 0 : 1, data.type.dtype);
  },
};

const extremeIndex = (kind: 'argmax' | 'argmin'): ImportRule =>
  defineRule(
    ['data'],
    { axis: 'int', keepdims: 'int', select_last_index: 'int' },
    ({ data }, { axis = 0, keepdims = 1, select_last_index = 0 }, at) => {
      const rank = data.type.shape.length;
      const along = at.axis(axis, rank);
      const others = axesFrom(0, rank).filter((other) => other !== along);
      const last = along === rank - 1;
      const x = last ? data : at.emit('transpose', { x: data }, { perm: [...others, along] });
      const index = at.emit(kind, { x }, { selectLast: select_last_index !== 0 });
      const wide = at.emit('cast', { x: index }, { to: 'int64' });
      const { shape } = data.type;
      const kept = shape.map((dim, each) => (each === along ? 1 : dim));
      const dropped = shape.filter((_, each) => each !== along);
      return reshapeTo(wide, keepdims === 0 ? dropped : kept, at);
    },
  );

export const ArgMax = extremeIndex('argmax');
export const ArgMin = extremeIndex('argmin');
