// Shapes with a symbolic batch, tensors, errors.
import { describe, expect, it } from 'vitest';
import {
  DeviceLimitError,
  EngineError,
  ImageError,
  InternalError,
  messageOf,
  UnsupportedOpError,
} from '../../src-ts/core/errors.ts';
import {
  batchDim,
  broadcastShapes,
  elementCount,
  findBatch,
  formatType,
  isStatic,
  normalizeAxis,
  productOf,
  resolveShape,
  sameShape,
  stridesOf,
  type Shape,
} from '../../src-ts/core/shape.ts';
import { allocate, floatTensor, scalar, tensor } from '../../src-ts/core/tensor.ts';

const N = batchDim('N');

describe('shapes', () => {
  it('are printed as people write them', () => {
    const type = { dtype: 'float32', shape: [batchDim('N', 4), 3, 224] } as const;
    expect(formatType(type)).toBe('float32[4·N, 3, 224]');
    expect(formatType({ dtype: 'bool', shape: [] })).toBe('bool[]');
  });

  it('are the same when sizes, symbols and multiples are', () => {
    expect(sameShape([N, 3], [batchDim('N'), 3])).toBe(true);
    expect(sameShape([N], [batchDim('N', 2)])).toBe(false);
    expect(sameShape([N], [batchDim('M')])).toBe(false);
    expect(sameShape([3], [3, 1])).toBe(false);
    expect(sameShape([N], [3])).toBe(false);
  });

  it('multiply to at most one symbol', () => {
    expect(productOf([2, 3])).toBe(6);
    expect(productOf([2, batchDim('N', 4), 3])).toEqual(batchDim('N', 24));
    expect(() => productOf([N, N])).toThrow('product of two symbolic dimensions in [N, N]');
  });

  it('resolve by the extents of symbols', () => {
    expect(resolveShape([batchDim('N', 4), 3], { N: 5 })).toEqual([20, 3]);
    expect(() => resolveShape([N], { M: 5 })).toThrow(InternalError);
    expect(isStatic([2, 3])).toBe(true);
    expect(isStatic([N, 3])).toBe(false);
    expect(findBatch([3, N])).toEqual({ axis: 1, dim: N });
    expect(findBatch([3])).toBeNull();
  });

  it('lie row by row', () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    expect(elementCount([])).toBe(1);
    expect(normalizeAxis(-1, 3)).toBe(2);
  });

  it.each<[Shape, Shape, Shape | null]>([
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[], [4], [4]],
    [[N, 1], [5], [N, 5]],
    [
      [1, 5],
      [N, 1],
      [N, 5],
    ],
    [[2], [3], null],
    [[N], [2], null],
    [[N], [batchDim('N', 2)], null],
  ])('%j and %j broadcast to %j', (a, b, expected) => {
    expect(broadcastShapes(a, b)).toEqual(expected);
    expect(broadcastShapes(b, a)).toEqual(expected);
  });
});

describe('tensors', () => {
  it('hold what their shape says', () => {
    expect(() => tensor('float32', [2, 3], new Float32Array(5))).toThrow(
      '[2, 3] does not hold 5 elements',
    );
    expect(scalar(2).shape).toEqual([]);
    expect(floatTensor([2], [1, 2]).data).toEqual(Float32Array.of(1, 2));
  });

  it('hold each dtype exactly', () => {
    expect(allocate('float32', 1)).toBeInstanceOf(Float32Array);
    expect(allocate('float32', 1, true)).toBeInstanceOf(Float64Array);
    expect(allocate('int64', 1)).toBeInstanceOf(Float64Array);
    expect(allocate('bool', 1)).toBeInstanceOf(Int32Array);
  });
});

describe('errors', () => {
  it('are named by their class and carry the facts', () => {
    const error = new DeviceLimitError('bytes of one buffer', 300, 200, 'Use a smaller --batch.');
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ name: 'DeviceLimitError', asked: 300, available: 200 });
    expect(error.message).toBe(
      'bytes of one buffer: asked for 300, the adapter gives 200\n  Use a smaller --batch.',
    );
    expect(new ImageError('a.png', 'is empty')).toMatchObject({
      path: 'a.png',
      message: 'a.png: is empty',
    });
  });

  it('list all unsupported operators at once', () => {
    const nodes = [
      { operator: 'Foo', node: 'n1', opset: 13 },
      { operator: 'Bar', node: 'n2', opset: 13, reason: 'mode "cubic"' },
    ];
    const error = new UnsupportedOpError('m.onnx', nodes);
    expect(error.message).toBe(
      'm.onnx: 2 nodes are not supported\n' +
        '  Foo (opset 13) at node "n1"\n  Bar (opset 13) at node "n2": mode "cubic"',
    );
    expect(error.nodes).toEqual(nodes);
  });

  it('of ours say so, and anything thrown has a message', () => {
    expect(new InternalError('x')).not.toBeInstanceOf(EngineError);
    expect(new InternalError('x').message).toBe('x (this is a bug in deepfool-webgpu)');
    expect(messageOf('text')).toBe('text');
  });
});
