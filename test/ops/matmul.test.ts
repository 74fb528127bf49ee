import { describe, expect, it } from 'vitest';
import { batchDim, type Shape } from '../../src-ts/core/shape.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { checkGradients } from '../reference/finite-differences.ts';
import { evaluateOp } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const plain = { transposeA: false, transposeB: false };

describe('matmul', () => {
  const a = floatTensor([2, 3], [1, 2, 3, 4, 5, 6]);

  it('multiplies rows by columns', () => {
    const b = floatTensor([3, 2], [1, 0, 0, 1, 10, 100]);
    const y = evaluateOp('matmul', { a, b }, plain);
    expect([...y.data]).toEqual([31, 302, 64, 605]);
  });

  it('reads either operand transposed', () => {
    const b = floatTensor([2, 3], [1, 0, 10, 0, 1, 100]);
    const right = evaluateOp('matmul', { a, b }, { transposeA: false, transposeB: true });
    expect([...right.data]).toEqual([31, 302, 64, 605]);
    const left = evaluateOp('matmul', { a, b }, { transposeA: true, transposeB: false });
    expect([...left.data]).toEqual([1, 4, 410, 2, 5, 520, 3, 6, 630]);
  });

  it('broadcasts leading axes', () => {
    const rows = floatTensor([2, 1, 1], [2, 3]);
    const b = floatTensor([1, 2], [5, 7]);
    const y = evaluateOp('matmul', { a: rows, b }, plain);
    expect(y.shape).toEqual([2, 1, 2]);
    expect([...y.data]).toEqual([10, 14, 15, 21]);
  });

  const refusal = (left: Shape, right: Shape, label = ''): (() => unknown) => {
    const builder = new GraphBuilder();
    const ids = {
      a: builder.input('a', { dtype: 'float32', shape: left }),
      b: builder.input('b', { dtype: 'float32', shape: right }),
    };
    return () => builder.emit('matmul', ids, plain, label);
  };

  it('refuses rows and columns of different lengths', () => {
    expect(refusal([batchDim('N'), 84], [85, 10], 'fc3')).toThrow(
      'matmul "fc3": a has rows of 84 but b has columns of 85\n' +
        '  a: float32[N, 84]\n' +
        '  b: float32[85, 10]',
    );
  });

  it('refuses vectors and batches that do not broadcast', () => {
    expect(refusal([4], [4, 2])).toThrow('matmul: a must have rank 2 or more, but has 1');
    expect(refusal([2, 5, 4], [3, 4, 2])).toThrow('matmul: the leading axes do not broadcast');
  });
});

checkGradients('matmul', [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`,
      attrs: { transposeA, transposeB },
      inputs: {
        a: randomTensor(transposeA ? [2, 4, 3] : [2, 3, 4], 1),
        b: randomTensor(transposeB ? [2, 5, 4] : [2, 4, 5], 2),
      },
    })),
  ),
  {
    name: 'b without a batch',
    ...{ attrs: plain, inputs: { a: randomTensor([2, 3, 4, 3], 1), b: randomTensor([3, 2], 2) } },
  },
  {
    name: 'batches of size 1',
    ...{ attrs: plain, inputs: { a: randomTensor([1, 4, 3], 1), b: randomTensor([2, 3, 2], 2) } },
  },
]);
