// Scatters: elements put where indices say, or combined with what is there.
import { isStatic, sameShape, type Shape } from '../../core/shape.ts';
import { allocate, tensor } from '../../core/tensor.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import { constantValue, type Value } from '../value.ts';
import { add, reshapeTo } from './compose.ts';
import { cutTo, flatIndex, listsAlong, withCommonBatch } from './gather.ts';
import { inverseOf, mergedDim, nonNegative, permuted, sizesOf } from './picking.ts';

/** Updates folded into lists; a sum is one with what was there. */
function scattered(
  lists: { x: Value; index: Value; updates: Value },
  reduction: string,
  at: NodeContext,
): Value {
  const { x, index, updates } = lists;
  switch (reduction) {
    case 'add': {
      const size = x.type.shape[1]!;
      return add(x, at.emit('scatter_add', { updates, index }, { size }), at);
    }
    case 'none':
    case 'mul':
    case 'max':
    case 'min':
      return at.emit('scatter', lists, { reduction });
    default:
      return at.fail(`reduction "${reduction}"`);
  }
}

const attributes = { axis: 'int', reduction: 'string' } as const;

export const ScatterElements = defineRule(
  ['data', 'indices', 'updates'],
  attributes,
  ({ data, indices, updates }, { axis = 0, reduction = 'none' }, at) => {
    const rank = data.type.shape.length;
    if (rank === 0 || indices.type.shape.length !== rank) {
      at.fail('its indices have another rank than its data');
    }
    const along = at.axis(axis, rank);
    const places = at.staticDim(data.type.shape, along);
    const counted = nonNegative(indices, places, at);
    const [x, index, values] = withCommonBatch([data, counted, updates], at) as [
      Value,
      Value,
      Value,
    ];
    const { shape } = index.type;
    if (!sameShape(shape, values.type.shape)) at.fail('its updates and indices differ in shape');
    const picks = at.staticDim(shape, along);
    if (picks === 0) return data;
    const cut = cutTo(x, shape, along, at);
    const { perm, lists } = listsAlong(shape, along);
    const merged = mergedDim(lists, at);
    const flat = (value: Value, sizes: Shape): Value =>
      reshapeTo(permuted(value, perm, at), sizes, at);
    const result = scattered(
      {
        x: flat(cut, [merged, places, 1]),
        index: flat(index, [merged, picks]),
        updates: flat(values, [merged, picks, 1]),
      },
      reduction,
      at,
    );
    const back = permuted(reshapeTo(result, [...lists, places], at), inverseOf(perm), at);
    return sameShape(back.type.shape, x.type.shape) ? back : replaceCorner(x, back, at);
  },
);

/** `x` with its first elements along every axis replaced. */
function replaceCorner(x: Value, corner: Value, at: NodeContext): Value {
  const { shape } = x.type;
  const missing = shape.map((size, axis) => {
    const part = corner.type.shape[axis]!;
    return typeof size === 'number' && typeof part === 'number' ? size - part : 0;
  });
  const before = shape.map(() => 0);
  const padded = at.emit('pad', { x: corner }, { before, after: missing, value: 0 });
  const inside = corner.type.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  const known = constantValue(
    tensor(
      'int32',
      inside,
      allocate(
        'int32',
        inside.reduce((n, size) => n * size, 1),
      ).fill(1),
    ),
  );
  const mask = at.emit('pad', { x: known }, { before, after: missing, value: 0 });
  const condition = at.emit('cast', { x: mask }, { to: 'bool' });
  return at.emit('where', { condition, a: padded, b: x }, {});
}

/** The name of ScatterElements before opset 11. */
export const Scatter = ScatterElements;

export const ScatterND = defineRule(
  ['data', 'indices', 'updates'],
  { reduction: 'string' },
  ({ data, indices, updates }, { reduction = 'none' }, at) => {
    const [shape, form] = [data.type.shape, indices.type.shape];
    if (form.length === 0) return at.fail('its indices have no dimensions');
    const depth = at.staticDim(form, form.length - 1);
    if (depth < 1 || depth > shape.length) at.fail(`coordinates of ${depth} of ${shape.length}`);
    const sizes = sizesOf(shape.slice(0, depth), at);
    const rest = shape.slice(depth);
    const picks = form.slice(0, -1);
    const expected = [...picks, ...rest];
    if (!sameShape(expected, updates.type.shape)) {
      at.fail('its updates do not fit its indices and data');
    }
    if (isStatic(form) && form.includes(0)) return data;
    const places = sizes.reduce((product, size) => product * size, 1);
    const [count, inner] = [mergedDim(picks, at), mergedDim(rest, at)];
    const result = scattered(
      {
        x: reshapeTo(data, [1, places, inner], at),
        index: reshapeTo(flatIndex(indices, sizes, at), [1, count], at),
        updates: reshapeTo(updates, [1, count, inner], at),
      },
      reduction,
      at,
    );
    return reshapeTo(result, shape, at);
  },
);
