// Pointwise ops: literal values, refusals, gradients.
import { describe, expect, it } from 'vitest';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { ShapeError } from '../../src-ts/core/errors.ts';
import { batchDim, formatType, type TensorType } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { isPointwise } from '../../src-ts/ops/pointwise/pointwise.ts';
import { binaryRows } from '../../src-ts/ops/pointwise/binary.ts';
import { unaryRows } from '../../src-ts/ops/pointwise/unary.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

function evaluate<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
): Tensor {
  const builder = new GraphBuilder();
  const ids = Object.entries(inputs).map(([name, { dtype, shape }]) => [
    name,
    builder.input(name, { dtype, shape }),
  ]);
  builder.output('y', builder.emit(kind, Object.fromEntries(ids) as OpInputs<K>, attrs));
  return interpret(builder.finish(), inputs)['y']!;
}

const floats = (...values: number[]): Tensor => floatTensor([values.length], values);
const flags = (...values: number[]): Tensor =>
  tensor('bool', [values.length], Int32Array.from(values));
const unary = <K extends OpKind>(kind: K, values: number[], attrs: OpAttrs<K>): number[] =>
  Array.from(evaluate(kind, { x: floats(...values) }, attrs).data);
const binary = (kind: OpKind, a: Tensor, b: Tensor): number[] =>
  Array.from(evaluate(kind, { a, b }, {}).data);

describe('worked examples of one operand', () => {
  it.each([
    ['relu', [-2, 0, 3], [0, 0, 3]],
    ['neg', [-2, 0, 3], [2, -0, -3]],
    ['abs', [-2, 0, 3], [2, 0, 3]],
    ['sign', [-2, 0, 3], [-1, 0, 1]],
    ['exp', [0, 1], [1, Math.E]],
    ['log', [1, 4], [0, Math.log(4)]],
    ['sqrt', [4, 0], [2, 0]],
    ['step', [-2, 0, 3], [0, 0, 1]],
    ['sigmoid', [0, 2], [0.5, 0.8807970779778823]],
    ['tanh', [0, 1], [0, 0.7615941559557649]],
    ['round_through', [0.5, 1.5, -0.5, -2.5, 2.4, -2.6], [0, 2, 0, -2, 2, -3]],
    ['is_finite', [1, Infinity, -Infinity, NaN], [1, 0, 0, 0]],
  ] as const)('%s of %j is %j', (kind, from, to) => {
    expect(unary(kind, [...from], {})).toEqual([...to]);
  });

  it('those with attributes', () => {
    expect(unary('leaky_relu', [-2, 0, 3], { alpha: 0.25 })).toEqual([-0.5, 0, 3]);
    expect(unary('clip', [-2, 0.5, 3], { min: 0, max: 1 })).toEqual([0, 0.5, 1]);
    expect(unary('clip', [-2, 3], { min: -Infinity, max: 1 })).toEqual([-2, 1]);
    expect(unary('inside', [0, 0.5, 1, 2], { min: 0, max: 1 })).toEqual([0, 1, 0, 0]);
    expect(unary('power', [-2, 3], { exponent: 3 })).toEqual([-8, 27]);
    expect(unary('power', [4, 9], { exponent: -0.5 })).toEqual([0.5, 1 / 3]);
    expect(unary('cast', [-1.7, 0, 2.5], { to: 'int32' })).toEqual([-1, 0, 2]);
    expect(unary('cast', [-1.7, 0, 0.5], { to: 'bool' })).toEqual([1, 0, 1]);
    expect([...evaluate('not', { x: flags(0, 1) }, {}).data]).toEqual([1, 0]);
  });

  it('NaN and infinity pass through what an attack looks at', () => {
    expect(unary('relu', [NaN, Infinity, -Infinity], {})).toEqual([NaN, Infinity, 0]);
    expect(unary('leaky_relu', [NaN, -Infinity], { alpha: 0.5 })).toEqual([NaN, -Infinity]);
    expect(unary('clip', [NaN, Infinity, -Infinity], { min: 0, max: 1 })).toEqual([NaN, 1, 0]);
  });
});

describe('worked examples of two and three operands', () => {
  const a = floats(1, -4, 3);
  const b = floats(2, -4, -1);

  it.each([
    ['add', [3, -8, 2]],
    ['sub', [-1, 0, 4]],
    ['mul', [2, 16, -3]],
    ['div', [0.5, 1, -3]],
    ['maximum', [2, -4, 3]],
    ['minimum', [1, -4, -1]],
    ['equal', [0, 1, 0]],
    ['less', [1, 0, 0]],
    ['greater', [0, 0, 1]],
  ] as const)('%s', (kind, expected) => {
    expect(binary(kind, a, b)).toEqual([...expected]);
  });

  it('flags join, and choose', () => {
    expect(binary('and', flags(0, 0, 1, 1), flags(0, 1, 0, 1))).toEqual([0, 0, 0, 1]);
    expect(binary('or', flags(0, 0, 1, 1), flags(0, 1, 0, 1))).toEqual([0, 1, 1, 1]);
    expect([...evaluate('where', { condition: flags(1, 0, 1), a, b }, {}).data]).toEqual([
      1, -4, 3,
    ]);
  });

  it('integers divide towards zero', () => {
    expect(binary('div', intTensor([2], [7, -7]), intTensor([2], [2, 2]))).toEqual([3, -3]);
  });

  it('a row and a column make a table', () => {
    const y = evaluate('add', { a: floatTensor([2, 1], [10, 20]), b: floats(1, 2, 3) }, {});
    expect(y.shape).toEqual([2, 3]);
    expect([...y.data]).toEqual([11, 12, 13, 21, 22, 23]);
  });
});

describe('types', () => {
  const N = batchDim('N');
  const infer = (kind: OpKind, inputs: Record<string, TensorType>, attrs: object = {}): string =>
    formatType(opDef(kind).infer(inputs, attrs, 'here'));
  const float = (...shape: TensorType['shape']): TensorType => ({ dtype: 'float32', shape });

  it('a batch meets ones, itself and shorter shapes', () => {
    expect(infer('add', { a: float(N, 3), b: float(3) })).toBe('float32[N, 3]');
    expect(infer('mul', { a: float(1, 3), b: float(N, 1) })).toBe('float32[N, 3]');
    expect(infer('less', { a: float(N, 3), b: float() })).toBe('bool[N, 3]');
    expect(infer('cast', { x: float(N) }, { to: 'int32' })).toBe('int32[N]');
  });

  it.each<[string, TensorType, TensorType, string]>([
    ['two sizes', float(2, 3), float(4), 'add "here": the operands\' shapes do not broadcast'],
    ['a batch and a number', float(N, 3), float(4, 3), 'do not broadcast'],
    ['two symbols', float(N), float(batchDim('M')), 'do not broadcast'],
    ['a batch and its double', float(N), float(batchDim('N', 2)), 'do not broadcast'],
    [
      'two dtypes',
      float(3),
      { dtype: 'int32', shape: [3] } as const,
      'add "here": operands must have one dtype, got float32 and int32',
    ],
  ])('%s are refused', (_, a, b, message) => {
    const act = (): string => infer('add', { a, b });
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(message);
  });

  it('a refusal shows the operands', () => {
    const condition: TensorType = { dtype: 'bool', shape: [5] };
    expect(() => infer('where', { condition, a: float(N, 2), b: float() })).toThrow(
      'where "here": the operands\' shapes do not broadcast\n' +
        '  condition: bool[5]\n  a: float32[N, 2]\n  b: float32[]',
    );
  });
});

/** Away from the kinks at 0 and ±0.5. */
const smooth = (seed: number, shape: readonly number[] = [2, 3]): Tensor =>
  floatTensor(
    shape,
    Array.from(
      randomTensor(shape, seed).data,
      (v) => v + 0.05 * Math.sign(v) + (v > 0.4 ? 0.2 : 0),
    ),
  );
const positive = (seed: number, shape: readonly number[] = [2, 3]): Tensor =>
  floatTensor(
    shape,
    Array.from(randomTensor(shape, seed).data, (v) => Math.abs(v) + 0.3),
  );

describe('gradients of one operand', () => {
  const x = smooth(1);
  checkGradients('relu', [{ name: 'both sides', inputs: { x }, attrs: {} }]);
  checkGradients('leaky_relu', [{ name: 'both sides', inputs: { x }, attrs: { alpha: 0.1 } }]);
  checkGradients('clip', [
    { name: 'three parts', inputs: { x }, attrs: { min: -0.5, max: 0.5 } },
    { name: 'open below', inputs: { x }, attrs: { min: -Infinity, max: 0.5 } },
  ]);
  for (const kind of ['sigmoid', 'tanh', 'neg', 'abs', 'exp'] as const) {
    checkGradients(kind, [{ name: 'both signs', inputs: { x }, attrs: {} }]);
  }
  for (const kind of ['log', 'sqrt'] as const) {
    checkGradients(kind, [{ name: 'positive', inputs: { x: positive(2) }, attrs: {} }]);
  }
  checkGradients('power', [
    ...[2, 3, 1].map((exponent) => ({ name: `^${exponent}`, inputs: { x }, attrs: { exponent } })),
    ...[0.5, -0.5, -0.75, 1.5, -1].map((exponent) => ({
      name: `^${exponent}`,
      inputs: { x: positive(3) },
      attrs: { exponent },
    })),
  ]);
  checkGradients('cast', [{ name: 'to itself', inputs: { x }, attrs: { to: 'float32' } }]);
});

describe('gradients of two and three operands', () => {
  const patterns: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
    'the same shape': [
      [2, 3],
      [2, 3],
    ],
    'a scalar': [[2, 3], []],
    'one number with axes': [
      [2, 3],
      [1, 1],
    ],
    'one for each channel': [
      [2, 3, 2, 2],
      [3, 1, 1],
    ],
    'one for each row': [
      [3, 2],
      [3, 1],
    ],
    'the inner axes': [
      [2, 3, 2],
      [3, 2],
    ],
    'a row and a column': [
      [3, 1],
      [1, 2],
    ],
    'a larger second operand': [[2], [3, 2]],
  };
  for (const [name, [left, right]] of Object.entries(patterns)) {
    for (const kind of ['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const) {
      const inputs = {
        a: smooth(4, left),
        b: kind === 'div' ? positive(5, right) : smooth(5, right),
      };
      checkGradients(kind, [{ name, inputs, attrs: {} }]);
    }
    const condition = tensor('bool', [2, 1, 1], Int32Array.of(1, 0));
    const inputs = { condition, a: smooth(6, left), b: smooth(7, right) };
    if (left.length <= 3) checkGradients('where', [{ name, inputs, attrs: {} }]);
  }

  it('ties of maximum and minimum share the cotangent', () => {
    for (const kind of ['maximum', 'minimum'] as const) {
      const builder = new GraphBuilder();
      const type = { dtype: 'float32', shape: [1] } as const;
      const [a, b, dy] = [
        builder.input('a', type),
        builder.input('b', type),
        builder.input('dy', type),
      ];
      const output = builder.emit(kind, { a, b }, {});
      const { vjp } = opDef(kind);
      if (vjp === 'not differentiable') throw new Error(`${kind} has a gradient`);
      const found = vjp({ inputs: { a, b }, output, attrs: {} }, dy, {
        emit: (op, inputs, attrs) => builder.emit(op, inputs, attrs),
        typeOf: (id) => builder.typeOf(id),
        constant: (value) => builder.constant(value),
        needs: () => true,
      });
      builder.output('a', found['a']!);
      builder.output('b', found['b']!);
      const one = floats(3);
      const got = interpret(builder.finish(), { a: one, b: one, dy: floats(2) });
      expect([got['a']!.data[0], got['b']!.data[0]]).toEqual([1, 1]);
    }
  });

  it.each([
    ['round_through', (b: GraphBuilder, x: ValueId) => b.emit('round_through', { x }, {})],
    ['dropout', (b: GraphBuilder, x: ValueId) => b.emit('dropout', { x }, { ratio: 0.5 })],
  ])('%s passes the cotangent as it is', (_kind, emit) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [3] });
    const y = emit(builder, x);
    const cotangent = builder.input('dy', { dtype: 'float32', shape: [3] });
    expect(gradient(builder, { seeds: [{ of: y, cotangent }], wrt: [x] })).toEqual([cotangent]);
  });

  it('every pointwise op with a derivative is checked above or in functions.test.ts', () => {
    const checked = [
      'dropout',
      'relu',
      'leaky_relu',
      'clip',
      'sigmoid',
      'tanh',
      'neg',
      'abs',
      'exp',
    ];
    checked.push(
      'round_through',
      'log',
      'sqrt',
      'power',
      'cast',
      'add',
      'sub',
      'mul',
      'div',
      'maximum',
      'minimum',
    );
    checked.push('elu', 'softplus', 'erf', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh');
    checked.push('cosh', 'asinh', 'acosh', 'atanh', 'pow', 'mod', 'fmod');
    const rows = Object.entries({ ...unaryRows, ...binaryRows });
    const smoothOnes = rows.filter(([, { derivative }]) => derivative !== null);
    expect(smoothOnes.map(([kind]) => kind).sort()).toEqual(checked.sort());
    expect(rows.every(([kind]) => isPointwise(kind as OpKind))).toBe(true);
  });
});
