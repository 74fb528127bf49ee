// Both matrix product kernels, held to the interpreter.
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src-ts/core/tensor.ts';
import {
  buildCase,
  expectSameOnDevice,
  FAMILIES,
  openFamily,
  runOnDevice,
  type DeviceCase,
} from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const plain = { transposeA: false, transposeB: false };
const product = (
  a: readonly number[],
  b: readonly number[],
  rest: Partial<DeviceCase<'matmul'>> = {},
): DeviceCase<'matmul'> => ({
  inputs: { a: randomTensor(a, 1), b: randomTensor(b, 2) },
  attrs: plain,
  ...rest,
});
const turned = (transposeA: boolean, transposeB: boolean): Partial<DeviceCase<'matmul'>> => ({
  attrs: { transposeA, transposeB },
});

const CASES: Readonly<Record<string, DeviceCase<'matmul'>>> = {
  'odd sizes': product([37, 29], [29, 41]),
  'whole tiles': product([64, 64], [64, 128]),
  'one column': product([33, 50], [50, 1]),
  'a single row': product([1, 100], [100, 70]),
  'a read transposed': product([29, 37], [29, 41], turned(true, false)),
  'b read transposed': product([37, 29], [41, 29], turned(false, true)),
  'both read transposed': product([29, 37], [41, 29], turned(true, true)),
  'images by constant weights': product([7, 84], [10, 84], {
    ...turned(false, true),
    batched: ['a'],
    constants: ['b'],
  }),
  'a sum over the batch': product([7, 12], [7, 20], {
    ...turned(true, false),
    batched: ['a', 'b'],
  }),
  'every matrix of a by one b': product([3, 5, 17, 12], [12, 9], { batched: ['a'] }),
  'batches of both': product([3, 4, 9, 13], [3, 4, 13, 11], { batched: ['a', 'b'] }),
  'batches of both, b transposed': product([3, 2, 35, 16], [3, 2, 34, 16], {
    ...turned(false, true),
    batched: ['a', 'b'],
  }),
  'batches that broadcast': product([2, 1, 9, 13], [3, 13, 6]),
  'a broadcast against b': product([9, 13], [4, 13, 6]),
  'rows of a through a table': product([3, 40], [40, 33], { views: { a: [2, 0, 0, 1, 2] } }),
  'matrices of a through a table': product([3, 2, 5, 8], [8, 6], {
    views: { a: [2, 0, 0, 1, 2] },
  }),
  'matrices of b through a table': product([5, 2, 7, 8], [3, 2, 8, 6], {
    batched: ['a'],
    views: { b: [2, 0, 0, 1, 2] },
  }),
  'matrices of both through tables': product([3, 7, 8], [3, 6, 8], {
    ...turned(false, true),
    views: { a: [1, 1, 0, 2], b: [2, 0, 1, 2] },
  }),
  'a sum over rows of a table': product([3, 12], [4, 20], {
    ...turned(true, false),
    batched: ['b'],
    views: { a: [1, 1, 0, 2] },
  }),
};

describe.each(FAMILIES)('the %s kernel', (family) => {
  it.each(Object.entries(CASES))('multiplies %s', async (_, each) => {
    await expectSameOnDevice(family, 'matmul', each);
  });

  it('gives a row the same bits in any company and place', async () => {
    const graph = buildCase('matmul', CASES['images by constant weights']!);
    const executor = await openFamily(family);
    const a = randomTensor([7, 84], 1);
    const together = await runOnDevice(executor, graph, { a });
    const last = tensor('float32', [1, 84], a.data.slice(6 * 84));
    const alone = await runOnDevice(executor, graph, { a: last });
    expect(alone.data).toEqual(together.data.slice(60));
  });
});
