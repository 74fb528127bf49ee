// The softmax kernel, held to the interpreter.
import { expect, it } from 'vitest';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { expectSameOnDevice, buildCase, openFamily, runOnDevice } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

it.each([
  ['the last axis', [3, 10], -1],
  ['a middle axis', [3, 7, 4, 2], 1],
  ['a long axis', [2, 3, 197], 2],
])('softmax runs along %s', async (_, shape, axis) => {
  const x = randomTensor(shape, 1);
  await expectSameOnDevice('tiled', 'softmax', { inputs: { x }, attrs: { axis }, batched: ['x'] });
});

it('softmax runs along a fixed first axis', async () => {
  const x = randomTensor([5, 4], 1);
  await expectSameOnDevice('tiled', 'softmax', { inputs: { x }, attrs: { axis: 0 } });
});

it('softmax does not overflow', async () => {
  const x = floatTensor([1, 3], [1000, 1000, -1000]);
  const graph = buildCase('softmax', { inputs: { x }, attrs: { axis: 1 } });
  const y = await runOnDevice(await openFamily('tiled'), graph, { x });
  expect([...y.data]).toEqual([0.5, 0.5, 0]);
});
