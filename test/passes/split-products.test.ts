import { expect, it } from 'vitest';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { splitProducts } from '../../src-ts/passes/split-products.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

const [DEPTH, WIDTH] = [3, 150];

function product(transposeB: boolean): Graph {
  const builder = new GraphBuilder();
  const a = builder.input('x', { dtype: 'float32', shape: [2, DEPTH] });
  const shape = transposeB ? [WIDTH, DEPTH] : [DEPTH, WIDTH];
  const b = builder.constant(randomTensor(shape, 1));
  const dense = builder.emit('matmul', { a, b }, { transposeA: false, transposeB }, 'dense');
  builder.output('y', builder.emit('relu', { x: dense }, {}));
  return builder.finish();
}

const sizesOf = (graph: Graph): (readonly number[])[] =>
  [...graph.constants.values()].map(({ shape }) => shape);

it.each([false, true])('cuts columns, transposed: %s, and joins the results', (transposed) => {
  const graph = product(transposed);
  const cut = splitProducts(graph, 4 * DEPTH * 64);
  const kinds = cut.nodes.map(({ kind }) => kind);
  expect(kinds).toEqual(['matmul', 'matmul', 'matmul', 'concat', 'relu']);
  const widths = [64, 64, 22];
  expect(sizesOf(cut)).toEqual(widths.map((n) => (transposed ? [n, DEPTH] : [DEPTH, n])));
  const x = floatTensor([2, DEPTH], [1, 2, 3, -4, 5, 6]);
  expect(interpret(cut, { x })).toEqual(interpret(graph, { x }));
});

it('leaves a graph alone whose weights are small enough', () => {
  const graph = product(false);
  expect(splitProducts(graph, 4 * DEPTH * WIDTH)).toBe(graph);
});
