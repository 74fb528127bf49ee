// Rows by index tables: literal values and refusals. (None has a gradient: they are what gradients
// and attacks are built with.)
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src-ts/core/errors.ts';
import { batchDim, formatType, type Dim, type TensorType } from '../../src-ts/core/shape.ts';
import { floatTensor, intTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder, opDef } from '../../src-ts/ops/builder.ts';
import type { OpKind } from '../../src-ts/graph/op-set.ts';
import { interpret } from '../reference/interpreter.ts';

const N = batchDim('N');
const M = batchDim('M');
const float = (...shape: readonly Dim[]): TensorType => ({ dtype: 'float32', shape });
const int = (...shape: readonly Dim[]): TensorType => ({ dtype: 'int32', shape });

function evaluate(
  kind: OpKind,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: object = {},
): { shape: readonly number[]; data: number[] } {
  const builder = new GraphBuilder();
  const ids = Object.entries(inputs).map(([name, { dtype, shape }]) => [
    name,
    builder.input(name, { dtype, shape }),
  ]);
  builder.output('y', builder.emit(kind, Object.fromEntries(ids) as never, attrs));
  const { shape, data } = interpret(builder.finish(), inputs)['y']!;
  return { shape, data: [...data] };
}

const x = floatTensor([3, 2], [1, 2, 3, 4, 5, 6]);

describe('worked examples', () => {
  it('rows repeats, reorders and leaves out', () => {
    const index = intTensor([4], [2, 0, 0, 2]);
    expect(evaluate('rows', { x, index }, { axis: 0 })).toEqual({
      shape: [4, 2],
      data: [5, 6, 1, 2, 1, 2, 5, 6],
    });
    expect(evaluate('rows', { x, index: intTensor([1], [1]) }, { axis: 1 })).toEqual({
      shape: [3, 1],
      data: [2, 4, 6],
    });
  });

  it('update_rows replaces', () => {
    const rows = floatTensor([2, 2], [10, 20, 30, 40]);
    expect(evaluate('update_rows', { x, index: intTensor([2], [2, 0]), rows })).toEqual({
      shape: [3, 2],
      data: [30, 40, 3, 4, 10, 20],
    });
  });

  it('compact keeps the order and counts', () => {
    const values = intTensor([4], [7, 8, 9, 6]);
    const keep = (...flags: number[]): Tensor => tensor('bool', [4], Int32Array.from(flags));
    expect(evaluate('compact', { values, keep: keep(0, 1, 0, 1) }, { symbol: 'M' })).toEqual({
      shape: [2],
      data: [8, 6],
    });
    expect(evaluate('compact', { values, keep: keep(0, 0, 0, 0) }, { symbol: 'M' }).shape).toEqual([
      0,
    ]);
  });

  it('take_along picks within each row', () => {
    const index = intTensor([3, 1], [1, 0, 1]);
    expect(evaluate('take_along', { x, index })).toEqual({ shape: [3, 1], data: [2, 3, 6] });
  });

  it('iota counts', () => {
    expect(evaluate('iota', {}, { size: 3 })).toEqual({ shape: [3], data: [0, 1, 2] });
  });
});

describe('types', () => {
  const infer = (kind: OpKind, inputs: Record<string, TensorType>, attrs: object = {}): string =>
    formatType(opDef(kind).infer(inputs, attrs, 'here'));

  it('follow the table', () => {
    expect(infer('rows', { x: float(N, 3), index: int(M) }, { axis: 0 })).toBe('float32[M, 3]');
    expect(infer('compact', { values: int(N), keep: int(N) }, { symbol: 'L' })).toBe('int32[L]');
    expect(infer('update_rows', { x: float(N, 3), index: int(M), rows: float(M, 3) })).toBe(
      'float32[N, 3]',
    );
    expect(infer('iota', {}, { size: M })).toBe('int32[M]');
  });

  it.each<[OpKind, Record<string, TensorType>, object, string]>([
    [
      'rows',
      { x: float(N, 3), index: int(M, 1) },
      { axis: 0 },
      'rows "here": wants an index list and an axis of x, got axis 0\n' +
        '  x: float32[N, 3]\n  index: int32[M, 1]',
    ],
    ['rows', { x: float(N, 3), index: int(M) }, { axis: 2 }, 'got axis 2'],
    [
      'update_rows',
      { x: float(N, 3), index: int(M), rows: float(M, 4) },
      {},
      'update_rows "here": rows must be like those of x, one for each index',
    ],
    ['update_rows', { x: float(N, 3), index: int(M), rows: float(N, 3) }, {}, 'one for each index'],
    [
      'compact',
      { values: int(N), keep: int(M) },
      { symbol: 'L' },
      'compact "here": wants a list and a flag for each entry\n  values: int32[N]\n  keep: int32[M]',
    ],
    [
      'take_along',
      { x: float(N, 3), index: int(M, 1) },
      {},
      'take_along "here": wants two matrices with as many rows',
    ],
  ])('%s refuses what does not fit', (kind, inputs, attrs, message) => {
    const act = (): string => infer(kind, inputs, attrs);
    expect(act).toThrow(ShapeError);
    expect(act).toThrow(message);
  });
});
