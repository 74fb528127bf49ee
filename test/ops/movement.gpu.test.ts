// The copy and fill kernels, held to the interpreter.
import { describe, expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { intTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { expectSameOnDevice, openFamily } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const exact = { tolerance: 0 };

it.each([
  ['a matrix', [5, 7], [1, 0], []],
  ['channels to the end', [3, 4, 5, 6], [0, 2, 3, 1], ['x']],
  ['and back', [3, 5, 6, 4], [0, 3, 1, 2], ['x']],
  ['four axes', [2, 3, 4, 5], [3, 1, 0, 2], []],
])('transpose turns %s', async (_, shape, perm, symbols) => {
  const inputs = { x: randomTensor(shape, 1) };
  await expectSameOnDevice('tiled', 'transpose', {
    inputs,
    attrs: { perm },
    batched: symbols,
    ...exact,
  });
});

describe('slices', () => {
  const x = randomTensor([3, 5, 6], 2);
  const cuts = {
    forwards: {
      ranges: [
        [0, 1],
        [1, 1],
        [2, 2],
      ],
      sizes: [3, 3, 2],
    },
    backwards: {
      ranges: [
        [0, 1],
        [4, -1],
        [5, -2],
      ],
      sizes: [3, 5, 3],
    },
    'one element': {
      ranges: [
        [0, 1],
        [3, 1],
        [0, 1],
      ],
      sizes: [3, 1, 1],
    },
  };
  it.each(Object.entries(cuts))('%s', async (_, { ranges: pairs, sizes }) => {
    const ranges = pairs.map(([start, step]) => ({ start: start!, step: step! }));
    await expectSameOnDevice('tiled', 'slice', {
      inputs: { x },
      attrs: { ranges, sizes },
      ...exact,
    });
    const cut = randomTensor(sizes, 3);
    const attrs = { ranges, shape: [3, 5, 6] };
    await expectSameOnDevice('tiled', 'unslice', { inputs: { x: cut }, attrs, ...exact });
  });

  it('of a batch, rows left whole', async () => {
    const builder = new GraphBuilder();
    const N = batchDim('N');
    const id = builder.input('x', { dtype: 'float32', shape: [N, 5] });
    const ranges = [
      { start: 0, step: 1 },
      { start: 4, step: -2 },
    ];
    const cut = builder.emit('slice', { x: id }, { ranges, sizes: [N, 3] });
    builder.output('cut', cut);
    builder.output('back', builder.emit('unslice', { x: cut }, { ranges, shape: [N, 5] }));
    const came = await expectAsInterpreted(
      await openFamily('tiled'),
      builder.finish(),
      { x: randomTensor([4, 5], 4) },
      { spare: 3, ...exact },
    );
    expect(came['cut']!.shape).toEqual([4, 3]);
  });
});

it.each([
  ['zeros', 0],
  ['minus infinity', -Infinity],
  ['a number', 0.25],
])('pad surrounds with %s', async (_, value) => {
  const inputs = { x: randomTensor([2, 3, 4], 5) };
  const attrs = { before: [0, 1, 2], after: [0, 2, 0], value };
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'float32', shape: [batchDim('N'), 3, 4] });
  const padded = builder.emit('pad', { x }, attrs);
  builder.output('y', builder.emit('maximum', { a: padded, b: builder.scalar(-9) }, {}));
  await expectAsInterpreted(await openFamily('tiled'), builder.finish(), inputs, { spare: 2 });
});

it.each([
  [
    'channels',
    1,
    [
      [3, 2, 4],
      [3, 3, 4],
      [3, 1, 4],
    ],
  ],
  [
    'the last axis',
    2,
    [
      [3, 2, 1],
      [3, 2, 5],
    ],
  ],
])('concat joins %s', async (_, axis, shapes) => {
  const parts = shapes.map((shape, k) => [`x${k}`, randomTensor(shape, k)] as const);
  const inputs = Object.fromEntries(parts);
  await expectSameOnDevice('tiled', 'concat', {
    ...{ inputs, attrs: { axis }, batched: Object.keys(inputs), ...exact },
  });
});

it('concat joins fixed rows', async () => {
  const inputs = { x0: intTensor([2, 3], [1, 2, 3, 4, 5, 6]), x1: intTensor([1, 3], [7, 8, 9]) };
  await expectSameOnDevice('tiled', 'concat', { inputs, attrs: { axis: 0 }, ...exact });
});

it.each([
  ['a scalar', [], [3, 4]],
  ['a row', [4], [3, 4]],
  ['a column', [3, 1], [3, 4]],
  ['an axis within', [2, 1, 3], [2, 5, 3]],
])('expand repeats %s', async (_, from, shape) => {
  const inputs = { x: randomTensor(from, 6) };
  await expectSameOnDevice('tiled', 'expand', { inputs, attrs: { shape }, ...exact });
});

it('expand and reshape make pairs of a batch', async () => {
  const builder = new GraphBuilder();
  const N = batchDim('N');
  const x = builder.input('x', { dtype: 'int32', shape: [N] });
  const column = builder.emit('reshape', { x }, { shape: [N, 1] });
  const wide = builder.emit('expand', { x: column }, { shape: [N, 3] });
  builder.output('pairs', builder.emit('reshape', { x: wide }, { shape: [batchDim('N', 3)] }));
  const came = await expectAsInterpreted(
    await openFamily('tiled'),
    builder.finish(),
    { x: intTensor([2], [7, 5]) },
    { spare: 4, ...exact },
  );
  expect([...came['pairs']!.data]).toEqual([7, 7, 7, 5, 5, 5]);
});

it('transposes a batch away from the front and back, at spare capacity', async () => {
  const x = randomTensor([3, 4, 5], 7);
  const builder = new GraphBuilder();
  const id = builder.input('x', { dtype: 'float32', shape: [batchDim('N'), 4, 5] });
  const away = builder.emit('transpose', { x: id }, { perm: [1, 0, 2] });
  const twice = builder.emit('mul', { a: away, b: builder.scalar(2) }, {});
  builder.output('y', builder.emit('transpose', { x: twice }, { perm: [1, 0, 2] }));
  const came = await expectAsInterpreted(
    await openFamily('tiled'),
    builder.finish(),
    { x },
    { spare: 2, ...exact },
  );
  expect([...came['y']!.data]).toEqual(Array.from(x.data, (v) => 2 * v));
});
