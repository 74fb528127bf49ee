// Gather and scatter kernels, held to the interpreter.
import { describe, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { intTensor } from '../../src-ts/core/tensor.ts';
import type { ScatterReduction } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { expectSameOnDevice, openFamily } from '../reference/on-device.ts';
import { randomTensor, seededRandom } from '../reference/random.ts';

const exact = { tolerance: 0 };
const x = randomTensor([3, 7, 4], 1);
const random = seededRandom(4);
const picks = (rows: number, count: number): ReturnType<typeof intTensor> =>
  intTensor(
    [rows, count],
    Array.from({ length: rows * count }, () => Math.floor(random() * 7)),
  );
const index = picks(3, 10);
const shared = picks(1, 10);
const updates = randomTensor([3, 10, 4], 2);

describe('gather', () => {
  it('by an index for each row of a batch', async () => {
    const batched = ['x', 'index'];
    await expectSameOnDevice('tiled', 'gather', {
      inputs: { x, index },
      attrs: {},
      batched,
      ...exact,
    });
  });

  it('by a shared constant index', async () => {
    const inputs = { x, index: shared };
    const form = { batched: ['x'], constants: ['index'] };
    await expectSameOnDevice('tiled', 'gather', { inputs, attrs: {}, ...form, ...exact });
  });

  it('by an index outside', async () => {
    const inputs = { x, index: intTensor([1, 3], [-4, 2, 99]) };
    await expectSameOnDevice('tiled', 'gather', { inputs, attrs: {}, ...exact });
  });

  it('of rows seen through a table', async () => {
    const views = { x: [2, 0, 2], index: [1, 1, 0] };
    await expectSameOnDevice('tiled', 'gather', {
      inputs: { x, index },
      attrs: {},
      views,
      ...exact,
    });
  });
});

describe('scatter_add', () => {
  it('by an index for each row of a batch', async () => {
    const batched = ['updates', 'index'];
    const attrs = { size: 7 };
    await expectSameOnDevice('tiled', 'scatter_add', {
      inputs: { updates, index },
      attrs,
      batched,
    });
  });

  it('by a shared constant index, with places nobody names', async () => {
    const inputs = { updates, index: shared };
    const form = { batched: ['updates'], constants: ['index'], attrs: { size: 12 } };
    await expectSameOnDevice('tiled', 'scatter_add', { inputs, ...form });
  });

  it('of as many picks as a batch has rows, and no more', async () => {
    const builder = new GraphBuilder();
    const N = batchDim('N');
    const ids = builder.input('index', { dtype: 'int32', shape: [N] });
    const rows = builder.input('updates', { dtype: 'float32', shape: [N, 4] });
    const row = builder.emit('reshape', { x: ids }, { shape: [1, N] });
    const lists = builder.emit('reshape', { x: rows }, { shape: [1, N, 4] });
    builder.output('y', builder.emit('scatter_add', { updates: lists, index: row }, { size: 5 }));
    const inputs = {
      index: intTensor([6], [4, 0, 0, 2, 4, 0]),
      updates: randomTensor([6, 4], 3),
    };
    await expectAsInterpreted(await openFamily('tiled'), builder.finish(), inputs, { spare: 3 });
  });
});

it.each<[ScatterReduction]>([['none'], ['mul'], ['max'], ['min']])(
  'scatter, %s, each place met in the order of the index',
  async (reduction) => {
    const inputs = { x, index, updates };
    const batched = ['x', 'index', 'updates'];
    await expectSameOnDevice('tiled', 'scatter', { inputs, attrs: { reduction }, batched });
    const ints = {
      x: intTensor([1, 4, 1], [1, 2, 3, 4]),
      index: intTensor([1, 3], [2, 2, -1]),
      updates: intTensor([1, 3, 1], [5, -6, 7]),
    };
    await expectSameOnDevice('tiled', 'scatter', { inputs: ints, attrs: { reduction }, ...exact });
  },
);
