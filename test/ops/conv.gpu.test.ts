// Every kernel of the convolutions, held to the interpreter.
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import { tensor } from '../../src-ts/core/tensor.ts';
import type { ConvGeometry } from '../../src-ts/graph/op-set.ts';
import {
  buildCase,
  expectSameOnDevice,
  FAMILIES,
  openFamily,
  runOnDevice,
} from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

interface Shapes {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly padsBegin?: readonly number[];
  readonly padsEnd?: readonly number[];
  readonly groups?: number;
}

function geometryOf(shapes: Shapes): ConvGeometry {
  const { kernel, size, groups = 1 } = shapes;
  const ones = kernel.map(() => 1);
  const zeros = kernel.map(() => 0);
  const { strides = ones, dilations = ones, padsBegin = zeros, padsEnd = zeros } = shapes;
  const outputSize = size.map((input, axis) => {
    const reach = (kernel[axis]! - 1) * dilations[axis]! + 1;
    const padded = input + padsBegin[axis]! + padsEnd[axis]!;
    return Math.floor((padded - reach) / strides[axis]!) + 1;
  });
  return { kernel, strides, dilations, padsBegin, outputSize, groups };
}

function tensorsOf(shapes: Shapes): { x: Tensor; w: Tensor; bias: Tensor; dy: Tensor } {
  const { batch, channels, outputs, size, kernel, groups = 1 } = shapes;
  return {
    x: randomTensor([batch, channels, ...size], 1),
    w: randomTensor([outputs, channels / groups, ...kernel], 2),
    bias: randomTensor([outputs], 3),
    dy: randomTensor([batch, outputs, ...geometryOf(shapes).outputSize], 4),
  };
}

const CASES: Readonly<Record<string, Shapes>> = {
  '3 × 3 padded, 64 to 64': {
    ...{ batch: 2, channels: 64, outputs: 64, size: [9, 11] },
    ...{ kernel: [3, 3], padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'one channel to twenty, whose gradient is gathered from products with the taps': {
    ...{ batch: 3, channels: 1, outputs: 20, size: [10, 9], kernel: [5, 5] },
  },
  'three channels to thirty-two, the same with stride and dilation': {
    ...{ batch: 2, channels: 3, outputs: 32, size: [13, 12], kernel: [3, 3], strides: [2, 2] },
    ...{ dilations: [1, 2], padsBegin: [1, 2], padsEnd: [0, 1] },
  },
  'a wide window on a small plane, images for a subgroup and more': {
    ...{ batch: 11, channels: 20, outputs: 9, size: [11, 13], kernel: [5, 5] },
  },
  'a window of eleven with stride 4': {
    ...{ batch: 2, channels: 3, outputs: 10, size: [31, 35], kernel: [11, 11], strides: [4, 4] },
    ...{ padsBegin: [2, 2], padsEnd: [2, 2] },
  },
  '1 × 1, channels that fill no tile': {
    ...{ batch: 3, channels: 5, outputs: 37, size: [7, 5], kernel: [1, 1] },
  },
  'one channel, 5 × 5 without padding, rows of 12 and 16': {
    ...{ batch: 3, channels: 1, outputs: 20, size: [9, 16], kernel: [5, 5] },
  },
  'three channels, stride 2, rows of 40 and 80': {
    ...{ batch: 2, channels: 3, outputs: 16, size: [7, 80], kernel: [3, 3], strides: [2, 2] },
    ...{ padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  '1 × 1, pixels in fours': {
    ...{ batch: 5, channels: 7, outputs: 41, size: [6, 6], kernel: [1, 1] },
  },
  '1 × 1, pixels in fours, wide tiles': {
    ...{ batch: 3, channels: 6, outputs: 124, size: [6, 10], kernel: [1, 1] },
  },
  '1 × 1 in groups, pixels in fours': {
    ...{ batch: 2, channels: 12, outputs: 18, size: [4, 5], kernel: [1, 1], groups: 3 },
  },
  '1 × 1 with padding': {
    ...{ batch: 2, channels: 4, outputs: 6, size: [3, 5], kernel: [1, 1] },
    ...{ padsBegin: [1, 0], padsEnd: [0, 1] },
  },
  'three channels to sixteen, stride 2, asymmetric padding': {
    ...{ batch: 2, channels: 3, outputs: 16, size: [13, 10], kernel: [5, 3] },
    ...{ strides: [2, 2], padsBegin: [2, 0], padsEnd: [1, 2] },
  },
  'stride 3 over a kernel of 2': {
    ...{ batch: 2, channels: 6, outputs: 7, size: [11, 14], kernel: [2, 2], strides: [3, 3] },
  },
  'dilation 2 with stride 2': {
    ...{ batch: 1, channels: 4, outputs: 8, size: [15, 12], kernel: [3, 3] },
    ...{ strides: [2, 2], dilations: [2, 2], padsBegin: [2, 2], padsEnd: [2, 2] },
  },
  'dilation 3 with stride 2 and 1': {
    ...{ batch: 1, channels: 4, outputs: 3, size: [15, 12], kernel: [3, 2] },
    ...{ strides: [2, 1], dilations: [3, 3], padsBegin: [3, 1], padsEnd: [1, 1] },
  },
  'four groups': {
    ...{ batch: 2, channels: 12, outputs: 20, size: [6, 7], kernel: [3, 3], groups: 4 },
    ...{ padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'depthwise, stride 2': {
    ...{ batch: 2, channels: 10, outputs: 10, size: [9, 13], kernel: [3, 3], groups: 10 },
    ...{ strides: [2, 2], padsBegin: [1, 0], padsEnd: [1, 1] },
  },
  'depthwise, stride 2, rows of 24': {
    ...{ batch: 3, channels: 5, outputs: 5, size: [9, 24], kernel: [3, 3], groups: 5 },
    ...{ strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'depthwise, stride 2, rows of 72 and a window of 5': {
    ...{ batch: 2, channels: 3, outputs: 3, size: [8, 72], kernel: [5, 4], groups: 3 },
    ...{ strides: [2, 2], padsBegin: [2, 2], padsEnd: [2, 1] },
  },
  'depthwise, stride 3': {
    ...{ batch: 2, channels: 3, outputs: 3, size: [10, 24], kernel: [3, 5], groups: 3 },
    ...{ strides: [3, 3], padsBegin: [0, 1], padsEnd: [1, 1] },
  },
  'depthwise, stride 1': {
    ...{ batch: 3, channels: 6, outputs: 6, size: [8, 9], kernel: [5, 5], groups: 6 },
    ...{ padsBegin: [2, 2], padsEnd: [2, 2] },
  },
  'depthwise, rows of 12 and another height': {
    ...{ batch: 3, channels: 5, outputs: 5, size: [7, 12], kernel: [3, 3], groups: 5 },
    ...{ padsBegin: [0, 1], padsEnd: [0, 1] },
  },
  'depthwise, rows of 68, taps that lean to the left': {
    ...{ batch: 2, channels: 3, outputs: 3, size: [5, 68], kernel: [2, 6], groups: 3 },
    ...{ padsBegin: [1, 3], padsEnd: [1, 2] },
  },
  'depthwise, 7 × 7 on rows of 28': {
    ...{ batch: 2, channels: 3, outputs: 3, size: [9, 28], kernel: [7, 7], groups: 3 },
    ...{ padsBegin: [3, 3], padsEnd: [3, 3] },
  },
  'depthwise, rows of 7': {
    ...{ batch: 3, channels: 5, outputs: 5, size: [13, 7], kernel: [3, 3], groups: 5 },
    ...{ padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'depthwise, rows of 14 and 7, stride 2': {
    ...{ batch: 3, channels: 5, outputs: 5, size: [13, 14], kernel: [3, 3], groups: 5 },
    ...{ strides: [2, 2], padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'depthwise, rows of 14 and 12': {
    ...{ batch: 2, channels: 6, outputs: 6, size: [6, 14], kernel: [3, 3], groups: 6 },
  },
  'depthwise, rows too long for a subgroup': {
    ...{ batch: 1, channels: 2, outputs: 2, size: [3, 132], kernel: [3, 3], groups: 2 },
    ...{ padsBegin: [1, 1], padsEnd: [1, 1] },
  },
  'depthwise, dilated': {
    ...{ batch: 2, channels: 5, outputs: 5, size: [11, 13], kernel: [3, 3], groups: 5 },
    ...{ dilations: [2, 3], padsBegin: [2, 3], padsEnd: [2, 3] },
  },
  'depthwise, dilation and stride of 2': {
    ...{ batch: 2, channels: 5, outputs: 5, size: [11, 13], kernel: [3, 3], groups: 5 },
    ...{ strides: [2, 2], dilations: [2, 2], padsBegin: [1, 2], padsEnd: [2, 1] },
  },
  'two outputs per channel': {
    ...{ batch: 2, channels: 5, outputs: 10, size: [8, 6], kernel: [3, 3], groups: 5 },
  },
  'images enough for several partial sums': {
    ...{ batch: 7, channels: 3, outputs: 9, size: [20, 21], kernel: [3, 3] },
  },
  'one spatial axis': {
    ...{ batch: 2, channels: 6, outputs: 9, size: [23], kernel: [4], strides: [2], padsBegin: [1] },
  },
};

describe.each(FAMILIES)('the %s kernels', (family) => {
  describe.each(Object.entries(CASES))('%s', (_, shapes) => {
    const attrs = geometryOf(shapes);
    const { x, w, bias, dy } = tensorsOf(shapes);

    it('convolve', async () => {
      await expectSameOnDevice(family, 'conv', { inputs: { x, w, bias }, attrs, batched: ['x'] });
    });

    it('give the input gradient', async () => {
      const inputs = { dy, w };
      const back = { ...attrs, inputSize: shapes.size };
      await expectSameOnDevice(family, 'conv_input_grad', {
        ...{ inputs, attrs: back, batched: ['dy'], constants: ['w'] },
      });
    });

    it('give the weight gradient', async () => {
      const back = { ...attrs, weightShape: w.shape };
      await expectSameOnDevice(family, 'conv_weight_grad', {
        ...{ inputs: { x, dy }, attrs: back, batched: ['x', 'dy'] },
      });
    });
  });

  it('give an image the same bits in any company and place', async () => {
    const shapes = CASES['3 × 3 padded, 64 to 64']!;
    const { x, w } = tensorsOf({ ...shapes, batch: 5 });
    const inputs = { x, w };
    const each = { inputs, attrs: geometryOf(shapes), batched: ['x'], constants: ['w'] };
    const graph = buildCase('conv', each);
    const executor = await openFamily(family);
    const together = await runOnDevice(executor, graph, { x });
    const row = x.data.length / 5;
    const last = tensor('float32', [1, ...x.shape.slice(1)], x.data.slice(4 * row));
    const alone = await runOnDevice(executor, graph, { x: last });
    expect(alone.data).toEqual(together.data.slice(4 * alone.data.length));
  });

  it('give a gradient the same bits in any company and place', async () => {
    const batch = 11;
    const shapes = { batch, channels: 20, outputs: 9, size: [11, 13], kernel: [5, 5] };
    const { dy, w } = tensorsOf(shapes);
    const attrs = { ...geometryOf(shapes), inputSize: shapes.size };
    const inputs = { dy, w };
    const graph = buildCase('conv_input_grad', {
      ...{ inputs, attrs, batched: ['dy'], constants: ['w'] },
    });
    const executor = await openFamily(family);
    const together = await runOnDevice(executor, graph, { dy });
    const row = dy.data.length / batch;
    for (const image of [3, 10]) {
      const data = dy.data.slice(image * row, (image + 1) * row);
      const one = tensor('float32', [1, ...dy.shape.slice(1)], data);
      const alone = await runOnDevice(executor, graph, { dy: one });
      const size = alone.data.length;
      expect(alone.data).toEqual(together.data.slice(image * size, (image + 1) * size));
    }
  });
});
