// Which subgradient each op takes where its derivative has none, or several: what PyTorch takes. The
// table is written once; every line of it is a case with literal numbers.
import { floatTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpKind } from '../../src-ts/graph/op-set.ts';
import type { OpCase } from './op-case.ts';

/** The conventions, as sentences. */
export const CONVENTIONS = {
  relu: 'relu has 0 at 0',
  leaky_relu: 'leaky_relu has alpha at 0',
  elu: 'elu has alpha at 0',
  clip: 'clip has 0 at its bounds',
  abs: 'abs has 0 at 0',
  sign: 'sign has 0 everywhere, at 0 too',
  floor: 'floor has 0 everywhere, at its jumps too',
  ceil: 'ceil has 0 everywhere, at its jumps too',
  round: 'round has 0 everywhere, at its jumps too',
  round_through: 'round_through passes the cotangent as it is, at its jumps too',
  sqrt: 'sqrt has +∞ at 0, and no number below',
  power: 'a power of one half has +∞ at 0',
  power_zero: 'a power of zero has 0 everywhere, at 0 too',
  pow: 'pow has 0 by the exponent at base 0, and 0 by the base at exponent 0',
  maximum: 'maximum gives each of two equal operands one half',
  minimum: 'minimum gives each of two equal operands one half',
  where: 'where gives the cotangent to the operand it chose, equal ones or not',
  max_pool: 'max_pool gives the cotangent to the first of equal maxima',
  reduce_max: 'reduce_max gives equal maxima equal shares',
  reduce_min: 'reduce_min gives equal minima equal shares',
  reduce_prod: 'reduce_prod has the product of the others at a 0, and 0 beside two of them',
  scatter_none: 'scatter gives the cotangent of a place to the last update of it',
  scatter_max: 'scatter by max gives what is equal to the maximum equal shares, the old value too',
} as const;

/** An op at its kink, a cotangent, and the gradient of each input. */
export interface Kink {
  readonly kind: OpKind;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: OpAttrs<OpKind>;
  readonly dy: Tensor;
  /** Empty where nothing passes at all. */
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

const vector = (...values: number[]): Tensor => floatTensor([values.length], values);
const row = (...values: number[]): Tensor => floatTensor([1, values.length], values);
const list = (...values: number[]): Tensor => floatTensor([1, values.length, 1], values);
const indices = (...values: number[]): Tensor =>
  tensor('int32', [1, values.length], Int32Array.from(values));
const counted = (count: number): Tensor =>
  vector(...Array.from({ length: count }, (_, k) => k + 1));

function kink<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
  dy: Tensor,
  expected: Kink['expected'],
): Kink {
  return { kind, inputs, attrs, dy, expected };
}

const around = vector(-1, 0, 1);

export const KINKS: { readonly [Convention in keyof typeof CONVENTIONS]: Kink } = {
  relu: kink('relu', { x: around }, {}, counted(3), { x: [0, 0, 3] }),
  leaky_relu: kink('leaky_relu', { x: around }, { alpha: 0.25 }, counted(3), {
    x: [0.25, 0.5, 3],
  }),
  elu: kink('elu', { x: vector(0, 1) }, { alpha: 0.25 }, counted(2), { x: [0.25, 2] }),
  clip: kink('clip', { x: vector(-1, 0, 2, 3) }, { min: -1, max: 2 }, counted(4), {
    x: [0, 2, 0, 0],
  }),
  abs: kink('abs', { x: around }, {}, counted(3), { x: [-1, 0, 3] }),
  sign: kink('sign', { x: around }, {}, counted(3), {}),
  floor: kink('floor', { x: around }, {}, counted(3), {}),
  ceil: kink('ceil', { x: around }, {}, counted(3), {}),
  round: kink('round', { x: vector(-0.5, 0.5, 1) }, {}, counted(3), {}),
  round_through: kink('round_through', { x: vector(-0.5, 0.5, 1) }, {}, counted(3), {
    x: [1, 2, 3],
  }),
  sqrt: kink('sqrt', { x: vector(0, 4, -1) }, {}, counted(3), { x: [Infinity, 0.5, NaN] }),
  power: kink('power', { x: vector(0, 4) }, { exponent: 0.5 }, counted(2), {
    x: [Infinity, 0.5],
  }),
  power_zero: kink('power', { x: around }, { exponent: 0 }, counted(3), { x: [0, 0, 0] }),
  pow: kink('pow', { a: vector(0, 0, 3), b: vector(2, 0, 0) }, {}, vector(1, 1, 0), {
    a: [0, 0, 0],
    b: [0, 0, 0],
  }),
  maximum: kink('maximum', { a: vector(1, 2, 3), b: vector(1, 3, 2) }, {}, counted(3), {
    a: [0.5, 0, 3],
    b: [0.5, 2, 0],
  }),
  minimum: kink('minimum', { a: vector(1, 2, 3), b: vector(1, 3, 2) }, {}, counted(3), {
    a: [0.5, 2, 0],
    b: [0.5, 0, 3],
  }),
  where: kink(
    'where',
    { condition: tensor('bool', [2], Int32Array.of(1, 0)), a: vector(5, 5), b: vector(5, 5) },
    {},
    counted(2),
    { a: [1, 0], b: [0, 2] },
  ),
  max_pool: kink(
    'max_pool',
    { x: floatTensor([1, 1, 2, 4], [1, 7, 5, 5, 7, 2, 5, 5]) },
    { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padsBegin: [0, 0], outputSize: [1, 2] },
    floatTensor([1, 1, 1, 2], [1, 2]),
    { x: [0, 1, 2, 0, 0, 0, 0, 0] },
  ),
  reduce_max: kink('reduce_max', { x: row(7, 1, 7, 3) }, { axes: [1] }, row(3), {
    x: [1.5, 0, 1.5, 0],
  }),
  reduce_min: kink('reduce_min', { x: row(1, 1, 7, 1) }, { axes: [1] }, row(3), {
    x: [1, 1, 0, 1],
  }),
  reduce_prod: kink(
    'reduce_prod',
    { x: floatTensor([2, 3], [0, 2, 3, 0, 0, 3]) },
    { axes: [1] },
    floatTensor([2, 1], [1, 1]),
    { x: [6, 0, 0, 0, 0, 0] },
  ),
  scatter_none: kink(
    'scatter',
    { x: list(1, 2, 3), index: indices(0, 2, 0), updates: list(4, 5, 6) },
    { reduction: 'none' },
    list(1, 2, 3),
    { x: [0, 2, 0], updates: [0, 3, 1] },
  ),
  scatter_max: kink(
    'scatter',
    { x: list(4, 2, 9), index: indices(0, 2, 0), updates: list(4, 5, 4) },
    { reduction: 'max' },
    list(3, 2, 1),
    { x: [1, 2, 1], updates: [1, 0, 1] },
  ),
};

export type Convention = keyof typeof CONVENTIONS;

/** Each convention with its sentence. */
export const LINES = Object.entries(CONVENTIONS).map(
  ([name, sentence]) => [sentence, KINKS[name as Convention]] as const,
);

export const caseOf = ({ inputs, attrs }: Kink): OpCase<OpKind> => ({
  inputs,
  attrs: () => attrs,
  batched: [],
});
