// Reduction kernels, held to the interpreter.
import { describe, expect, it } from 'vitest';
import { floatTensor, intTensor } from '../../src-ts/core/tensor.ts';
import { buildCase, expectSameOnDevice, openFamily, runOnDevice } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const KINDS = ['reduce_sum', 'reduce_max', 'reduce_min', 'reduce_prod'] as const;

describe.each(KINDS)('%s', (kind) => {
  it.each([
    ['short rows', [3, 4, 5], [2]],
    ['long rows, of 64 threads', [3, 2, 1000], [2]],
    ['rows that 64 does not divide', [5, 65], [1]],
    ['all but the batch', [3, 4, 5, 6], [1, 2, 3]],
    ['an inner axis', [3, 70, 5], [1]],
    ['axes apart', [3, 4, 5, 6], [1, 3]],
    ['axes with one of size 1 between', [3, 4, 1, 6], [1, 3]],
    ['the batch', [3, 4, 5], [0]],
    ['the batch and what follows', [3, 4, 5], [0, 1]],
    ['the batch and a later axis', [3, 4, 5], [0, 2]],
    ['everything', [3, 4, 50], [0, 1, 2]],
    ['nothing', [3, 4], []],
    ['an axis counted from the end', [3, 4, 5], [-1]],
  ])('reduces %s', async (_, shape, axes) => {
    const x = randomTensor(shape, 1);
    await expectSameOnDevice('tiled', kind, { inputs: { x }, attrs: { axes }, batched: ['x'] });
    await expectSameOnDevice('tiled', kind, { inputs: { x }, attrs: { axes } });
  });

  it('reduces integers', async () => {
    const x = intTensor([2, 3], [4, -5, 6, 7, 8, -9]);
    const each = { inputs: { x }, attrs: { axes: [1] }, tolerance: 0 };
    await expectSameOnDevice('tiled', kind, each);
    // 2^24 + 1 is no float32; 70 elements have a workgroup.
    const long = new Array<number>(140).fill(kind === 'reduce_prod' ? 1 : 0).with(3, 2 ** 24 + 1);
    const wide = { ...each, inputs: { x: intTensor([2, 70], long) } };
    await expectSameOnDevice('tiled', kind, wide);
  });
});

describe('indices', () => {
  const coarse = floatTensor(
    [6, 50],
    Array.from(randomTensor([6, 50], 3).data, (value) => Math.round(4 * value)),
  );

  it.each(['argmax', 'argmin'] as const)('%s takes the first on ties', async (kind) => {
    const each = { inputs: { x: coarse }, attrs: {}, batched: ['x'], tolerance: 0 };
    await expectSameOnDevice('tiled', kind, each);
  });

  it.each(['argmax', 'argmin'] as const)('%s takes the last when asked', async (kind) => {
    const attrs = { selectLast: true };
    const each = { inputs: { x: coarse }, attrs, batched: ['x'], tolerance: 0 };
    await expectSameOnDevice('tiled', kind, each);
  });

  it('are in order of size, the smallest first', async () => {
    const attrs = { k: 7, smallest: true };
    const each = { inputs: { x: coarse }, attrs, batched: ['x'], tolerance: 0 };
    await expectSameOnDevice('tiled', 'top_k', each);
  });

  it('are in order of size, the lowest first on ties', async () => {
    const each = { inputs: { x: coarse }, attrs: { k: 50 }, batched: ['x'], tolerance: 0 };
    await expectSameOnDevice('tiled', 'top_k', each);
  });

  it('leave NaN for last and compare the infinities', async () => {
    const rows = [
      [NaN, -Infinity, 1, NaN],
      [NaN, NaN, NaN, NaN],
      [-1, Infinity, -Infinity, Infinity],
      [-0, 0, -0, 0],
    ];
    const x = floatTensor([4, 4], rows.flat());
    const attrs = { k: 4 };
    const graph = buildCase('top_k', { inputs: { x }, attrs });
    const y = await runOnDevice(await openFamily('tiled'), graph, { x });
    expect([...y.data]).toEqual([2, 1, 0, 3, 0, 1, 2, 3, 1, 3, 0, 2, 0, 1, 2, 3]);
    await expectSameOnDevice('tiled', 'argmin', { inputs: { x }, attrs: {}, tolerance: 0 });
  });

  it('rank integers beyond the exact floats', async () => {
    const x = intTensor([5], [2 ** 30, -(2 ** 30) - 1, 2 ** 30 + 1, -(2 ** 30), 0]);
    await expectSameOnDevice('tiled', 'top_k', { inputs: { x }, attrs: { k: 5 }, tolerance: 0 });
  });
});
