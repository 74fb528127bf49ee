import { describe, expect, test } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { formatGraph } from '../../src-ts/graph/print.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { foldAffine } from '../../src-ts/passes/fold-affine.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

type Build = (builder: GraphBuilder, x: ValueId) => ValueId;

function graphOf(shape: readonly number[], build: Build): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'float32', shape: [batchDim('N'), ...shape] });
  builder.output('y', build(builder, x));
  return pruneGraph(builder.finish());
}

const conv: Build = (builder, x) => {
  const w = builder.constant(randomTensor([3, 2, 2, 2], 1));
  const two = [2, 2];
  const attrs = { kernel: two, strides: [1, 1], dilations: [1, 1], padsBegin: [0, 0], groups: 1 };
  return builder.emit('conv', { x, w }, { ...attrs, outputSize: two }, 'conv');
};

function dense(transposeB: boolean): Build {
  return (builder, a) => {
    const b = builder.constant(randomTensor(transposeB ? [3, 4] : [4, 3], 2));
    return builder.emit('matmul', { a, b }, { transposeA: false, transposeB }, 'dense');
  };
}

/** ((2 − y · s) / d) + t with constants of `shape`. */
function chain(head: Build, shape: readonly number[]): Build {
  return (builder, x) => {
    const constant = (seed: number): ValueId => builder.constant(randomTensor(shape, seed));
    const scaled = builder.emit('mul', { a: constant(5), b: head(builder, x) }, {}, 'mul');
    const negated = builder.emit('sub', { a: builder.scalar(2), b: scaled }, {}, 'sub');
    const divided = builder.emit('div', { a: negated, b: constant(6) }, {}, 'div');
    return builder.emit('add', { a: divided, b: constant(7) }, {}, 'add');
  };
}

function expectSameFunction(graph: Graph, shape: readonly number[]): void {
  const x = randomTensor([2, ...shape], 9);
  const [before, after] = [
    interpret(graph, { x })['y']!,
    interpret(foldAffine(graph), { x })['y']!,
  ];
  const scale = Math.max(...Array.from(before.data, Math.abs));
  before.data.forEach((value, i) => {
    expect(Math.abs(after.data[i]! - value)).toBeLessThan(1e-6 * scale);
  });
}

describe('factors and sums per channel', () => {
  test('after a convolution go into its weights and bias', () => {
    const graph = graphOf([2, 3, 3], chain(conv, [3, 1, 1]));
    expectSameFunction(graph, [2, 3, 3]);
    expect(foldAffine(graph).nodes.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'conv conv',
    ]);
  });

  test.each([true, false])('after a product go into its weights (transposed: %s)', (transposeB) => {
    const graph = graphOf([4], chain(dense(transposeB), [3]));
    expectSameFunction(graph, [4]);
    expect(foldAffine(graph).nodes.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'matmul dense',
      'add add',
    ]);
  });

  test('are exact for a worked example', () => {
    const graph = graphOf([1], (builder, a) => {
      const b = builder.constant(floatTensor([1, 2], [3, 5]));
      const y = builder.emit('matmul', { a, b }, { transposeA: false, transposeB: false });
      const scaled = builder.emit('mul', { a: y, b: builder.scalar(2) }, {});
      return builder.emit('sub', { a: scaled, b: builder.scalar(1) }, {});
    });
    const constants = [...foldAffine(graph).constants.values()].map(({ data }) => [...data]);
    expect(constants).toEqual([
      [-1, -1],
      [6, 10],
    ]);
  });
});

describe('left alone are', () => {
  const unchanged = (graph: Graph): void => {
    expect(formatGraph(foldAffine(graph))).toBe(formatGraph(graph));
  };

  test('a value that two nodes read', () => {
    unchanged(
      graphOf([2, 3, 3], (builder, x) => {
        const y = conv(builder, x);
        const scaled = builder.emit('mul', { a: y, b: builder.scalar(2) }, {});
        return builder.emit('add', { a: scaled, b: y }, {});
      }),
    );
  });

  test('a constant that varies within a channel', () => {
    unchanged(
      graphOf([2, 3, 3], (builder, x) => {
        const map = builder.constant(randomTensor([2, 2], 3));
        return builder.emit('mul', { a: conv(builder, x), b: map }, {});
      }),
    );
  });

  test('the sum that is a product’s own bias', () => {
    unchanged(
      graphOf([4], (builder, x) => {
        const bias = builder.constant(randomTensor([3], 4));
        return builder.emit('add', { a: dense(false)(builder, x), b: bias }, {});
      }),
    );
  });

  test('a factor that is not finite', () => {
    unchanged(
      graphOf([2, 3, 3], (builder, x) =>
        builder.emit('div', { a: conv(builder, x), b: builder.scalar(0) }, {}),
      ),
    );
  });
});
