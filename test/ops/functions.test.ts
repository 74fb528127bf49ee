// Functions of one number, powers, remainders and bits: literal values, refusals, gradients.
import { describe, expect, it } from 'vitest';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const floats = (...values: number[]): Tensor => floatTensor([values.length], values);
const ints = (...values: number[]): Tensor => intTensor([values.length], values);
const flags = (...values: number[]): Tensor =>
  tensor('bool', [values.length], Int32Array.from(values));
const unary = <K extends OpKind>(kind: K, values: number[], attrs: OpAttrs<K>): number[] =>
  Array.from(evaluateOp(kind, { x: floats(...values) }, attrs).data);
const binary = (kind: OpKind, a: Tensor, b: Tensor): number[] =>
  Array.from(evaluateOp(kind, { a, b }, {}).data);

describe('functions of one number', () => {
  it.each([
    ['erf', 0.5, 0.5204998778130465],
    ['erf', -2, -0.9953222650189527],
    ['erf', 7, 1],
    ['softplus', 0, Math.LN2],
    ['softplus', -40, 4.248354255291589e-18],
    ['softplus', 1000, 1000],
    ['sin', 2, 0.9092974268256817],
    ['acosh', 2, 1.3169578969248166],
    ['atanh', 0.5, 0.5493061443340548],
  ] as const)('%s %f = %f', (kind, x, y) => {
    const [came] = unary(kind, [x], {});
    expect(Math.abs(came! - y) / Math.abs(y)).toBeLessThan(1e-15);
  });

  it('round to whole numbers, halves to the even one', () => {
    const x = [-2.5, -1.5, -0.4, 0.5, 1.5, 2.5, 2.6];
    expect(unary('round', x, {})).toEqual([-2, -2, -0, 0, 2, 2, 3]);
    expect(unary('floor', x, {})).toEqual([-3, -2, -1, 0, 1, 2, 2]);
    expect(unary('ceil', x, {})).toEqual([-2, -1, -0, 1, 2, 3, 3]);
  });

  it('tell what is not finite', () => {
    const x = [1, NaN, Infinity, -Infinity];
    expect(unary('is_nan', x, {})).toEqual([0, 1, 0, 0]);
    expect(unary('is_inf', x, { positive: true, negative: true })).toEqual([0, 0, 1, 1]);
    expect(unary('is_inf', x, { positive: true, negative: false })).toEqual([0, 0, 1, 0]);
    expect(unary('is_inf', x, { positive: false, negative: true })).toEqual([0, 0, 0, 1]);
    expect(unary('is_inf', x, { positive: false, negative: false })).toEqual([0, 0, 0, 0]);
  });

  it('elu passes what is positive', () => {
    expect(unary('elu', [2, 0, -1], { alpha: 0.5 })).toEqual([2, 0, 0.5 * Math.expm1(-1)]);
  });
});

describe('powers and remainders', () => {
  it('have the signs of C and of Python', () => {
    const [a, b] = [floats(5.5, -5.5, 5.5, -5.5, 4), floats(2, 2, -2, -2, -2)];
    expect(binary('fmod', a, b)).toEqual([1.5, -1.5, 1.5, -1.5, 0]);
    expect(binary('mod', a, b)).toEqual([1.5, 0.5, -0.5, -1.5, 0]);
    expect(binary('mod', ints(7, -7, 7, 3), ints(3, 3, -3, 0))).toEqual([1, 2, -2, 0]);
    expect(binary('fmod', ints(7, -7), ints(-3, 3))).toEqual([1, -1]);
  });

  it('of negative numbers are real for whole exponents only', () => {
    const [a, b] = [floats(-2, -2, -8, 0, 1), floats(3, -2, 1 / 3, 0, NaN)];
    expect(binary('pow', a, b)).toEqual([-8, 0.25, NaN, 1, 1]);
    expect(binary('pow', ints(-3, 2, 2), ints(3, 10, -1))).toEqual([-27, 1024, 0]);
  });

  it('refuse two dtypes', () => {
    const builder = new GraphBuilder();
    const a = builder.input('a', { dtype: 'float32', shape: [2] });
    const b = builder.input('b', { dtype: 'int32', shape: [2] });
    expect(() => builder.emit('pow', { a, b }, {}, 'square')).toThrow(
      'pow "square": operands must have one dtype, got float32 and int32',
    );
  });
});

it('bits and flags', () => {
  const [a, b] = [ints(12, 5), ints(10, -1)];
  expect(binary('bit_and', a, b)).toEqual([8, 5]);
  expect(binary('bit_or', a, b)).toEqual([14, -1]);
  expect(binary('bit_xor', a, b)).toEqual([6, -6]);
  expect(binary('xor', flags(0, 0, 1, 1), flags(0, 1, 0, 1))).toEqual([0, 1, 1, 0]);
});

describe('gradients', () => {
  const x = randomTensor([2, 5], 1);
  const inner = floatTensor(
    [2, 5],
    Array.from(x.data, (v) => 0.9 * v),
  );
  for (const kind of [
    ...(['erf', 'softplus', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh'] as const),
    ...(['asinh', 'atanh'] as const),
  ]) {
    checkGradients(kind, [{ name: 'both signs', inputs: { x: inner }, attrs: {} }]);
  }
  checkGradients('acosh', [{ name: 'above 1', inputs: { x: floats(1.2, 3) }, attrs: {} }]);
  checkGradients('elu', [{ name: 'both signs', inputs: { x }, attrs: { alpha: 0.3 } }]);
  for (const kind of ['floor', 'ceil', 'round'] as const) {
    it(`${kind} has none`, () => {
      const builder = new GraphBuilder();
      const id = builder.input('x', { dtype: 'float32', shape: [2] });
      expect(vjpOf(builder, kind, id)).toEqual({});
    });
  }

  const a = floatTensor([2, 3], [0.5, 1.5, 2.5, 0.7, 1.2, 3.1]);
  const b = floatTensor([3], [2.5, -0.5, 3]);
  checkGradients('pow', [
    { name: 'of positive numbers', inputs: { a, b }, attrs: {} },
    {
      name: 'of negative and zero bases',
      inputs: { a: floats(-2, 0, -1.5, 3), b: floats(2, 2, 3, 0) },
      attrs: {},
      wrt: ['a'],
    },
  ]);
  for (const kind of ['mod', 'fmod'] as const) {
    const inputs = { a: floats(5.3, -5.3, 5.3, -0.4), b: floats(2, 2, -2, 3) };
    checkGradients(kind, [{ name: 'of all signs', inputs, attrs: {} }]);
  }
});

function vjpOf(builder: GraphBuilder, kind: 'floor' | 'ceil' | 'round', x: ValueId): object {
  const output = builder.emit(kind, { x }, {});
  const { vjp } = opDef(kind);
  if (vjp === 'not differentiable') throw new Error(`${kind} refuses to be differentiated`);
  const context = {
    emit: builder.emit.bind(builder),
    typeOf: builder.typeOf.bind(builder),
    constant: builder.constant.bind(builder),
    needs: () => true,
  };
  return vjp({ inputs: { x }, output, attrs: {} }, output, context);
}
