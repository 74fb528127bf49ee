// Gathers and scatters: literal values, refusals, gradients.
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src-ts/core/errors.ts';
import { batchDim, type Dim, type TensorType } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor } from '../../src-ts/core/tensor.ts';
import type { OpKind, ScatterReduction } from '../../src-ts/graph/op-set.ts';
import { opDef } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const x = floatTensor([2, 3, 1], [1, 2, 3, 4, 5, 6]);
const index = intTensor([2, 2], [2, 2, 0, 1]);
const shared = intTensor([1, 2], [2, 0]);

describe('worked examples', () => {
  it('gather picks in each list', () => {
    const y = evaluateOp('gather', { x, index }, {});
    expect([y.shape, [...y.data]]).toEqual([
      [2, 2, 1],
      [3, 3, 4, 5],
    ]);
  });

  it('gather picks whole rows by a shared index', () => {
    const wide = floatTensor([1, 3, 2], [1, 2, 3, 4, 5, 6]);
    const y = evaluateOp('gather', { x: wide, index: shared }, {});
    expect([...y.data]).toEqual([5, 6, 1, 2]);
  });

  it('gather reads the nearest place for an index outside', () => {
    const y = evaluateOp('gather', { x, index: intTensor([1, 2], [-1, 9]) }, {});
    expect([...y.data]).toEqual([1, 3, 4, 6]);
  });

  it('scatter_add sums what meets', () => {
    const updates = floatTensor([2, 2, 1], [1, 2, 3, 4]);
    const y = evaluateOp('scatter_add', { updates, index }, { size: 3 });
    expect([...y.data]).toEqual([0, 0, 3, 3, 4, 0]);
  });

  it.each<[ScatterReduction, number[]]>([
    ['none', [1, 2, -5, 7, 0.5, 6]],
    ['mul', [1, 2, -60, 28, 2.5, 6]],
    ['max', [1, 2, 4, 7, 5, 6]],
    ['min', [1, 2, -5, 4, 0.5, 6]],
  ])('scatter, %s', (reduction, expected) => {
    const updates = floatTensor([2, 2, 1], [4, -5, 7, 0.5]);
    const y = evaluateOp('scatter', { x, index, updates }, { reduction });
    expect([...y.data]).toEqual(expected);
  });

  it('scatter leaves out an index outside', () => {
    const updates = floatTensor([2, 2, 1], [7, 8, 9, 10]);
    const outside = intTensor([1, 2], [-1, 3]);
    const y = evaluateOp('scatter', { x, index: outside, updates }, { reduction: 'none' });
    expect([...y.data]).toEqual([...x.data]);
  });
});

describe('refusals', () => {
  const float = (...shape: readonly Dim[]): TensorType => ({ dtype: 'float32', shape });
  const ints = (...shape: readonly Dim[]): TensorType => ({ dtype: 'int32', shape });
  const N = batchDim('N');
  it.each<[string, OpKind, Record<string, TensorType>, object, string]>([
    [
      'lists of another rank',
      'gather',
      { x: float(2, 3), index: ints(1, 2) },
      {},
      'gather "here": x must have rank 3 and index rank 2\n  x: float32[2, 3]\n  index: int32[1, 2]',
    ],
    [
      'an index of numbers',
      'gather',
      { x: float(2, 3, 1), index: float(1, 2) },
      {},
      'index must be of integers, not float32',
    ],
    [
      'an index for other lists',
      'gather',
      { x: float(N, 3, 1), index: ints(2, 2) },
      {},
      'index must have one row, or one for each of x',
    ],
    [
      'too few updates',
      'scatter_add',
      { updates: float(2, 3, 1), index: ints(1, 2) },
      { size: 4 },
      'updates must have one entry for each index',
    ],
    [
      'updates of another dtype',
      'scatter',
      { x: float(2, 3, 1), index: ints(1, 2), updates: ints(2, 2, 1) },
      { reduction: 'none' },
      'updates must be like x',
    ],
  ])('%s', (_, kind, inputs, attrs, message) => {
    const act = (): TensorType => opDef(kind).infer(inputs, attrs, 'here');
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(message);
  });
});

describe('gradients', () => {
  const lists = randomTensor([2, 4, 3], 1);
  const picks = intTensor([2, 5], [3, 3, 0, 1, 3, 0, 1, 2, 2, 0]);
  const one = intTensor([1, 5], [3, 3, 0, 1, 3]);
  const updates = randomTensor([2, 5, 3], 2);
  checkGradients('gather', [
    { name: 'an index for each list', inputs: { x: lists, index: picks }, attrs: {} },
    { name: 'a shared index', inputs: { x: lists, index: one }, attrs: {} },
  ]);
  checkGradients('scatter_add', [
    { name: 'an index for each list', inputs: { updates, index: picks }, attrs: { size: 4 } },
    { name: 'a shared index', inputs: { updates, index: one }, attrs: { size: 6 } },
  ]);
  const reductions: ScatterReduction[] = ['none', 'mul', 'max', 'min'];
  for (const reduction of reductions) {
    checkGradients('scatter', [
      {
        name: `${reduction}, places met twice`,
        inputs: { x: lists, index: picks, updates },
        attrs: { reduction },
      },
    ]);
  }
  checkGradients('take_along', [
    {
      name: 'a place taken twice',
      inputs: { x: randomTensor([2, 4], 3), index: intTensor([2, 3], [0, 2, 2, 3, 1, 0]) },
      attrs: {},
    },
  ]);
});
