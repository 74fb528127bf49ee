// Reshaping and rearranging: nothing is computed, but the batch must be followed to where it goes.
import { findBatch, formatShape, productOf, type Dim, type Shape } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { resolveReshape } from '../reshape-target.ts';
import { defineRule } from '../rule.ts';
import { dimsValue, MAX_DIMS, type Value } from '../value.ts';
import { axesFrom, reshapeTo } from './compose.ts';
import { pickAlong } from './picking.ts';
import { sliceValue } from './slice.ts';

/** A reshape to a target as the file writes it. */
export function reshapeAsWritten(
  x: Value,
  target: Shape,
  at: NodeContext,
  allowZero = false,
): Value {
  const resolved = resolveReshape(x.type.shape, target, { allowZero, fileBatch: at.batch.size });
  if (typeof resolved === 'string') {
    return at.fail(`${formatShape(x.type.shape)} to ${formatShape(target)}: ${resolved}`);
  }
  if (x.kind === 'dims' && resolved.length <= 1) {
    return dimsValue(x.dims, resolved.length === 0 ? 0 : 1, x.type.dtype);
  }
  return reshapeTo(x, resolved, at);
}

/** The target is an input, or an attribute in old files. */
export const Reshape = defineRule(
  ['data', 'shape?'],
  { allowzero: 'int', shape: 'ints' },
  ({ data, shape: target }, { allowzero = 0, shape }, at) => {
    const dims = target === undefined ? shape : at.sizes(target, 'shape');
    if (dims === undefined) return at.fail('its target shape is missing');
    return reshapeAsWritten(data, dims, at, allowzero !== 0);
  },
);

export const Flatten = defineRule(['input'], { axis: 'int' }, ({ input }, { axis = 1 }, at) => {
  const { shape } = input.type;
  const first = axis < 0 ? axis + shape.length : axis;
  if (first < 0 || first > shape.length) at.fail(`axis ${axis} of ${formatShape(shape)}`);
  const lead = first === 0 ? at.batch.size : productOf(shape.slice(0, first));
  return reshapeAsWritten(input, [lead, lead === 0 ? 0 : -1], at, true);
});

export const Squeeze = defineRule(
  ['data', 'axes?'],
  { axes: 'ints' },
  ({ data, axes: given }, { axes: listed }, at) => {
    const { shape } = data.type;
    const named = given === undefined ? listed : at.numbers(given, 'axes');
    const axes = (named ?? onesOf(shape, at)).map((axis) => at.axis(axis, shape.length));
    for (const axis of axes) {
      if (shape[axis] === 1) continue;
      at.fail(`dimension ${axis} of ${formatShape(shape)} is not 1`);
    }
    if (data.kind === 'dims') return dimsValue(data.dims, 0, data.type.dtype);
    return reshapeTo(
      data,
      shape.filter((_, axis) => !axes.includes(axis)),
      at,
    );
  },
);

/** Axes of size 1. A fixed batch of 1 would go with them, and the images could not be told apart. */
function onesOf(shape: Shape, at: NodeContext): number[] {
  if (at.batch.fixed && at.batch.size === 1 && findBatch(shape) !== null) {
    at.fail('without axes it removes the batch of 1 too');
  }
  return shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
}

export const Unsqueeze = defineRule(
  ['data', 'axes?'],
  { axes: 'ints' },
  ({ data, axes: given }, { axes: listed }, at) => {
    const named = given === undefined ? listed : at.numbers(given, 'axes');
    if (named === undefined) return at.fail('its axes are missing');
    const { shape } = data.type;
    const rank = shape.length + named.length;
    const axes = new Set(named.map((axis) => at.axis(axis, rank)));
    if (axes.size !== named.length) at.fail(`axes [${named.join(', ')}] name one twice`);
    if (data.kind === 'dims' && rank === 1) return dimsValue(data.dims, 1, data.type.dtype);
    const rest = [...shape];
    const target = axesFrom(0, rank).map((axis): Dim => (axes.has(axis) ? 1 : rest.shift()!));
    return reshapeTo(data, target, at);
  },
);

export const Transpose = defineRule(['data'], { perm: 'ints' }, ({ data }, { perm }, at) => {
  const rank = data.type.shape.length;
  const order = perm ?? axesFrom(0, rank).reverse();
  if (order.every((axis, place) => axis === place) && order.length === rank) return data;
  return at.emit('transpose', { x: data }, { perm: order });
});

/** Operands with a leading 1 where others carry the batch, such as a class token, are repeated. */
export const Concat = defineRule(['...inputs'], { axis: 'int' }, ({ inputs }, { axis }, at) => {
  const [first] = inputs;
  if (first === undefined) return at.fail('it has no inputs');
  if (axis === undefined) return at.fail('its axis is missing');
  const along = at.axis(axis, first.type.shape.length);
  if (inputs.some(({ kind }) => kind === 'dims')) {
    const lengths = inputs.map((value) => at.staticShape(value, 'operand')[0] ?? 1);
    const count = lengths.reduce((sum, length) => sum + length, 0);
    if (count > MAX_DIMS) at.fail(`it joins ${count} sizes to one list: too many`);
    const dims = inputs.flatMap((value) => at.sizes(value, 'operand'));
    return dimsValue(dims, 1, first.type.dtype);
  }
  if (inputs.length === 1) return first;
  const batched = inputs.find((value) => findBatch(value.type.shape) !== null);
  const operands = inputs.map((value) => withBatchOf(batched, value, at));
  const named = Object.fromEntries(operands.map((value, i) => [`x${i}` as const, value]));
  return at.emit('concat', named, { axis: along });
});

function withBatchOf(batched: Value | undefined, value: Value, at: NodeContext): Value {
  const batch = batched === undefined ? null : findBatch(batched.type.shape);
  const { shape } = value.type;
  if (batch === null || shape[batch.axis] !== 1) return value;
  return at.emit('expand', { x: value }, { shape: shape.with(batch.axis, batch.dim) });
}

export const Split = defineRule(
  ['input', 'split?'],
  { axis: 'int', split: 'ints', num_outputs: 'int' },
  ({ input, split }, { axis = 0, split: listed, num_outputs }, at) => {
    const { shape } = input.type;
    const along = at.axis(axis, shape.length);
    const size = at.staticDim(shape, along);
    const given = split === undefined ? listed : at.numbers(split, 'split');
    const parts = given ?? evenParts(size, num_outputs ?? at.outputCount, at);
    if (parts.reduce((sum, part) => sum + part, 0) !== size || parts.some((part) => part < 0)) {
      at.fail(`parts of [${parts.join(', ')}] do not make ${size}`);
    }
    let start = 0;
    return parts.map((part) => {
      const piece = sliceValue(input, [{ axis: along, start, step: 1, size: part }], at);
      start += part;
      return piece;
    });
  },
);

function evenParts(size: number, count: number, at: NodeContext): number[] {
  if (!(count >= 1)) at.fail(`${count} parts`);
  at.reserve([count], 'int32');
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}

/** NumPy's two-way broadcast: the target's 1s keep the input's sizes. */
export const Expand = defineRule(['input', 'shape'], {}, ({ input, shape }, _, at) => {
  const target = at.sizes(shape, 'shape');
  const from = input.type.shape;
  const rank = Math.max(from.length, target.length);
  const out = axesFrom(0, rank).map((axis): Dim => {
    const own = from[axis - rank + from.length] ?? 1;
    const asked = target[axis - rank + target.length] ?? 1;
    return asked === 1 ? own : asked === at.batch.size && typeof own !== 'number' ? own : asked;
  });
  if (out.length === from.length && out.every((dim, axis) => dim === from[axis])) return input;
  return at.emit('expand', { x: input }, { shape: out });
});

/** Padding with a number or with the image itself; the widths are an input, or an attribute before opset 11. */
export const Pad = defineRule(
  ['data', 'pads?', 'constant_value?', 'axes?'],
  { mode: 'string', pads: 'ints', value: 'float' },
  (
    { data, pads: given, constant_value, axes },
    { mode = 'constant', pads: listed, value = 0 },
    at,
  ) => {
    const pads = given === undefined ? listed : at.numbers(given, 'pads');
    if (pads === undefined) return at.fail('its pads are missing');
    const rank = data.type.shape.length;
    const named = axes === undefined ? axesFrom(0, rank) : at.numbers(axes, 'axes');
    if (pads.length !== 2 * named.length) {
      at.fail(`${pads.length} pads for ${named.length} dimensions`);
    }
    const before = new Array<number>(rank).fill(0);
    const after = new Array<number>(rank).fill(0);
    for (const [i, axis] of named.entries()) {
      before[at.axis(axis, rank)] = pads[i]!;
      after[at.axis(axis, rank)] = pads[i + named.length]!;
    }
    if (pads.every((pad) => pad === 0)) return data;
    if (mode !== 'constant') return continued(data, before, after, mode, at);
    const fill = constant_value === undefined ? value : at.numbers(constant_value, 'value')[0];
    return padValue(data, before, after, fill ?? 0, at);
  },
);

/** Negative pads cut, as ONNX has it. */
function padValue(
  data: Value,
  before: readonly number[],
  after: readonly number[],
  value: number,
  at: NodeContext,
): Value {
  const cuts = before.flatMap((pad, axis) => {
    const [front, back] = [Math.max(0, -pad), Math.max(0, -after[axis]!)];
    if (front + back === 0) return [];
    const size = at.staticDim(data.type.shape, axis) - front - back;
    return [{ axis, start: front, step: 1, size }];
  });
  const cut = cuts.length === 0 ? data : sliceValue(data, cuts, at);
  const positive = (pads: readonly number[]): number[] => pads.map((pad) => Math.max(0, pad));
  const attrs = { before: positive(before), after: positive(after), value };
  if ([...attrs.before, ...attrs.after].every((pad) => pad === 0)) return cut;
  return at.emit('pad', { x: cut }, attrs);
}

/** Padding that goes on with what the axis holds: mirrored, its last element, or from its other end. */
function continued(
  data: Value,
  before: readonly number[],
  after: readonly number[],
  mode: string,
  at: NodeContext,
): Value {
  return before.reduce((value, front, axis) => {
    const back = after[axis]!;
    if (front === 0 && back === 0) return value;
    const size = at.staticDim(value.type.shape, axis);
    const count = size + front + back;
    if (count < 0 || size === 0)
      return at.fail(`dimension ${axis} of ${size} is padded to ${count}`);
    at.reserve([count]);
    const picked = Array.from({ length: count }, (_, i) =>
      continuedIndex(i - front, size, mode, at),
    );
    return pickAlong(value, axis, picked, at);
  }, data);
}

function continuedIndex(place: number, size: number, mode: string, at: NodeContext): number {
  const turn = (period: number): number => ((place % period) + period) % period;
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(place, 0), size - 1);
    case 'wrap':
      return turn(size);
    case 'reflect': {
      if (size === 1) return 0;
      const folded = turn(2 * size - 2);
      return folded < size ? folded : 2 * size - 2 - folded;
    }
    default:
      return at.refuse(`mode "${mode}"`);
  }
}
