// Every pool kernel, held to the interpreter.
import { describe, it } from 'vitest';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { AvgPoolGeometry, WindowGeometry } from '../../src-ts/graph/op-set.ts';
import { opDef } from '../../src-ts/ops/builder.ts';
import { expectSameOnDevice, FAMILIES } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

interface PoolCase {
  readonly size: readonly number[];
  readonly window: AvgPoolGeometry;
}

const WINDOWS: Readonly<Record<string, PoolCase>> = {
  'windows side by side': {
    size: [6, 8],
    window: {
      ...{ kernel: [2, 2], strides: [2, 2], dilations: [1, 1] },
      ...{ padsBegin: [0, 0], padsEnd: [0, 0], outputSize: [3, 4], divisor: 'valid' },
    },
  },
  'overlapping windows, padded': {
    size: [7, 9],
    window: {
      ...{ kernel: [3, 3], strides: [2, 2], dilations: [1, 1] },
      ...{ padsBegin: [1, 1], padsEnd: [1, 1], outputSize: [4, 5], divisor: 'padded' },
    },
  },
  'asymmetric padding and a rounded-up size': {
    size: [8, 7],
    window: {
      ...{ kernel: [3, 2], strides: [3, 2], dilations: [1, 1] },
      ...{ padsBegin: [1, 0], padsEnd: [0, 0], outputSize: [3, 4], divisor: 'padded' },
    },
  },
  'dilated windows': {
    size: [9, 9],
    window: {
      ...{ kernel: [2, 3], strides: [1, 2], dilations: [3, 2] },
      ...{ padsBegin: [1, 2], padsEnd: [1, 1], outputSize: [8, 4], divisor: 'valid' },
    },
  },
  'the whole plane': {
    size: [7, 7],
    window: {
      ...{ kernel: [7, 7], strides: [1, 1], dilations: [1, 1] },
      ...{ padsBegin: [0, 0], padsEnd: [0, 0], outputSize: [1, 1], divisor: 'valid' },
    },
  },
  'one spatial axis': {
    size: [20],
    window: {
      ...{ kernel: [3], strides: [2], dilations: [1], padsBegin: [1], padsEnd: [1] },
      ...{ outputSize: [10], divisor: 'padded' },
    },
  },
};

/** Places of maxima, as the interpreter finds them. */
function placesOf(x: Tensor, window: WindowGeometry): Tensor {
  const shape = [...x.shape.slice(0, 2), ...window.outputSize];
  const context = { type: { dtype: 'int32', shape } as const, shape: () => shape };
  return opDef('max_pool_argmax').evaluate({ x }, window, context);
}

const OVER = FAMILIES.flatMap((family) =>
  Object.entries(WINDOWS).map(([name, each]) => ({ family, name, ...each })),
);

describe.each(OVER)('the $family kernels over $name', ({ family, size, window }) => {
  const x = randomTensor([3, 4, ...size], 1);
  const dy = randomTensor([3, 4, ...window.outputSize], 2);
  const back = { ...window, inputSize: size };

  it('takes maxima', async () => {
    await expectSameOnDevice(family, 'max_pool', { inputs: { x }, attrs: window, batched: ['x'] });
  });

  it('finds the places of maxima, the first on ties', async () => {
    const coarse = floatTensor(
      x.shape,
      Array.from(x.data, (value) => Math.round(2 * value)),
    );
    const each = { inputs: { x: coarse }, attrs: window, batched: ['x'] };
    await expectSameOnDevice(family, 'max_pool_argmax', { ...each, tolerance: 0 });
  });

  it('sends gradients to the places of maxima', async () => {
    const inputs = { dy, argmax: placesOf(x, window) };
    const batched = ['dy', 'argmax'];
    await expectSameOnDevice(family, 'max_pool_grad', { inputs, attrs: back, batched });
  });

  it('sends gradients to places read through a table', async () => {
    const pairs = randomTensor([5, 4, ...window.outputSize], 3);
    const inputs = { dy: pairs, argmax: placesOf(x, window) };
    const views = { argmax: [2, 2, 0, 1, 0] };
    await expectSameOnDevice(family, 'max_pool_grad', {
      ...{ inputs, attrs: back, batched: ['dy'], views },
    });
  });

  it('takes means', async () => {
    await expectSameOnDevice(family, 'avg_pool', { inputs: { x }, attrs: window, batched: ['x'] });
  });

  it('spreads gradients of means', async () => {
    const each = { inputs: { dy }, attrs: back, batched: ['dy'] };
    await expectSameOnDevice(family, 'avg_pool_grad', each);
  });
});

describe('window sums', () => {
  it.each([
    ['channels, uneven', { axis: 1, before: 2, after: 1 }],
    ['channels, wider than there are', { axis: 1, before: 9, after: 9 }],
    ['the last axis', { axis: 3, before: 0, after: 2 }],
  ] as const)('run over %s', async (_, attrs) => {
    const x = randomTensor([2, 7, 3, 5], 1);
    await expectSameOnDevice('tiled', 'window_sum', { inputs: { x }, attrs, batched: ['x'] });
  });
});
