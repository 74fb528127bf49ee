// Operators about places: the largest elements, one element of a row set apart, running sums.
import { productOf } from '../../core/shape.ts';
import type { NodeContext } from '../node-context.ts';
import { defineRule } from '../rule.ts';
import type { Value } from '../value.ts';
import { alongLast, axesFrom, castTo, places, reshapeTo } from './compose.ts';
import { alongAxis } from './normalization.ts';

/** Values and indices of the k largest or smallest elements along an axis, in order. */
export const TopK = defineRule(
  ['X', 'K?'],
  { axis: 'int', k: 'int', largest: 'int', sorted: 'int' },
  ({ X, K }, { axis = -1, k, largest = 1 }, at) => {
    const along = at.axis(axis, X.type.shape.length);
    const count = K === undefined ? k : at.numbers(K, 'K')[0];
    const length = at.staticDim(X.type.shape, along);
    if (count === undefined || count < 1 || count > length) {
      return at.fail(`it asks for ${count ?? 'no number'} of ${length} elements`);
    }
    return alongLast(X, along, at, (x) => {
      const lead = x.type.shape.slice(0, -1);
      const rows = reshapeTo(x, [productOf(lead), length], at);
      const index = at.emit('top_k', { x: rows }, { k: count, smallest: largest === 0 });
      const values = at.emit('take_along', { x: rows, index }, {});
      const shape = [...lead, count];
      return [reshapeTo(values, shape, at), castTo(reshapeTo(index, shape, at), 'int64', at)];
    });
  },
);

/** 1 at the first maximum, 0 elsewhere. */
export const Hardmax = defineRule(['input'], { axis: 'int' }, ({ input }, { axis }, at) =>
  alongAxis(input, axis, at, (x, along) => {
    const length = at.staticDim(x.type.shape, along);
    const [chosen] = alongLast(x, along, at, (rows) => {
      const index = at.emit('argmax', { x: rows }, {});
      return [at.emit('equal', { a: index, b: places(length, 0, at, 'int32') }, {})];
    });
    return castTo(chosen!, 'float32', at);
  }),
);

/** `values` are the number for all others and the number at the index. */
export const OneHot = defineRule(
  ['indices', 'depth', 'values'],
  { axis: 'int' },
  ({ indices, depth, values }, { axis = -1 }, at) => {
    const { shape } = indices.type;
    const along = at.axis(axis, shape.length + 1);
    const [count] = at.numbers(depth, 'depth');
    if (count === undefined || !(count >= 1)) return at.fail('its depth is not positive');
    const size = Math.trunc(count);
    const index = reshapeTo(
      castTo(indices, 'int32', at),
      [...shape.slice(0, along), 1, ...shape.slice(along)],
      at,
    );
    const isNegative = at.emit('less', { a: index, b: at.number(0, 'int32') }, {});
    const b = at.emit('add', { a: index, b: at.number(size, 'int32') }, {});
    const wrapped = at.emit('where', { condition: isNegative, a: b, b: index }, {});
    const condition = at.emit(
      'equal',
      { a: wrapped, b: places(size, shape.length - along, at, 'int32') },
      {},
    );
    const [off, on] = [numberAt(values, 0, at), numberAt(values, 1, at)];
    return at.emit('where', { condition, a: on, b: off }, {});
  },
);

function numberAt(values: Value, position: number, at: NodeContext): Value {
  if (values.type.shape.length !== 1 || values.type.shape[0] !== 2) {
    at.fail('its values are not a pair');
  }
  const ranges = [{ start: position, step: 1 }];
  return reshapeTo(at.emit('slice', { x: values }, { ranges, sizes: [1] }), [], at);
}

/** Sums of all elements up to each one; `exclusive` leaves it out, `reverse` sums what follows. */
export const CumSum = defineRule(
  ['x', 'axis'],
  { exclusive: 'int', reverse: 'int' },
  ({ x, axis }, { exclusive = 0, reverse = 0 }, at) => {
    const { dtype, shape } = x.type;
    const along = at.axis(at.numbers(axis, 'axis')[0] ?? NaN, shape.length);
    const length = at.staticDim(shape, along);
    const numbers = castTo(x, 'float32', at);
    const summed = exclusive === 0 ? numbers : shifted(numbers, along, reverse !== 0, at);
    const reach = Math.max(0, length - 1);
    const window = reverse === 0 ? { before: reach, after: 0 } : { before: 0, after: reach };
    return castTo(at.emit('window_sum', { x: summed }, { axis: along, ...window }), dtype, at);
  },
);

/** Moved by one along an axis, a zero coming in: to later places, or to earlier ones. */
function shifted(x: Value, axis: number, toEarlier: boolean, at: NodeContext): Value {
  const { shape } = x.type;
  const none = shape.map(() => 0);
  const one = none.with(axis, 1);
  const [before, after] = toEarlier ? [none, one] : [one, none];
  const padded = at.emit('pad', { x }, { before, after, value: 0 });
  const ranges = axesFrom(0, shape.length).map((each) => ({
    start: each === axis && toEarlier ? 1 : 0,
    step: 1,
  }));
  return at.emit('slice', { x: padded }, { ranges, sizes: shape });
}
