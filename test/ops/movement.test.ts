// Movement ops: literal values, refusals, gradients.
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src-ts/core/errors.ts';
import { batchDim, formatType, type Dim, type TensorType } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { OpAttrs, OpInputs, OpKind } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const N = batchDim('N');
const float = (...shape: readonly Dim[]): TensorType => ({ dtype: 'float32', shape });

function evaluate<K extends OpKind>(
  kind: K,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpAttrs<K>,
): { shape: readonly number[]; data: number[] } {
  const builder = new GraphBuilder();
  const ids = Object.entries(inputs).map(([name, { dtype, shape }]) => [
    name,
    builder.input(name, { dtype, shape }),
  ]);
  builder.output('y', builder.emit(kind, Object.fromEntries(ids) as OpInputs<K>, attrs));
  const { shape, data } = interpret(builder.finish(), inputs)['y']!;
  return { shape, data: [...data] };
}

function infer(kind: OpKind, inputs: Record<string, TensorType>, attrs: object): string {
  return formatType(opDef(kind).infer(inputs, attrs, 'here'));
}

const table = floatTensor([2, 3], [1, 2, 3, 4, 5, 6]);

describe('worked examples', () => {
  it('reshape keeps the order', () => {
    const y = evaluate('reshape', { x: table }, { shape: [3, 2] });
    expect(y).toEqual({ shape: [3, 2], data: [1, 2, 3, 4, 5, 6] });
  });

  it('transpose', () => {
    const y = evaluate('transpose', { x: table }, { perm: [1, 0] });
    expect(y).toEqual({ shape: [3, 2], data: [1, 4, 2, 5, 3, 6] });
  });

  it('expand repeats', () => {
    const x = floatTensor([2, 1], [1, 2]);
    const y = evaluate('expand', { x }, { shape: [2, 2, 2] });
    expect(y).toEqual({ shape: [2, 2, 2], data: [1, 1, 2, 2, 1, 1, 2, 2] });
  });

  it('concat joins along an axis', () => {
    const x1 = floatTensor([2, 1], [9, 8]);
    const y = evaluate('concat', { x0: table, x1 }, { axis: 1 });
    expect(y).toEqual({ shape: [2, 4], data: [1, 2, 3, 9, 4, 5, 6, 8] });
  });

  it('slice, backwards and with gaps', () => {
    const ranges = [
      { start: 1, step: -1 },
      { start: 0, step: 2 },
    ];
    const y = evaluate('slice', { x: table }, { ranges, sizes: [2, 2] });
    expect(y).toEqual({ shape: [2, 2], data: [4, 6, 1, 3] });
  });

  it('unslice lays the same elements into zeros', () => {
    const ranges = [
      { start: 1, step: -1 },
      { start: 0, step: 2 },
    ];
    const x = floatTensor([2, 2], [4, 6, 1, 3]);
    const y = evaluate('unslice', { x }, { ranges, shape: [2, 3] });
    expect(y).toEqual({ shape: [2, 3], data: [1, 0, 3, 4, 0, 6] });
  });

  it('pad surrounds with a value', () => {
    const x = floatTensor([1, 2], [1, 2]);
    const y = evaluate('pad', { x }, { before: [1, 0], after: [0, 1], value: 7 });
    expect(y).toEqual({ shape: [2, 3], data: [7, 7, 7, 1, 2, 7] });
  });
});

describe('batches', () => {
  it('pass through where they stay whole', () => {
    expect(infer('reshape', { x: float(N, 4, 2) }, { shape: [batchDim('N', 4), 2] })).toBe(
      'float32[4·N, 2]',
    );
    expect(infer('transpose', { x: float(N, 3) }, { perm: [1, 0] })).toBe('float32[3, N]');
    expect(infer('expand', { x: float(N, 1) }, { shape: [N, 5] })).toBe('float32[N, 5]');
    expect(infer('concat', { x0: float(N, 1), x1: float(N, 2) }, { axis: 1 })).toBe(
      'float32[N, 3]',
    );
    expect(infer('pad', { x: float(N, 2) }, { before: [0, 1], after: [0, 1], value: 0 })).toBe(
      'float32[N, 4]',
    );
  });
});

describe('refusals', () => {
  const whole = { start: 0, step: 1 };
  it.each<[string, OpKind, Record<string, TensorType>, object, string]>([
    [
      'a reshape to another count',
      'reshape',
      { x: float(2, 3) },
      { shape: [4] },
      'reshape "here": [4] does not hold the elements of float32[2, 3]',
    ],
    [
      'a reshape that splits the batch',
      'reshape',
      { x: float(N, 3) },
      { shape: [3] },
      '[3] does not hold the elements of float32[N, 3]',
    ],
    [
      'a transposition that repeats an axis',
      'transpose',
      { x: float(2, 3) },
      { perm: [0, 0] },
      'transpose "here": [0, 0] is no permutation of the axes of float32[2, 3]',
    ],
    [
      'an expansion that is none',
      'expand',
      { x: float(2, 3) },
      { shape: [4, 3] },
      'expand "here": float32[2, 3] does not broadcast to [4, 3]',
    ],
    [
      'parts of different sizes',
      'concat',
      { x0: float(2, 3), x1: float(3, 3) },
      { axis: 1 },
      'concat "here": x1 does not fit x0 off axis 1\n  x0: float32[2, 3]\n  x1: float32[3, 3]',
    ],
    [
      'a join of batches',
      'concat',
      { x0: float(N), x1: float(N) },
      { axis: 0 },
      'concat "here": cannot join along the batch axis',
    ],
    [
      'a slice beyond the end',
      'slice',
      { x: float(2, 3) },
      { ranges: [whole, { start: 1, step: 1 }], sizes: [2, 3] },
      'slice "here": axis 1 has 3 elements, the slice asks for 1 to 3',
    ],
    [
      'a slice before the start',
      'slice',
      { x: float(3) },
      { ranges: [{ start: 1, step: -1 }], sizes: [3] },
      'asks for 1 to -1',
    ],
    [
      'a slice of the batch',
      'slice',
      { x: float(N, 3) },
      { ranges: [{ start: 1, step: 1 }, whole], sizes: [N, 3] },
      'slice "here": cannot cut along the batch axis 0',
    ],
    [
      'padding of the batch',
      'pad',
      { x: float(N, 3) },
      { before: [1, 0], after: [0, 0], value: 0 },
      'pad "here": cannot pad the batch axis 0',
    ],
    [
      'negative padding',
      'pad',
      { x: float(3) },
      { before: [-1], after: [0], value: 0 },
      'pad "here": negative padding is a slice',
    ],
  ])('%s', (_, kind, inputs, attrs, message) => {
    const act = (): string => infer(kind, inputs, attrs);
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(message);
  });
});

describe('gradients', () => {
  const x = randomTensor([2, 3, 4], 1);
  checkGradients('reshape', [{ name: 'flattened', inputs: { x }, attrs: { shape: [6, 4] } }]);
  checkGradients('transpose', [{ name: 'turned', inputs: { x }, attrs: { perm: [2, 0, 1] } }]);
  checkGradients('expand', [
    {
      name: 'an axis in front and one within',
      inputs: { x: randomTensor([3, 1], 2) },
      attrs: { shape: [2, 3, 4] },
    },
  ]);
  checkGradients('concat', [
    {
      name: 'three parts',
      inputs: { x0: x, x1: randomTensor([2, 1, 4], 3), x2: randomTensor([2, 2, 4], 4) },
      attrs: { axis: 1 },
    },
  ]);
  const ranges = [
    { start: 1, step: -1 },
    { start: 2, step: -2 },
    { start: 1, step: 1 },
  ];
  checkGradients('slice', [
    { name: 'all ways', inputs: { x }, attrs: { ranges, sizes: [2, 2, 3] } },
  ]);
  checkGradients('unslice', [
    {
      name: 'all ways',
      inputs: { x: randomTensor([2, 2, 3], 5) },
      attrs: { ranges, shape: [2, 3, 4] },
    },
  ]);
  checkGradients('pad', [
    { name: 'both sides', inputs: { x }, attrs: { before: [0, 1, 2], after: [1, 0, 1], value: 5 } },
  ]);
});
