// Winograd's convolutions, held to the interpreter and to their bound on rounding.
import { describe, expect, it } from 'vitest';
import { tensor } from '../../src-ts/core/tensor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { planGraph } from '../../src-ts/executor/webgpu/plan.ts';
import type { ConvGeometry } from '../../src-ts/graph/op-set.ts';
import { formatCallName } from '../../src-ts/kernels/kernel.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { buildCase, FAMILIES, runOnDevice, type Family } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const TOLERANCE = 2e-5; // of the largest value; ten times that of the direct kernels
const [CHANNELS, OUTPUTS, BATCH] = [35, 44, 3];

const traitsOf = (family: Family) => ({
  winograd: true,
  ...(family === 'tiled' && { subgroupLanes: null }),
});

/** Input height and width, padding before, padding after. */
const SHAPES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  'padding that keeps the size': [9, 14, 1, 1],
  'no padding': [8, 11, 0, 0],
  'more padding than the gradient has': [5, 6, 2, 2],
  'padding on one side': [7, 7, 0, 2],
};

function geometryOf([height, width, before, after]: readonly [number, number, number, number]) {
  const outputSize = [height, width].map((size) => size + before + after - 2);
  const ones = { strides: [1, 1], dilations: [1, 1], groups: 1 };
  return {
    ...ones,
    kernel: [3, 3],
    padsBegin: [before, before],
    outputSize,
  } satisfies ConvGeometry;
}

describe.each(FAMILIES)('the %s kernels', (family) => {
  const opened = openWebGpu({ traits: traitsOf(family) });
  const w = randomTensor([OUTPUTS, CHANNELS, 3, 3], 2);

  describe.each(Object.entries(SHAPES))('%s', (_, shape) => {
    const attrs = geometryOf(shape);
    const inputSize = [shape[0], shape[1]];
    const x = randomTensor([BATCH, CHANNELS, ...inputSize], 1);
    const dy = randomTensor([BATCH, OUTPUTS, ...attrs.outputSize], 3);

    it('convolve', async () => {
      const bias = randomTensor([OUTPUTS], 4);
      const inputs = { x, w, bias };
      const graph = buildCase('conv', { inputs, attrs, batched: ['x'], constants: ['w', 'bias'] });
      await expectAsInterpreted(await opened, graph, { x }, { spare: 2, tolerance: TOLERANCE });
    });

    it('give the input gradient', async () => {
      const each = { inputs: { dy, w }, attrs: { ...attrs, inputSize } };
      const graph = buildCase('conv_input_grad', { ...each, batched: ['dy'], constants: ['w'] });
      await expectAsInterpreted(await opened, graph, { dy }, { spare: 2, tolerance: TOLERANCE });
    });
  });

  it('give an image the same bits in any company and place', async () => {
    const attrs = geometryOf([9, 14, 1, 1]);
    const x = randomTensor([5, CHANNELS, 9, 14], 1);
    const graph = buildCase('conv', { inputs: { x, w }, attrs, batched: ['x'], constants: ['w'] });
    const together = await runOnDevice(await opened, graph, { x });
    const last = tensor('float32', [1, ...x.shape.slice(1)], x.data.slice(4 * CHANNELS * 9 * 14));
    const alone = await runOnDevice(await opened, graph, { x: last });
    expect(alone.data).toEqual(together.data.slice(4 * alone.data.length));
  });
});

describe('the choice', () => {
  const kernelsOf = (winograd: boolean, w: readonly number[], more = {}): string[] => {
    const attrs = { ...geometryOf([9, 14, 1, 1]), ...more };
    const inputs = { x: randomTensor([1, w[1]!, 9, 14], 1), w: randomTensor(w, 2) };
    const graph = buildCase('conv', { inputs, attrs, batched: ['x'], constants: ['w'] });
    const traits = { subgroupLanes: null, winograd };
    const { once, calls } = planGraph(graph, { capacity: { N: 1 }, traits });
    return [...once, ...calls].map(({ call }) => formatCallName(call).replace(/<.*/, ''));
  };

  it('transforms weights once, then patches, products and results', () => {
    const made = ['winograd_weights', 'winograd_input', 'conv_tiled', 'winograd_output'];
    expect(kernelsOf(true, [32, 32, 3, 3])).toEqual(made);
  });

  it('is the direct kernel unless asked, and for few channels, strides and other windows', () => {
    const direct = ['pack_weights', 'conv_tiled'];
    expect(kernelsOf(false, [32, 32, 3, 3])).toEqual(direct);
    expect(kernelsOf(true, [32, 31, 3, 3])).toEqual(direct);
    expect(kernelsOf(true, [32, 32, 3, 3], { strides: [2, 2], outputSize: [5, 7] })).toEqual(
      direct,
    );
    expect(kernelsOf(true, [32, 32, 1, 1], { kernel: [1, 1], padsBegin: [0, 0] })).toEqual(direct);
  });
});
