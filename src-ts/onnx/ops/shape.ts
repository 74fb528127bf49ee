// Values that come from shapes and constants rather than from pixels. Nearly all of it is folded away.
import { floatTensor, tensor } from '../../core/tensor.ts';
import { isStatic, productOf } from '../../core/shape.ts';
import { dtypeOf, elementTypeName } from '../proto/element-types.ts';
import { defineRule } from '../rule.ts';
import { constantValue, dimsValue } from '../value.ts';
import { castTo, reshapeTo } from './compose.ts';

export const Identity = defineRule(['input'], {}, ({ input }) => input);

export const Constant = defineRule(
  [],
  {
    value: 'tensor',
    value_float: 'float',
    value_floats: 'floats',
    value_int: 'int',
    value_ints: 'ints',
  },
  (_, { value, value_float, value_floats, value_int, value_ints }, at) => {
    if (value !== undefined) return constantValue(value.load());
    if (value_float !== undefined) return at.number(value_float);
    if (value_floats !== undefined) {
      return constantValue(floatTensor([value_floats.length], value_floats));
    }
    if (value_int !== undefined) return at.number(value_int, 'int64');
    if (value_ints === undefined) return at.refuse('its value is of no known form');
    const ints = Float64Array.from(value_ints);
    return constantValue(tensor('int64', [ints.length], ints));
  },
);

export const ConstantOfShape = defineRule(
  ['input'],
  { value: 'tensor' },
  ({ input }, { value }, at) => {
    const sizes = at.sizes(input, 'shape');
    const one = value === undefined ? floatTensor([1], [0]) : value.load();
    const fill = one.data[0];
    if (fill === undefined || one.data.length !== 1) return at.fail('its value must be one number');
    const negative = sizes.find((dim) => typeof dim === 'number' && !(dim >= 0));
    if (negative !== undefined) at.fail('a size is negative');
    if (isStatic(sizes)) return at.filled(sizes, fill, one.dtype);
    return at.emit('expand', { x: at.number(fill, one.dtype) }, { shape: sizes });
  },
);

export const Shape = defineRule(
  ['data'],
  { start: 'int', end: 'int' },
  ({ data }, { start = 0, end }) => dimsValue(data.type.shape.slice(start, end), 1),
);

export const Size = defineRule(['data'], {}, ({ data }) =>
  dimsValue([productOf(data.type.shape)], 0),
);

export const Cast = defineRule(
  ['input'],
  { to: 'int', saturate: 'int' },
  ({ input }, { to }, at) => {
    const dtype = dtypeOf(to ?? null);
    if (dtype === null) return at.refuse(`to ${elementTypeName(to ?? null)}`);
    if (dtype === input.type.dtype) return input;
    if (input.kind === 'dims') {
      if (dtype === 'bool') return at.refuse('a batch size cast to bool');
      return dimsValue(input.dims, input.type.shape.length === 0 ? 0 : 1, dtype);
    }
    return at.emit('cast', { x: input }, { to: dtype });
  },
);

export const CastLike = defineRule(
  ['input', 'target_type'],
  { saturate: 'int' },
  ({ input, target_type }, _, at) => castTo(input, target_type.type.dtype, at),
);

/** Numbers in steps, when all three are known. */
export const Range = defineRule(
  ['start', 'limit', 'delta'],
  {},
  ({ start, limit, delta }, _, at) => {
    const [first] = at.numbers(start, 'start');
    const [last] = at.numbers(limit, 'limit');
    const [step] = at.numbers(delta, 'delta');
    if (first === undefined || last === undefined || !step) return at.fail('its bounds are empty');
    const count = Math.max(0, Math.ceil((last - first) / step));
    const zeros = at.filled([count], 0, start.type.dtype); // checks the size
    const { data } = at.tensorOf(zeros, 'result');
    for (let i = 0; i < count; i++) data[i] = first + i * step;
    return zeros;
  },
);

/** Repeats along axes: each repeated axis is split off, expanded and merged. */
export const Tile = defineRule(['input', 'repeats'], {}, ({ input, repeats }, _, at) => {
  const { shape } = input.type;
  const counts = at.numbers(repeats, 'repeats');
  if (counts.length !== shape.length || counts.some((count) => count < 0)) {
    at.fail(`repeats [${counts.join(', ')}] for ${shape.length} dimensions`);
  }
  return counts.reduce((value, count, axis) => {
    if (count === 1) return value;
    const whole = value.type.shape;
    const size = at.staticDim(whole, axis);
    const split = [...whole.slice(0, axis), 1, ...whole.slice(axis)];
    const x = reshapeTo(value, split, at);
    const wide = at.emit('expand', { x }, { shape: split.with(axis, count) });
    return reshapeTo(wide, whole.with(axis, size * count), at);
  }, input);
});
