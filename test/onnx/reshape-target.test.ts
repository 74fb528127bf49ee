import { describe, expect, test } from 'vitest';
import { batchDim, formatShape, type Shape } from '../../src-ts/core/shape.ts';
import { resolveReshape } from '../../src-ts/onnx/reshape-target.ts';

const N = batchDim('N');
const resolve = (from: Shape, to: Shape, fileBatch = 1): string => {
  const resolved = resolveReshape(from, to, { fileBatch });
  return typeof resolved === 'string' ? resolved : formatShape(resolved);
};

describe('a reshape target', () => {
  test.each<[Shape, Shape, string]>([
    [[2, 3, 4], [0, -1], '[2, 12]'],
    [[N, 3, 4], [1, 12], '[N, 12]'],
    [[N, 3, 4], [1, -1], '[N, 12]'],
    [[N, 3, 4], [-1, 4], '[3·N, 4]'],
    [[N, 3, 4], [N, -1], '[N, 12]'],
    [[N, 12], [1, 1, 3, -1], '[N, 1, 3, 4]'],
    [[batchDim('N', 6), 4], [1, 2, 3, 4], '[N, 2, 3, 4]'],
    [[N, 24], [6, 4], '[6·N, 4]'],
    [[3, N, 4], [3, 2, 2], '[3, 2·N, 2]'],
    [[3, N, 4], [-1, N, 2, 2], '[3, N, 2, 2]'],
  ])('from %j to %j', (from, to, expected) => {
    expect(resolve(from, to)).toBe(expected);
  });

  test('of a file with a batch of 4 gives each image its share', () => {
    expect(resolve([N, 3, 4], [4, 12], 4)).toBe('[N, 12]');
    expect(resolve([N, 3, 4], [8, 6], 4)).toBe('[2·N, 6]');
  });

  test('that would interleave images is refused', () => {
    const refusal =
      "no dimension of the target can take the batch and keep each image's elements together";
    expect(resolve([3, N, 4], [12])).toBe(refusal);
    expect(resolve([3, N, 4], [N, 12])).toBe(refusal);
    expect(resolve([batchDim('N', 2), 3], [3, N, 2])).toBe(refusal);
  });

  test('with too many elements is refused', () => {
    expect(resolve([2, 3], [4])).toBe('the input has 6 elements, the target takes 4');
    expect(resolve([2, 3], [-1, -1])).toBe('the target has more than one -1');
  });
});
