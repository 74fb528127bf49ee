// Random numbers made on the device are those of the host, bit for bit.
import { expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { openFamily } from '../reference/on-device.ts';

it.each([0, 1, -1, 123456789])('random_uniform of seed %s', async (seed) => {
  const builder = new GraphBuilder();
  const N = batchDim('N');
  const like = builder.input('like', { dtype: 'float32', shape: [N, 1] });
  const id = builder.input('seed', { dtype: 'int32', shape: [1] });
  const noise = builder.emit('random_uniform', { seed: id }, { shape: [N, 37], salt: 3 });
  builder.output('y', builder.emit('add', { a: noise, b: like }, {}));
  const plane = { shape: [5, 4], salt: 0x9e3779b9 };
  builder.output('fixed', builder.emit('random_uniform', { seed: id }, plane));
  const inputs = { like: floatTensor([6, 1], new Float32Array(6)), seed: intTensor([1], [seed]) };
  const options = { spare: 2, tolerance: 0 };
  const { y } = await expectAsInterpreted(
    await openFamily('tiled'),
    builder.finish(),
    inputs,
    options,
  );
  expect(new Set(y!.data).size).toBeGreaterThan(200);
});
