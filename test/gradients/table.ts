// Every op of the vocabulary: how to draw random cases of it, or why its gradient needs none. An op
// that is not here does not compile.
import type { OpKind } from '../../src-ts/graph/op-set.ts';
import {
  avgPool,
  avgPoolGrad,
  conv,
  convInputGrad,
  convWeightGrad,
  factors,
  matmul,
  maxPool,
  reduction,
  softmax,
  windowSum,
} from './linear-cases.ts';
import {
  concat,
  expand,
  gather,
  pad,
  reshape,
  scatter,
  scatterAdd,
  slice,
  takeAlong,
  transpose,
  unslice,
} from './movement-cases.ts';
import {
  binary,
  extreme,
  power,
  remainder,
  unary,
  unaryAway,
  where,
  within,
  type Generator,
} from './pointwise-cases.ts';

export type Entry<K extends OpKind> =
  /** Has the derivative of its value. */
  | Generator<K>
  /** Is flat wherever it has a derivative: no cotangent passes. */
  | 'zero'
  /** Is flat too, and passes its cotangent as it is. */
  | { readonly straightThrough: Generator<K> }
  /** A path through it is refused. */
  | 'not differentiable';

const WHOLE = [-2, -1, 0, 1, 2];

export const TABLE: { readonly [K in OpKind]: Entry<K> } = {
  relu: unary({ away: [0] }),
  leaky_relu: unary({ away: [0] }, (draw) => ({ alpha: draw.pick([0.01, 0.3, -0.5]) })),
  clip: unaryAway(
    (draw) =>
      draw.pick([
        { min: -0.5, max: 1 },
        { min: 0, max: Infinity },
        { min: -Infinity, max: 0.25 },
      ]),
    ({ min, max }) => [min, max],
  ),
  sigmoid: unary({ min: -4, max: 4 }),
  tanh: unary({ min: -3, max: 3 }),
  neg: unary(),
  abs: unary({ away: [0] }),
  sign: 'zero',
  exp: unary(),
  log: unary({ min: 0.2, max: 3 }),
  sqrt: unary({ min: 0.2, max: 3 }),
  elu: unary({ away: [0] }, (draw) => ({ alpha: draw.pick([1, 0.3, 1.67]) })),
  softplus: unary({ min: -4, max: 4 }),
  erf: unary({ min: -2.5, max: 2.5 }),
  sin: unary({ min: -4, max: 4 }),
  cos: unary({ min: -4, max: 4 }),
  tan: unary({ min: -1.2, max: 1.2 }),
  asin: unary({ min: -0.85, max: 0.85 }),
  acos: unary({ min: -0.85, max: 0.85 }),
  atan: unary({ min: -4, max: 4 }),
  sinh: unary(),
  cosh: unary(),
  asinh: unary({ min: -4, max: 4 }),
  acosh: unary({ min: 1.2, max: 4 }),
  atanh: unary({ min: -0.85, max: 0.85 }),
  floor: 'zero',
  ceil: 'zero',
  round: 'zero',
  step: 'zero',
  inside: 'zero',
  power: (draw) => {
    const exponent = draw.pick([0, 1, 2, 3, 4, -1, -2, 0.5, 1.5, -0.5, 0.7]);
    const range = Number.isInteger(exponent) ? { away: WHOLE.map((x) => x / 10) } : { min: 0.3 };
    return unary<'power'>(range, () => ({ exponent }))(draw);
  },
  dropout: unary({}, () => ({ ratio: 0.5 })),
  round_through: { straightThrough: unary({ min: -3, max: 3 }) },
  is_finite: 'zero',
  is_nan: 'zero',
  is_inf: 'zero',
  not: 'zero',
  cast: unary({}, () => ({ to: 'float32' })),

  add: binary(),
  sub: binary(),
  mul: binary(),
  div: binary(within({}), within({ away: [0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3] })),
  pow: power,
  mod: remainder(),
  fmod: remainder(),
  maximum: extreme(),
  minimum: extreme(),
  equal: 'zero',
  less: 'zero',
  greater: 'zero',
  and: 'zero',
  or: 'zero',
  xor: 'zero',
  bit_and: 'zero',
  bit_or: 'zero',
  bit_xor: 'zero',
  where,

  matmul,
  conv,
  conv_input_grad: convInputGrad,
  conv_weight_grad: convWeightGrad,

  max_pool: maxPool,
  max_pool_argmax: 'not differentiable',
  max_pool_grad: 'not differentiable',
  avg_pool: avgPool,
  avg_pool_grad: avgPoolGrad,
  window_sum: windowSum,

  reduce_sum: reduction((draw, shape) => draw.floats(shape)),
  reduce_max: reduction((draw, shape) => draw.distinct(shape)[0]!),
  reduce_min: reduction((draw, shape) => draw.distinct(shape)[0]!),
  reduce_prod: reduction(factors),
  argmax: 'not differentiable',
  argmin: 'not differentiable',
  top_k: 'not differentiable',
  softmax,

  reshape,
  transpose,
  expand,
  concat,
  slice,
  unslice,
  pad,

  gather,
  scatter_add: scatterAdd,
  scatter,

  rows: 'not differentiable',
  update_rows: 'not differentiable',
  compact: 'not differentiable',
  take_along: takeAlong,
  iota: 'not differentiable',
  random_uniform: 'not differentiable',
};

export const KINDS = Object.keys(TABLE) as OpKind[];

/** The generator of an op's cases; null where it has none. */
export function generatorOf(kind: OpKind): Generator<OpKind> | null {
  const entry = TABLE[kind] as Entry<OpKind>;
  if (typeof entry === 'string') return null;
  return typeof entry === 'function' ? entry : entry.straightThrough;
}

/** Ops that have cotangents to give. */
export const DIFFERENTIABLE = KINDS.filter((kind) => generatorOf(kind) !== null);
