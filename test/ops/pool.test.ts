import { describe, expect, it } from 'vitest';
import { floatTensor, intTensor } from '../../src-ts/core/tensor.ts';
import type { AvgPoolGeometry, WindowGeometry } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const window: WindowGeometry = {
  kernel: [2, 2],
  strides: [2, 2],
  dilations: [1, 1],
  padsBegin: [1, 1],
  outputSize: [2, 2],
};
const mean: AvgPoolGeometry = { ...window, divisor: 'valid', padsEnd: [0, 0] };
const x = floatTensor([1, 1, 3, 3], [-1, -2, -3, -4, -5, -5, -7, -5, -5]);

describe('max_pool', () => {
  it('takes the largest element of each window, never the padding', () => {
    expect([...evaluateOp('max_pool', { x }, window).data]).toEqual([-1, -2, -4, -5]);
  });

  it('says where the maxima are, the first on ties', () => {
    expect([...evaluateOp('max_pool_argmax', { x }, window).data]).toEqual([0, 1, 3, 4]);
  });

  it('sends each cotangent to the place of its maximum', () => {
    const dy = floatTensor([1, 1, 2, 2], [1, 10, 100, 1000]);
    const argmax = intTensor([1, 1, 2, 2], [0, 1, 1, 8]);
    const attrs = { ...window, inputSize: [3, 3] };
    const dx = evaluateOp('max_pool_grad', { dy, argmax }, attrs);
    expect([...dx.data]).toEqual([1, 110, 0, 0, 0, 0, 0, 0, 1000]);
  });

  it('refuses an input of another rank', () => {
    const builder = new GraphBuilder();
    const flat = builder.input('x', { dtype: 'float32', shape: [1, 9] });
    expect(() => builder.emit('max_pool', { x: flat }, window, 'pool1')).toThrow(
      'max_pool "pool1": x must be [N, C] and 2 spatial axes, but has rank 2\n  x: float32[1, 9]',
    );
  });

  it('has second derivatives nowhere', () => {
    expect(opDef('max_pool_argmax').vjp).toBe('not differentiable');
    expect(opDef('max_pool_grad').vjp).toBe('not differentiable');
  });
});

describe('avg_pool', () => {
  it('divides by the elements inside the input', () => {
    expect([...evaluateOp('avg_pool', { x }, mean).data]).toEqual([-1, -2.5, -5.5, -5]);
  });

  it('divides by elements and padding when told so', () => {
    const padded = { ...mean, divisor: 'padded' } as const;
    expect([...evaluateOp('avg_pool', { x }, padded).data]).toEqual([-0.25, -1.25, -2.75, -5]);
  });

  it('does not count what a rounded-up size adds past the padding', () => {
    const row = floatTensor([1, 1, 3], [3, 5, 7]);
    const attrs: AvgPoolGeometry = {
      ...{ kernel: [2], strides: [2], dilations: [1], padsBegin: [0], padsEnd: [0] },
      ...{ outputSize: [2], divisor: 'padded' },
    };
    expect([...evaluateOp('avg_pool', { x: row }, attrs).data]).toEqual([4, 7]);
  });
});

describe('window_sum', () => {
  it('sums what lies before and after, cut off at the ends', () => {
    const row = floatTensor([1, 4], [1, 10, 100, 1000]);
    const y = evaluateOp('window_sum', { x: row }, { axis: 1, before: 1, after: 2 });
    expect([...y.data]).toEqual([111, 1111, 1110, 1100]);
  });

  it('refuses an axis that x has not', () => {
    const builder = new GraphBuilder();
    const id = builder.input('x', { dtype: 'float32', shape: [1, 4] });
    const attrs = { axis: 2, before: 1, after: 1 };
    expect(() => builder.emit('window_sum', { x: id }, attrs)).toThrow(
      'window_sum: x has no fixed axis 2\n  x: float32[1, 4]',
    );
  });
});

const overlapping = { ...window, kernel: [3, 2], strides: [1, 2], outputSize: [3, 3] };
const image = randomTensor([2, 2, 3, 5], 1);
const cotangent = randomTensor([2, 2, 3, 3], 2);
const means = (['valid', 'padded'] as const).map((divisor) => ({
  divisor,
  attrs: { ...overlapping, divisor, padsEnd: [1, 0] },
}));

checkGradients('max_pool', [
  { name: 'overlapping windows', inputs: { x: image }, attrs: overlapping },
]);
checkGradients(
  'avg_pool',
  means.map(({ divisor, attrs }) => ({ name: divisor, inputs: { x: image }, attrs })),
);
checkGradients(
  'avg_pool_grad',
  means.map(({ divisor, attrs }) => ({
    name: divisor,
    inputs: { dy: cotangent },
    attrs: { ...attrs, inputSize: [3, 5] },
  })),
);
checkGradients('window_sum', [
  { name: 'uneven', inputs: { x: image }, attrs: { axis: 3, before: 2, after: 1 } },
]);
