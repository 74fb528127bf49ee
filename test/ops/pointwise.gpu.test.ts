// The pointwise kernels, scalar and in fours, held to the interpreter.
import { describe, expect, it } from 'vitest';
import { batchDim, type Shape } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpKind } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { interpret } from '../reference/interpreter.ts';
import {
  buildCase,
  expectSameOnDevice,
  openFamily,
  runOnDevice,
  type DeviceCase,
} from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const positive = (shape: readonly number[], seed: number): Tensor =>
  floatTensor(
    shape,
    Array.from(randomTensor(shape, seed).data, (v) => Math.abs(v) + 0.2),
  );
const flags = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    'bool',
    shape,
    Int32Array.from(randomTensor(shape, seed).data, (v) => Number(v > 0)),
  );

/** Rows of three numbers, which go one by one, and of eight, which go in fours. */
const ROWS = [
  ['one by one', [5, 3]],
  ['in fours', [5, 8]],
] as const;

describe.each(ROWS)('one operand, %s', (_, shape) => {
  const x = randomTensor(shape, 1);
  const run = async <K extends OpKind>(
    kind: K,
    attrs: OpAttrs<K>,
    given: Tensor = x,
    tolerance = 1e-6,
  ): Promise<void> => {
    const each: DeviceCase<K> = { inputs: { x: given }, attrs, batched: ['x'], tolerance };
    await expectSameOnDevice('tiled', kind, each);
  };

  it.each(['relu', 'neg', 'abs', 'sign', 'step', 'is_finite', 'round_through'] as const)(
    '%s exactly',
    async (kind) => {
      await run(kind, {}, x, 0);
    },
  );

  it.each(['sigmoid', 'tanh', 'exp'] as const)('%s', async (kind) => {
    await run(kind, {});
  });

  it.each(['log', 'sqrt'] as const)('%s of positive numbers', async (kind) => {
    await run(kind, {}, positive(shape, 2));
  });

  it('those with attributes', async () => {
    await run('leaky_relu', { alpha: 0.1 });
    await run('clip', { min: -0.25, max: 0.5 }, x, 0);
    await run('clip', { min: -Infinity, max: 0.5 }, x, 0);
    await run('clip', { min: 0, max: Infinity }, x, 0);
    await run('inside', { min: -0.25, max: 0.5 }, x, 0);
    await run('not', {}, flags(shape, 3), 0);
  });

  it.each([2, 3, 4, 5])('power %i of both signs', async (exponent) => {
    await run('power', { exponent });
  });

  it.each([0.5, 1.5, -0.5, -1, 0.3, -0.75])('power %f of positive numbers', async (exponent) => {
    await run('power', { exponent }, positive(shape, 4), 2e-6);
  });

  it('casts between numbers, integers and flags', async () => {
    const wide = floatTensor(
      shape,
      Array.from(x.data, (v) => 9 * v),
    );
    const whole = intTensor(shape, Array.from(wide.data, Math.trunc));
    await run('cast', { to: 'int32' }, wide, 0);
    await run('cast', { to: 'bool' }, wide, 0);
    await run('cast', { to: 'float32' }, whole, 0);
    await run('cast', { to: 'bool' }, whole, 0);
    await run('cast', { to: 'float32' }, flags(shape, 5), 0);
  });
});

describe.each(ROWS)('what is not finite, %s', (_, [rows, columns]) => {
  const odd = [NaN, Infinity, -Infinity, 1, -1, 0, 3e38, 2];
  const x = floatTensor(
    [rows, columns],
    Array.from({ length: rows * columns }, (_v, i) => odd[i % 8]!),
  );
  const run = async <K extends OpKind>(kind: K, attrs: OpAttrs<K>): Promise<void> => {
    const graph = buildCase(kind, { inputs: { x }, attrs });
    const came = await runOnDevice(await openFamily('tiled'), graph, { x });
    const expected = interpret(graph, { x })['y']!;
    expect([...came.data]).toEqual(Array.from(expected.data, Math.fround));
  };

  it('passes through relu, leaky_relu and clip, and is told by is_finite', async () => {
    await run('relu', {});
    await run('leaky_relu', { alpha: 0.5 });
    await run('clip', { min: 0, max: 1 });
    await run('is_finite', {});
  });

  it('tanh and sigmoid do not overflow', async () => {
    const large = floatTensor([2, 4], [100, -100, 50, -50, 20, -20, 88, -88]);
    for (const kind of ['tanh', 'sigmoid'] as const) {
      await expectSameOnDevice('tiled', kind, { inputs: { x: large }, attrs: {} });
    }
  });
});

type Pair = readonly [readonly number[], readonly number[]];

/** Shapes of two operands; `batched` names those whose first axis is a batch. */
const BROADCASTS: Readonly<Record<string, { of: Pair; batched: readonly string[] }>> = {
  'the same shape': {
    of: [
      [3, 5],
      [3, 5],
    ],
    batched: ['a', 'b'],
  },
  'the same shape, in fours': {
    of: [
      [3, 4],
      [3, 4],
    ],
    batched: ['a', 'b'],
  },
  'a scalar': { of: [[3, 4], []], batched: ['a'] },
  'one number': {
    of: [
      [3, 5],
      [1, 1],
    ],
    batched: ['a'],
  },
  'one for each channel, planes of 4': {
    of: [
      [3, 5, 2, 2],
      [5, 1, 1],
    ],
    batched: ['a'],
  },
  'one for each channel, planes of 9': {
    of: [
      [2, 4, 3, 3],
      [4, 1, 1],
    ],
    batched: ['a'],
  },
  'one for each row': {
    of: [
      [3, 8],
      [3, 1],
    ],
    batched: ['a', 'b'],
  },
  'one for each row, uneven': {
    of: [
      [3, 7],
      [3, 1],
    ],
    batched: ['a', 'b'],
  },
  'the inner axes': {
    of: [
      [3, 2, 4],
      [2, 4],
    ],
    batched: ['a'],
  },
  'the last axis': { of: [[3, 5, 8], [8]], batched: ['a'] },
  'the last axis, uneven': { of: [[3, 5, 6], [6]], batched: ['a'] },
  'a row and a column': {
    of: [
      [3, 1],
      [1, 12],
    ],
    batched: ['a'],
  },
  'a plane for each image': {
    of: [
      [3, 4, 2, 2],
      [3, 1, 2, 2],
    ],
    batched: ['a', 'b'],
  },
  'a middle axis': {
    of: [
      [3, 4, 5, 4],
      [3, 1, 5, 1],
    ],
    batched: ['a', 'b'],
  },
  'a larger second operand': { of: [[8], [3, 8]], batched: ['b'] },
  'fixed shapes': {
    of: [
      [6, 4],
      [6, 1],
    ],
    batched: [],
  },
};

describe.each(Object.entries(BROADCASTS))(
  'two operands: %s',
  (_, { of: [left, right], batched }) => {
    const a = randomTensor(left, 1);
    const b = positive(right, 2);

    it('compute', async () => {
      for (const kind of ['sub', 'div'] as const) {
        await expectSameOnDevice('tiled', kind, { inputs: { a, b }, attrs: {}, batched });
      }
    });

    it('choose', async () => {
      const condition = flags(left, 3);
      const seen = batched.includes('a') ? [...batched, 'condition'] : batched;
      const each = { inputs: { condition, a, b }, attrs: {}, batched: seen, tolerance: 0 };
      await expectSameOnDevice('tiled', 'where', each);
    });
  },
);

describe.each(['add', 'mul', 'maximum', 'minimum', 'equal', 'less', 'greater'] as const)(
  '%s',
  (kind) => {
    it('of floats, with ties, and of integers', async () => {
      const coarse = (seed: number): number[] =>
        Array.from(randomTensor([3, 8], seed).data, (v) => Math.round(3 * v));
      const attrs = {};
      const floats = { a: floatTensor([3, 8], coarse(1)), b: floatTensor([3, 8], coarse(2)) };
      const ints = { a: intTensor([3, 8], coarse(1)), b: intTensor([3, 8], coarse(2)) };
      await expectSameOnDevice('tiled', kind, { inputs: floats, attrs, tolerance: 0 });
      await expectSameOnDevice('tiled', kind, { inputs: ints, attrs, tolerance: 0 });
    });
  },
);

it.each(['and', 'or'] as const)('%s', async (kind) => {
  const inputs = { a: flags([4, 8], 1), b: flags([4, 8], 2) };
  await expectSameOnDevice('tiled', kind, { inputs, attrs: {}, tolerance: 0 });
});

describe('operands read through a row table', () => {
  const views = { a: [2, 0, 0, 1, 2] };
  it.each([
    ['rows of 5', [3, 5], [5, 5]],
    ['rows of 8, in fours', [3, 8], [5, 8]],
    ['one number a row', [3, 1], [5, 8]],
    ['planes of 4', [3, 6, 1, 1], [5, 6, 2, 2]],
    ['a list', [3], [5]],
  ])('%s', async (_, left, right) => {
    const inputs = { a: randomTensor(left, 1), b: randomTensor(right, 2) };
    await expectSameOnDevice('tiled', 'sub', { inputs, attrs: {}, views, batched: ['b'] });
  });

  it('both operands, each through its own', async () => {
    const inputs = { a: randomTensor([3, 8], 1), b: randomTensor([4, 8], 2) };
    const both = { a: [2, 0, 0, 1, 2], b: [3, 3, 0, 1, 2] };
    // The sources have different numbers of rows, so each has a symbol of its own.
    const builder = new GraphBuilder();
    const enter = (name: 'a' | 'b', symbol: string): ReturnType<typeof builder.input> => {
      const x = builder.input(name, { dtype: 'float32', shape: [batchDim(symbol), 8] });
      const index = builder.input(`${name}_rows`, { dtype: 'int32', shape: [batchDim('P')] });
      return builder.emit('rows', { x, index }, { axis: 0 });
    };
    builder.output('y', builder.emit('sub', { a: enter('a', 'A'), b: enter('b', 'B') }, {}));
    const tables = { a_rows: intTensor([5], both.a), b_rows: intTensor([5], both.b) };
    const executor = await openFamily('tiled');
    await expectAsInterpreted(executor, builder.finish(), { ...inputs, ...tables }, { spare: 2 });
  });

  it('a view of fewer axes than the result', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'float32', shape: [batchDim('A')] });
    const index = builder.input('index', { dtype: 'int32', shape: [batchDim('P')] });
    const column = builder.input('column', { dtype: 'float32', shape: [3, 1] });
    const a = builder.emit('rows', { x, index }, { axis: 0 });
    builder.output('y', builder.emit('sub', { a, b: column }, {}));
    expect(builder.typeOf(builder.nodes.at(-1)!.output).shape).toEqual([3, batchDim('P')] as Shape);
    await expectAsInterpreted(await openFamily('tiled'), builder.finish(), {
      x: randomTensor([4], 1),
      index: intTensor([5], [3, 1, 1, 0, 2]),
      column: randomTensor([3, 1], 2),
    });
  });
});

describe('fused trees', () => {
  it('of more operands than a kernel reads, with shapes that differ', async () => {
    const builder = new GraphBuilder();
    const N = batchDim('N');
    const names = ['a', 'b', 'c', 'd', 'e'] as const;
    const ids = names.map((name) => builder.input(name, { dtype: 'float32', shape: [N, 8] }));
    const bias = builder.input('bias', { dtype: 'float32', shape: [8] });
    let sum = builder.emit('mul', { a: ids[0]!, b: builder.scalar(0.5) }, {});
    for (const id of ids.slice(1)) {
      sum = builder.emit('sub', { a: builder.emit('tanh', { x: sum }, {}), b: id }, {});
    }
    builder.output(
      'y',
      builder.emit('maximum', { a: builder.emit('add', { a: sum, b: bias }, {}), b: sum }, {}),
    );
    const inputs = Object.fromEntries(names.map((name, k) => [name, randomTensor([3, 8], k)]));
    const all = { ...inputs, bias: randomTensor([8], 9) };
    await expectAsInterpreted(await openFamily('tiled'), builder.finish(), all, { spare: 2 });
  });
});
