// The vocabulary of the engine: what each op reads and what it is told. Nothing here computes;
// the meaning of an op (shape, gradient, plain-loop value, kernels) is its file in `ops/`.
//
// The set is small on purpose: ONNX operators are composed from it on import (LRN is a window sum and
// a power, batch normalisation a product and a sum), so that one gradient rule serves many.
import type { Dim, Dtype, Shape } from '../core/shape.ts';

declare const valueId: unique symbol;
/** Names one value of one graph. */
export type ValueId = number & { readonly [valueId]: true };

/** Per-axis geometry of a sliding window over the spatial axes of [N, C, …spatial]. */
export interface WindowGeometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before each spatial axis; the padding after follows from `outputSize`. */
  readonly padsBegin: readonly number[];
  /** Spatial size of the output: fixes the padding after and the rounding mode. */
  readonly outputSize: readonly number[];
}

export interface ConvGeometry extends WindowGeometry {
  readonly groups: number;
}

export interface AvgPoolGeometry extends WindowGeometry {
  /** What a window is divided by: its elements inside the input, or inside input plus padding. */
  readonly divisor: 'valid' | 'padded';
  /** Padding after each axis as declared: with `padded`, where the counted region ends. */
  readonly padsEnd: readonly number[];
}

export interface SliceRange {
  readonly start: number;
  readonly step: number;
}

/** What an update does to what it meets; `none` replaces it. Sums are an op of their own. */
export type ScatterReduction = 'none' | 'mul' | 'max' | 'min';

type Unary = { inputs: { x: ValueId }; attrs: NoAttrs };
type Binary = { inputs: { a: ValueId; b: ValueId }; attrs: NoAttrs };
type ExtremeIndex = {
  inputs: { x: ValueId };
  attrs: { /** The highest index on ties. */ readonly selectLast?: boolean };
};
type Reduction = { inputs: { x: ValueId }; attrs: { readonly axes: readonly number[] } };
/** An op that is told nothing. */
export type NoAttrs = object;

export interface OpSet {
  // Pointwise, one operand.
  relu: Unary;
  leaky_relu: { inputs: { x: ValueId }; attrs: { readonly alpha: number } };
  clip: { inputs: { x: ValueId }; attrs: { readonly min: number; readonly max: number } };
  sigmoid: Unary;
  tanh: Unary;
  neg: Unary;
  abs: Unary;
  sign: Unary;
  exp: Unary;
  log: Unary;
  sqrt: Unary;
  /** x where x > 0, else alpha (exp x − 1). */
  elu: { inputs: { x: ValueId }; attrs: { readonly alpha: number } };
  /** log(1 + exp x) */
  softplus: Unary;
  erf: Unary;
  sin: Unary;
  cos: Unary;
  tan: Unary;
  asin: Unary;
  acos: Unary;
  atan: Unary;
  sinh: Unary;
  cosh: Unary;
  asinh: Unary;
  acosh: Unary;
  atanh: Unary;
  floor: Unary;
  ceil: Unary;
  /** To the nearest whole number, halves to the even one. */
  round: Unary;
  /** 1 where x > 0, else 0: the derivative of relu, with 0 at 0. */
  step: Unary;
  /** 1 where min < x < max, else 0: the derivative of clip. */
  inside: { inputs: { x: ValueId }; attrs: { readonly min: number; readonly max: number } };
  /** x to a constant power. */
  power: { inputs: { x: ValueId }; attrs: { readonly exponent: number } };
  /** To the nearest whole number, ties to the even one; the gradient passes as if it did nothing. */
  round_through: Unary;
  /** Nothing: marks where training drops values, each with probability `ratio`, and scales up the rest. */
  dropout: { inputs: { x: ValueId }; attrs: { readonly ratio: number } };
  is_finite: Unary;
  is_nan: Unary;
  is_inf: {
    inputs: { x: ValueId };
    attrs: { readonly positive: boolean; readonly negative: boolean };
  };
  not: Unary;
  cast: { inputs: { x: ValueId }; attrs: { readonly to: Dtype } };

  // Pointwise, two or three operands, with NumPy's broadcasting.
  add: Binary;
  sub: Binary;
  mul: Binary;
  div: Binary;
  /** a to the power b; NaN for a negative float base and a broken exponent. */
  pow: Binary;
  /** The remainder of a / b with the sign of b, as Python has it. */
  mod: Binary;
  /** The remainder of a / b with the sign of a, as C has it. */
  fmod: Binary;
  maximum: Binary;
  minimum: Binary;
  equal: Binary;
  less: Binary;
  greater: Binary;
  and: Binary;
  or: Binary;
  xor: Binary;
  /** Bit by bit, of integers. */
  bit_and: Binary;
  bit_or: Binary;
  bit_xor: Binary;
  where: { inputs: { condition: ValueId; a: ValueId; b: ValueId }; attrs: NoAttrs };

  // Linear maps with weights. `bias` is one number per output channel.
  matmul: {
    inputs: { a: ValueId; b: ValueId };
    attrs: { readonly transposeA: boolean; readonly transposeB: boolean };
  };
  conv: { inputs: { x: ValueId; w: ValueId; bias?: ValueId }; attrs: ConvGeometry };
  conv_input_grad: {
    inputs: { dy: ValueId; w: ValueId };
    attrs: ConvGeometry & { readonly inputSize: readonly number[] };
  };
  conv_weight_grad: {
    inputs: { x: ValueId; dy: ValueId };
    attrs: ConvGeometry & { readonly weightShape: readonly number[] };
  };

  // Windows over [N, C, …spatial].
  max_pool: { inputs: { x: ValueId }; attrs: WindowGeometry };
  /** For each output of max_pool, the flat spatial index of its maximum: the first on ties. */
  max_pool_argmax: { inputs: { x: ValueId }; attrs: WindowGeometry };
  max_pool_grad: {
    inputs: { dy: ValueId; argmax: ValueId };
    attrs: WindowGeometry & { readonly inputSize: readonly number[] };
  };
  avg_pool: { inputs: { x: ValueId }; attrs: AvgPoolGeometry };
  avg_pool_grad: {
    inputs: { dy: ValueId };
    attrs: AvgPoolGeometry & { readonly inputSize: readonly number[] };
  };
  /** y_i = Σ x_j for i − before ≤ j ≤ i + after along one axis. */
  window_sum: {
    inputs: { x: ValueId };
    attrs: { readonly axis: number; readonly before: number; readonly after: number };
  };

  // Reductions; reduced axes are kept with size 1.
  reduce_sum: Reduction;
  reduce_max: Reduction;
  reduce_min: Reduction;
  reduce_prod: Reduction;
  /** Index of the largest (smallest) element along the last axis, the lowest on ties: int32, axis kept. */
  argmax: ExtremeIndex;
  argmin: ExtremeIndex;
  /** Indices of the k largest elements along the last axis, largest first, the lowest index on ties. */
  top_k: {
    inputs: { x: ValueId };
    attrs: {
      readonly k: number;
      /** The k smallest, smallest first. */ readonly smallest?: boolean;
    };
  };
  softmax: { inputs: { x: ValueId }; attrs: { readonly axis: number } };

  // Movement.
  reshape: { inputs: { x: ValueId }; attrs: { readonly shape: Shape } };
  transpose: { inputs: { x: ValueId }; attrs: { readonly perm: readonly number[] } };
  expand: { inputs: { x: ValueId }; attrs: { readonly shape: Shape } };
  concat: { inputs: Readonly<Record<`x${number}`, ValueId>>; attrs: { readonly axis: number } };
  /** One range per axis; `sizes` are the output's dimensions. */
  slice: {
    inputs: { x: ValueId };
    attrs: { readonly ranges: readonly SliceRange[]; readonly sizes: Shape };
  };
  /** The transpose of slice: x laid into zeros of `shape`. */
  unslice: {
    inputs: { x: ValueId };
    attrs: { readonly ranges: readonly SliceRange[]; readonly shape: Shape };
  };
  pad: {
    inputs: { x: ValueId };
    attrs: {
      readonly before: readonly number[];
      readonly after: readonly number[];
      readonly value: number;
    };
  };

  // Elements chosen by an index, which is [B, K], or [1, K] for all B lists.
  /** y[b, k, i] = x[b, index[b, k], i] */
  gather: { inputs: { x: ValueId; index: ValueId }; attrs: NoAttrs };
  /** The transpose of gather: updates[b, k, i] summed at [b, index[b, k], i] of zeros with `size` places. */
  scatter_add: {
    inputs: { updates: ValueId; index: ValueId };
    attrs: { readonly size: Dim };
  };
  /** x[b, s, i] combined with every update whose index is s, in their order. */
  scatter: {
    inputs: { x: ValueId; index: ValueId; updates: ValueId };
    attrs: { readonly reduction: ScatterReduction };
  };

  // Rows of a batch chosen by an index table: how K cotangents share one forward pass.
  /** y[i, …] = x[index[i], …] along the batch axis; kernels read x through the table. */
  rows: { inputs: { x: ValueId; index: ValueId }; attrs: { readonly axis: number } };
  /** `x` with its rows index[i] replaced by rows[i]. */
  update_rows: { inputs: { x: ValueId; index: ValueId; rows: ValueId }; attrs: NoAttrs };
  /** The values whose `keep` is true, in order; their number is the extent of `symbol`. */
  compact: {
    inputs: { values: ValueId; keep: ValueId };
    attrs: { readonly symbol: string };
  };
  /** y[n, j] = x[n, index[n, j]] */
  take_along: { inputs: { x: ValueId; index: ValueId }; attrs: NoAttrs };
  /** 0, 1, 2, … along a dimension. */
  iota: { inputs: Readonly<Record<string, never>>; attrs: { readonly size: Dim } };
  /** Uniform in [0, 1), a function of seed, salt and the element's flat index. */
  random_uniform: {
    inputs: { seed: ValueId };
    attrs: { readonly shape: Shape; readonly salt: number };
  };
}

export type OpKind = keyof OpSet;
export type OpInputs<K extends OpKind> = Readonly<OpSet[K]['inputs']>;
export type OpAttrs<K extends OpKind> = Readonly<OpSet[K]['attrs']>;
