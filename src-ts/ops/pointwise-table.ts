// The pointwise ops, one row each: WGSL expression, plain value, derivative.
//
// WGSL expressions are written for the aliases F, I, U (f32 or vec4f, …), so that one row serves the
// scalar and the vec4 kernel. bool is I with 0 or 1. Comparisons are arranged so that a NaN passes
// through: an attack must see it, and WGSL's max and clamp may swallow it.
import type { Dtype } from '../core/shape.ts';
import type { OpAttrs, OpKind, ValueId } from '../graph/op-set.ts';
import type { VjpContext } from './op-def.ts';

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
  | 'step'
  | 'inside'
  | 'power'
  | 'round_through'
  | 'is_finite'
  | 'not'
  | 'cast';

export type BinaryKind =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'less'
  | 'greater'
  | 'and'
  | 'or';

/** What a row may use to write its derivative: nodes in, nodes out. */
export interface DerivativeContext extends VjpContext {
  readonly mul: (a: ValueId, b: ValueId) => ValueId;
  readonly number: (value: number) => ValueId;
}

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

/** A float literal that WGSL takes for any value, infinities excepted. */
export function floatLiteral(value: number): string {
  if (!Number.isFinite(value)) {
    const bits = Number.isNaN(value) ? '0x7fc00000u' : value > 0 ? '0x7f800000u' : '0xff800000u';
    return `bitcast<F>(U(${bits}))`;
  }
  const rounded = Math.fround(value);
  const text = String(
    Math.abs(rounded) > 3.4028234e38 ? Math.sign(rounded) * 3.4028234e38 : rounded,
  );
  return `F(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

/** A bound of clip: nothing is beyond an infinite one. */
function below(x: string, min: number): string {
  return min === -Infinity ? x : `select(${x}, ${floatLiteral(min)}, ${x} < ${floatLiteral(min)})`;
}

function above(x: string, max: number): string {
  return max === Infinity ? x : `select(${x}, ${floatLiteral(max)}, ${x} > ${floatLiteral(max)})`;
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

export const unaryRows: { readonly [K in UnaryKind]: UnaryRow<K> } = {
  relu: {
    wgsl: (x) => `select(${x}, F(0.0), ${x} < F(0.0))`,
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
    wgsl: (x, { min, max }) => above(below(x, min), max),
    value: (x, { min, max }) => (x < min ? min : x > max ? max : x),
    // 0 at the bounds, as PyTorch's relu6 and hardtanh.
    derivative: ({ emit, mul }, dy, x, _y, { min, max }) =>
      mul(dy, emit('inside', { x }, { min, max })),
  },
  sigmoid: {
    wgsl: (x) => `(F(1.0) / (F(1.0) + exp(-${x})))`,
    value: (x) => 1 / (1 + Math.exp(-x)),
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      mul(dy, mul(y, emit('sub', { a: number(1), b: y }, {}))),
  },
  tanh: {
    // Some drivers divide exponentials that overflow; beyond 15 tanh is ±1 in float32.
    wgsl: (x) => `select(tanh(${x}), sign(${x}), abs(${x}) > F(15.0))`,
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
    wgsl: (x) => `log(${x})`,
    value: Math.log,
    derivative: ({ emit }, dy, x) => emit('div', { a: dy, b: x }, {}),
  },
  sqrt: {
    wgsl: (x) => `sqrt(${x})`,
    value: Math.sqrt,
    derivative: ({ emit, mul, number }, dy, _x, y) =>
      emit('div', { a: mul(dy, number(0.5)), b: y }, {}),
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
    derivative: ({ emit, mul, number }, dy, x, _y, { exponent }) =>
      mul(dy, mul(number(exponent), emit('power', { x }, { exponent: exponent - 1 }))),
  },
  round_through: {
    wgsl: (x) => `round(${x})`, // to even, by the definition of WGSL
    value: roundToEven,
    derivative: (_context, dy) => dy, // straight through, as quantised networks are trained
  },
  is_finite: {
    // By the exponent's bits: compilers may assume that comparisons never meet a NaN.
    wgsl: (x) => `select(I(1), I(0), (bitcast<U>(${x}) & U(0x7f800000u)) == U(0x7f800000u))`,
    value: (x) => (Number.isFinite(x) ? 1 : 0),
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
    derivative: (_context, dy) => dy, // asked for only between floats
    result: ({ to }) => to,
  },
};

export interface BinaryRow {
  readonly wgsl: (a: string, b: string, from: Dtype) => string;
  readonly value: (a: number, b: number, from: Dtype) => number;
  /** da and db from dy, before they are summed over broadcast axes; null where they are zero. */
  readonly derivative:
    | ((
        context: DerivativeContext,
        dy: ValueId,
        a: ValueId,
        b: ValueId,
      ) => { readonly a: () => ValueId; readonly b: () => ValueId })
    | null;
  readonly result: 'operands' | 'bool';
}

const toInt = (condition: string): string => `select(I(0), I(1), ${condition})`;

/** 1 where a wins, ½ where both are equal, as PyTorch's maximum and minimum. */
function shareOf(context: DerivativeContext, winner: ValueId, loser: ValueId): ValueId {
  const { emit, mul, number } = context;
  const wins = emit('step', { x: emit('sub', { a: winner, b: loser }, {}) }, {});
  const ties = emit('cast', { x: emit('equal', { a: winner, b: loser }, {}) }, { to: 'float32' });
  return emit('add', { a: wins, b: mul(ties, number(0.5)) }, {});
}

export const binaryRows: Readonly<Record<BinaryKind, BinaryRow>> = {
  add: {
    wgsl: (a, b) => `(${a} + ${b})`,
    value: (a, b) => a + b,
    derivative: (_context, dy) => ({ a: () => dy, b: () => dy }),
    result: 'operands',
  },
  sub: {
    wgsl: (a, b) => `(${a} - ${b})`,
    value: (a, b) => a - b,
    derivative: ({ emit }, dy) => ({ a: () => dy, b: () => emit('neg', { x: dy }, {}) }),
    result: 'operands',
  },
  mul: {
    wgsl: (a, b) => `(${a} * ${b})`,
    value: (a, b) => a * b,
    derivative: ({ mul }, dy, a, b) => ({ a: () => mul(dy, b), b: () => mul(dy, a) }),
    result: 'operands',
  },
  div: {
    wgsl: (a, b) => `(${a} / ${b})`,
    value: (a, b, from) => (from === 'float32' ? a / b : Math.trunc(a / b)),
    derivative: ({ emit, mul }, dy, a, b) => ({
      a: () => emit('div', { a: dy, b }, {}),
      b: () => emit('neg', { x: emit('div', { a: mul(dy, a), b: mul(b, b) }, {}) }, {}),
    }),
    result: 'operands',
  },
  maximum: {
    wgsl: (a, b) => `select(${a}, ${b}, ${a} < ${b})`,
    value: (a, b) => (a < b ? b : a),
    derivative: (context, dy, a, b) => ({
      a: () => context.mul(dy, shareOf(context, a, b)),
      b: () => context.mul(dy, shareOf(context, b, a)),
    }),
    result: 'operands',
  },
  minimum: {
    wgsl: (a, b) => `select(${a}, ${b}, ${a} > ${b})`,
    value: (a, b) => (a > b ? b : a),
    derivative: (context, dy, a, b) => ({
      a: () => context.mul(dy, shareOf(context, b, a)),
      b: () => context.mul(dy, shareOf(context, a, b)),
    }),
    result: 'operands',
  },
  equal: {
    wgsl: (a, b) => toInt(`${a} == ${b}`),
    value: (a, b) => (a === b ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
  less: {
    wgsl: (a, b) => toInt(`${a} < ${b}`),
    value: (a, b) => (a < b ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
  greater: {
    wgsl: (a, b) => toInt(`${a} > ${b}`),
    value: (a, b) => (a > b ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
  and: {
    wgsl: (a, b) => `(${a} & ${b})`,
    value: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
  or: {
    wgsl: (a, b) => `(${a} | ${b})`,
    value: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
};
