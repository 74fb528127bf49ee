// The pointwise ops of two operands, one row each; `unary.ts` says how rows are written.
import type { Dtype } from '../../core/shape.ts';
import type { ValueId } from '../../graph/op-set.ts';
import { toInt, type DerivativeContext } from './row.ts';

export type BinaryKind =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'mod'
  | 'fmod'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'less'
  | 'greater'
  | 'and'
  | 'or'
  | 'xor'
  | 'bit_and'
  | 'bit_or'
  | 'bit_xor';

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

/** 1 where a wins, ½ where both are equal, as PyTorch's maximum and minimum. */
function shareOf(context: DerivativeContext, winner: ValueId, loser: ValueId): ValueId {
  const { emit, mul, number } = context;
  const wins = emit('step', { x: emit('sub', { a: winner, b: loser }, {}) }, {});
  const ties = emit('cast', { x: emit('equal', { a: winner, b: loser }, {}) }, { to: 'float32' });
  return emit('add', { a: wins, b: mul(ties, number(0.5)) }, {});
}

/** Of integers as the device holds them, in 32 bits. */
function bitwise(operator: string, value: (a: number, b: number) => number): BinaryRow {
  return {
    wgsl: (a, b) => `(${a} ${operator} ${b})`,
    value,
    derivative: null,
    result: 'operands',
  };
}

/** a % b; of integers by 0 it is 0, as on the device. */
function remainder(
  a: number,
  b: number,
  from: Dtype,
  sign: 'of the divisor' | 'of the dividend',
): number {
  if (b === 0 && from !== 'float32') return 0;
  const rest = a % b;
  return sign === 'of the divisor' && rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** b a^(b−1) and y log a, with 0 for what is 0 times an infinity: b = 0, and a at or below 0. */
const powDerivative: BinaryRow['derivative'] = ({ emit, mul, number }, dy, a, b) => ({
  a: () => {
    const lower = emit('pow', { a, b: emit('sub', { a: b, b: number(1) }, {}) }, {});
    const isConstant = emit('equal', { a: b, b: number(0) }, {});
    const slope = emit('where', { condition: isConstant, a: number(0), b: mul(b, lower) }, {});
    return mul(dy, slope);
  },
  b: () => {
    const isPositive = emit('greater', { a, b: number(0) }, {});
    const positive = emit('where', { condition: isPositive, a, b: number(1) }, {});
    const y = emit('pow', { a: positive, b }, {});
    return mul(dy, mul(y, emit('log', { x: positive }, {})));
  },
});

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
  pow: {
    wgsl: (a, b, from) => `math_pow${from === 'float32' ? '' : '_whole'}(${a}, ${b})`,
    value: (a, b, from) => (from === 'float32' ? (a === 1 ? 1 : a ** b) : Math.trunc(a ** b)),
    derivative: powDerivative,
    result: 'operands',
  },
  mod: {
    wgsl: (a, b, from) => `math_mod${from === 'float32' ? '' : '_whole'}(${a}, ${b})`,
    value: (a, b, from) => remainder(a, b, from, 'of the divisor'),
    derivative: ({ emit, mul }, dy, a, b) => ({
      a: () => dy,
      b: () => {
        const quotient = emit('floor', { x: emit('div', { a, b }, {}) }, {});
        return emit('neg', { x: mul(dy, quotient) }, {});
      },
    }),
    result: 'operands',
  },
  fmod: {
    wgsl: (a, b, from) => (from === 'float32' ? `math_fmod(${a}, ${b})` : `(${a} % ${b})`),
    value: (a, b, from) => remainder(a, b, from, 'of the dividend'),
    // The whole part of the quotient is (a − fmod(a, b)) / b.
    derivative: ({ emit, mul }, dy, a, b) => ({
      a: () => dy,
      b: () => {
        const whole = emit('sub', { a, b: emit('fmod', { a, b }, {}) }, {});
        return emit('neg', { x: mul(dy, emit('div', { a: whole, b }, {})) }, {});
      },
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
  xor: {
    wgsl: (a, b) => `(${a} ^ ${b})`,
    value: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
    derivative: null,
    result: 'bool',
  },
  bit_and: bitwise('&', (a, b) => a & b),
  bit_or: bitwise('|', (a, b) => a | b),
  bit_xor: bitwise('^', (a, b) => a ^ b),
};
