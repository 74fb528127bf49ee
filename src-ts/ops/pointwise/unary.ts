// The pointwise ops of one operand, one row each: WGSL expression, plain value, derivative.
//
// WGSL expressions are written for the aliases F, I, U (f32 or vec4f, …), so that one row serves the
// scalar and the vec4 kernel. bool is I with 0 or 1. Comparisons are arranged so that a NaN passes
// through: an attack must see it, and WGSL's max and clamp may swallow it. What a builtin lacks, or
// gives with too few digits, is a function of `pointwise/functions.wgsl`: `math_…`.
import type { Dtype } from '../../core/shape.ts';
import type { OpAttrs, OpKind, ValueId } from '../../graph/op-set.ts';
import { floatLiteral, numberLiteral, toInt, type DerivativeContext } from './row.ts';

export type UnaryKind =
  | 'relu'
  | 'leaky_relu'
  | 'clip'
  | 'sigmoid'
  | 'tanh'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'elu'
  | 'softplus'
  | 'erf'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'step'
  | 'inside'
  | 'power'
  | 'round_through'
  | 'dropout'
  | 'is_finite'
  | 'is_nan'
  | 'is_inf'
  | 'not'
  | 'cast';

export interface UnaryRow<K extends OpKind> {
  readonly wgsl: (x: string, attrs: OpAttrs<K>, from: Dtype) => string;
  readonly value: (x: number, attrs: OpAttrs<K>, from: Dtype) => number;
  /** dx from dy; null where the derivative is zero wherever it exists. */
  readonly derivative:
    | ((
        context: DerivativeContext,
        dy: ValueId,
        x: ValueId,
        y: ValueId,
        attrs: OpAttrs<K>,
      ) => ValueId)
    | null;
  /** Dtype of the result; that of x when absent. */
  readonly result?: (attrs: OpAttrs<K>) => Dtype;
}

/** A bound of clip: nothing is beyond an infinite one. */
function below(x: string, min: number, from: Dtype): string {
  const bound = numberLiteral(min, from);
  return min === -Infinity ? x : `select(${x}, ${bound}, ${x} < ${bound})`;
}

function above(x: string, max: number, from: Dtype): string {
  const bound = numberLiteral(max, from);
  return max === Infinity ? x : `select(${x}, ${bound}, ${x} > ${bound})`;
}

/** Exact forms for the exponents that norms and layers use; pow() elsewhere, odd powers keeping the sign. */
function powerExpression(x: string, exponent: number): string {
  switch (exponent) {
    case 0:
      return 'F(1.0)';
    case 1:
      return x;
    case 2:
      return `(${x} * ${x})`;
    case 3:
      return `(${x} * ${x} * ${x})`;
    case 0.5:
      return `sqrt(${x})`;
    case 1.5:
      return `(${x} * sqrt(${x}))`;
    case -0.5:
      return `(F(1.0) / sqrt(${x}))`;
    case -1:
      return `(F(1.0) / ${x})`;
    default: {
      // pow() has the absolute error of a logarithm, times the exponent.
      if (Math.abs(exponent) > 8) return `math_pow(${x}, ${floatLiteral(exponent)})`;
      const magnitude = `pow(abs(${x}), ${floatLiteral(exponent)})`;
      if (!Number.isInteger(exponent)) return `pow(${x}, ${floatLiteral(exponent)})`;
      return exponent % 2 === 0 ? magnitude : `(sign(${x}) * ${magnitude})`;
    }
  }
}

function castExpression(x: string, from: Dtype, to: Dtype): string {
  if (from === to) return x;
  if (to === 'float32') return `F(${x})`;
  if (to === 'bool') {
    return from === 'float32' ? `I(${x} != F(0.0))` : `I(${x} != I(0))`;
  }
  return from === 'float32' ? `I(trunc(${x}))` : x;
}

function castValue(x: number, from: Dtype, to: Dtype): number {
  if (to === 'bool') return x === 0 ? 0 : 1;
  return from === 'float32' && to !== 'float32' ? Math.trunc(x) : x;
}

/** The nearest whole number, of two the even one. */
export function roundToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

const bool = (): Dtype => 'bool';

/** 2/√π · exp(−x²) · Σ (2x²)ⁿ x / (2n + 1)!!: no term has another sign, so none cancels. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** dy / √(c ± x²) */
function overRoot(
  { emit, mul }: DerivativeContext,
  dy: ValueId,
  c: ValueId,
  sign: 'add' | 'sub',
  x: ValueId,
): ValueId {
  const square = emit(sign, { a: c, b: mul(x, x) }, {});
  return emit('div', { a: dy, b: emit('sqrt', { x: square }, {}) }, {});
}

export const unaryRows: { readonly [K in UnaryKind]: UnaryRow<K> } = {
  relu: {
    wgsl: (x, _attrs, from) => below(x, 0, from),
    value: (x) => (x < 0 ? 0 : x),
    derivative: ({ emit, mul }, dy, _x, y) => mul(dy, emit('step', { x: y }, {})), // 0 at 0, as PyTorch
  },
  leaky_relu: {
    wgsl: (x, { alpha }) => `select(${x}, ${floatLiteral(alpha)} * ${x}, ${x} < F(0.0))`,
    value: (x, { alpha }) => (x < 0 ? alpha * x : x),
    derivative: ({ emit, mul, number }, dy, x, _y, { alpha }) =>
      emit(
        'where',
        {
          condition: emit('greater', { a: x, b: number(0) }, {}),
          a: dy,
          b: mul(dy, number(alpha)), // alpha at 0, as PyTorch
        },
        {},
      ),
  },
  clip: {
    wgsl: (x, { min, max }, from) => above(below(x, min, from), max, from),
    value: (x, { min, max }) => (x < min ? min : x > max ? max : x),
    // 0 at the bounds, as PyTorch's relu6 and hardtanh.
    derivative: ({ emit, mul }, dy, _x, y, { min, max }) =>
      mul(dy, emit('inside', { x: y }, { min, max })),
  },
  sigmoid: {
    wgsl: (x) => `(F(1.0) / (F(1.0) + exp(-${x})))`,
    value: (x) => 1 / (1 + Math.exp(-x)),
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      mul(dy, mul(y, emit('sub', { a: number(1), b: y }, {}))),
  },
  tanh: {
    wgsl: (x) => `math_tanh(${x})`,
    value: Math.tanh,
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      mul(dy, emit('sub', { a: number(1), b: mul(y, y) }, {})),
  },
  neg: {
    wgsl: (x) => `(-${x})`,
    value: (x) => -x,
    derivative: ({ emit }, dy) => emit('neg', { x: dy }, {}),
  },
  abs: {
    wgsl: (x) => `abs(${x})`,
    value: Math.abs,
    derivative: ({ emit, mul }, dy, x) => mul(dy, emit('sign', { x }, {})),
  },
  sign: {
    wgsl: (x) => `sign(${x})`,
    value: Math.sign,
    derivative: null,
  },
  exp: {
    wgsl: (x) => `exp(${x})`,
    value: Math.exp,
    derivative: ({ mul }, dy, _x, y) => mul(dy, y),
  },
  log: {
    wgsl: (x) => `math_log(${x})`,
    value: Math.log,
    derivative: ({ emit }, dy, x) => emit('div', { a: dy, b: x }, {}),
  },
  sqrt: {
    wgsl: (x) => `sqrt(${x})`,
    value: Math.sqrt,
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      emit('div', { a: mul(dy, number(0.5)), b: y }, {}),
  },
  elu: {
    wgsl: (x, { alpha }) => `math_elu(${x}, ${floatLiteral(alpha)})`,
    value: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
    // alpha at 0, as PyTorch
    derivative: ({ emit, mul, number }, dy, x, y, { alpha }) =>
      emit(
        'where',
        {
          condition: emit('greater', { a: x, b: number(0) }, {}),
          a: dy,
          b: mul(dy, emit('add', { a: y, b: number(alpha) }, {})),
        },
        {},
      ),
  },
  softplus: {
    wgsl: (x) => `math_softplus(${x})`,
    value: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
    derivative: ({ emit, mul }, dy, x) => mul(dy, emit('sigmoid', { x }, {})),
  },
  erf: {
    wgsl: (x) => `math_erf(${x})`,
    value: erf,
    derivative: ({ emit, mul, number }, dy, x) => {
      const bell = emit('exp', { x: emit('neg', { x: mul(x, x) }, {}) }, {});
      return mul(dy, mul(bell, number(2 / Math.sqrt(Math.PI))));
    },
  },
  sin: {
    wgsl: (x) => `sin(${x})`,
    value: Math.sin,
    derivative: ({ emit, mul }, dy, x) => mul(dy, emit('cos', { x }, {})),
  },
  cos: {
    wgsl: (x) => `cos(${x})`,
    value: Math.cos,
    derivative: ({ emit, mul }, dy, x) => emit('neg', { x: mul(dy, emit('sin', { x }, {})) }, {}),
  },
  tan: {
    wgsl: (x) => `tan(${x})`,
    value: Math.tan,
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      mul(dy, emit('add', { a: mul(y, y), b: number(1) }, {})),
  },
  asin: {
    wgsl: (x) => `math_asin(${x})`,
    value: Math.asin,
    derivative: (context, dy, x) => overRoot(context, dy, context.number(1), 'sub', x),
  },
  acos: {
    wgsl: (x) => `math_acos(${x})`,
    value: Math.acos,
    derivative: (context, dy, x) =>
      context.emit('neg', { x: overRoot(context, dy, context.number(1), 'sub', x) }, {}),
  },
  atan: {
    wgsl: (x) => `math_atan(${x})`,
    value: Math.atan,
    derivative: ({ emit, mul, number }, dy, x) =>
      emit('div', { a: dy, b: emit('add', { a: mul(x, x), b: number(1) }, {}) }, {}),
  },
  sinh: {
    wgsl: (x) => `math_sinh(${x})`,
    value: Math.sinh,
    derivative: ({ emit, mul }, dy, x) => mul(dy, emit('cosh', { x }, {})),
  },
  cosh: {
    wgsl: (x) => `math_cosh(${x})`,
    value: Math.cosh,
    derivative: ({ emit, mul }, dy, x) => mul(dy, emit('sinh', { x }, {})),
  },
  asinh: {
    wgsl: (x) => `math_asinh(${x})`,
    value: Math.asinh,
    derivative: (context, dy, x) => overRoot(context, dy, context.number(1), 'add', x),
  },
  acosh: {
    wgsl: (x) => `math_acosh(${x})`,
    value: Math.acosh,
    // −1 + x² under the root
    derivative: (context, dy, x) => overRoot(context, dy, context.number(-1), 'add', x),
  },
  atanh: {
    wgsl: (x) => `math_atanh(${x})`,
    value: Math.atanh,
    derivative: ({ emit, mul, number }, dy, x) =>
      emit('div', { a: dy, b: emit('sub', { a: number(1), b: mul(x, x) }, {}) }, {}),
  },
  floor: {
    wgsl: (x) => `floor(${x})`,
    value: Math.floor,
    derivative: null,
  },
  ceil: {
    wgsl: (x) => `ceil(${x})`,
    value: Math.ceil,
    derivative: null,
  },
  round: {
    wgsl: (x) => `round(${x})`,
    value: roundToEven,
    derivative: null,
  },
  step: {
    wgsl: (x) => `select(F(0.0), F(1.0), ${x} > F(0.0))`,
    value: (x) => (x > 0 ? 1 : 0),
    derivative: null,
  },
  inside: {
    wgsl: (x, { min, max }) =>
      `select(F(0.0), F(1.0), (${x} > ${floatLiteral(min)}) & (${x} < ${floatLiteral(max)}))`,
    value: (x, { min, max }) => (x > min && x < max ? 1 : 0),
    derivative: null,
  },
  power: {
    wgsl: (x, { exponent }) => powerExpression(x, exponent),
    value: (x, { exponent }) => x ** exponent,
    derivative: ({ emit, mul, number }, dy, x, _y, { exponent }) => {
      if (exponent === 0) return mul(dy, number(0)); // at x = 0 too, where 0 x⁻¹ is no number
      return mul(dy, mul(number(exponent), emit('power', { x }, { exponent: exponent - 1 })));
    },
  },
  round_through: {
    wgsl: (x) => `round(${x})`, // to even, by the definition of WGSL
    value: roundToEven,
    derivative: (_context, dy) => dy, // straight through, as quantised networks are trained
  },
  dropout: {
    wgsl: (x) => x, // training puts a mask in its place
    value: (x) => x,
    derivative: (_context, dy) => dy,
  },
  is_finite: {
    // By the exponent's bits: compilers may assume that comparisons never meet a NaN.
    wgsl: (x) => `select(I(1), I(0), (bitcast<U>(${x}) & U(0x7f800000u)) == U(0x7f800000u))`,
    value: (x) => (Number.isFinite(x) ? 1 : 0),
    derivative: null,
    result: bool,
  },
  is_nan: {
    wgsl: (x) => `math_is_nan(${x})`,
    value: (x) => (Number.isNaN(x) ? 1 : 0),
    derivative: null,
    result: bool,
  },
  is_inf: {
    wgsl: (x, { positive, negative }) => {
      const bits = `bitcast<U>(${x})`;
      if (positive && negative) return toInt(`(${bits} & U(0x7fffffffu)) == U(0x7f800000u)`);
      if (!positive && !negative) return `(I(${x}) * I(0))`;
      return toInt(`${bits} == U(${positive ? '0x7f800000u' : '0xff800000u'})`);
    },
    value: (x, { positive, negative }) =>
      (positive && x === Infinity) || (negative && x === -Infinity) ? 1 : 0,
    derivative: null,
    result: bool,
  },
  not: {
    wgsl: (x) => `(I(1) - ${x})`,
    value: (x) => (x === 0 ? 1 : 0),
    derivative: null,
    result: bool,
  },
  cast: {
    wgsl: (x, { to }, from) => castExpression(x, from, to),
    value: (x, { to }, from) => castValue(x, from, to),
    // Cutting off the fraction is flat. Between integers a cotangent is on its way to what made them.
    derivative: ({ typeOf, mul, number }, dy, x, _y, { to }) =>
      typeOf(x).dtype === 'float32' && to !== 'float32' ? mul(dy, number(0)) : dy,
    result: ({ to }) => to,
  },
};
