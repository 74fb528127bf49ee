// When a subgroup's tile takes blocks of pixels instead of a line of them.
import { expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { planGraph } from '../../src-ts/executor/webgpu/plan.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { randomTensor } from '../reference/random.ts';

/** Rows of the blocks in which the gradient to a `size` × `size` input is made; 0 for lines. */
function blockRows(size: number, kernel: number, pad: number, channels = 20): unknown {
  const b = new GraphBuilder();
  const outputs = size + 2 * pad - kernel + 1;
  const dy = b.input('dy', { dtype: 'float32', shape: [batchDim('N'), 16, outputs, outputs] });
  const w = b.constant(randomTensor([16, channels, kernel, kernel], 1));
  const [taps, ones, pads] = [kernel, 1, pad].map((each) => [each, each]);
  const attrs = {
    ...{ kernel: taps!, strides: ones!, dilations: ones!, padsBegin: pads!, groups: 1 },
    ...{ outputSize: [outputs, outputs], inputSize: [size, size] },
  };
  b.output('y', b.emit('conv_input_grad', { dy, w }, attrs));
  const plan = planGraph(b.finish(), { capacity: { N: 4 }, traits: { subgroupLanes: 8 } });
  return plan.calls[0]!.call.constants['BLOCK_ROWS'];
}

it('is where many taps lie in the padding: the gradient of a wide window on a small plane', () => {
  expect(blockRows(12, 5, 0)).toBe(2);
});

it('is not where few do: padding that keeps the size, large planes, 1 × 1', () => {
  expect(blockRows(16, 3, 1)).toBe(0);
  expect(blockRows(40, 5, 0)).toBe(0);
  expect(blockRows(12, 1, 0)).toBe(0);
});
