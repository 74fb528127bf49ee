// Building, printing, pruning and inlining graphs.
import { describe, expect, it } from 'vitest';
import { InternalError, ShapeError } from '../../src-ts/core/errors.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, scalar } from '../../src-ts/core/tensor.ts';
import { inputIds, outputNamed, typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import { formatGraph } from '../../src-ts/graph/print.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';

function sketch(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [batchDim('N'), 3] });
  const w = b.constant(floatTensor([3], [1, 2, 3]));
  b.emit('exp', { x: b.constant(scalar(9)) }, {}, 'dead');
  const y = b.emit('mul', { a: x, b: w }, {}, 'scale');
  const ranges = [
    { start: 0, step: 1 },
    { start: 2, step: -1 },
  ];
  b.output('y', b.emit('slice', { x: y }, { ranges, sizes: [batchDim('N'), 2] }));
  return b.finish();
}

describe('a graph', () => {
  it('prints one node a line', () => {
    expect(formatGraph(sketch())).toBe(
      [
        '%0 = input "x" : float32[N, 3]',
        '%1 = constant : float32[3]',
        '%2 = constant : float32[]',
        '%3 = exp(x %2) : float32[]  # dead',
        '%4 = mul(a %0, b %1) : float32[N, 3]  # scale',
        '%5 = slice(x %4) {ranges [{start 0, step 1}, {start 2, step -1}], sizes [N, 2]} : float32[N, 2]',
        'output "y" = %5',
      ].join('\n'),
    );
  });

  it('loses dead nodes and their constants, never its inputs', () => {
    const pruned = pruneGraph({ ...sketch(), outputs: [{ name: 'w', id: 1 as ValueId }] });
    expect(formatGraph(pruned)).toBe(
      ['%0 = input "x" : float32[N, 3]', '%1 = constant : float32[3]', 'output "w" = %1'].join(
        '\n',
      ),
    );
    const live = pruneGraph(sketch());
    expect(live.nodes.map(({ kind }) => kind)).toEqual(['mul', 'slice']);
    expect([...live.constants.keys()]).toEqual([1]);
    expect([...live.types.keys()]).toEqual([0, 1, 4, 5]);
  });

  it('is refused at the node that is wrong', () => {
    const b = new GraphBuilder();
    const x = b.input('x', { dtype: 'float32', shape: [3] });
    const y = b.constant(floatTensor([2], [1, 2]));
    expect(() => b.emit('add', { a: x, b: y }, {}, 'sum')).toThrow(ShapeError);
    expect(() => b.emit('add', { a: x, b: 99 as ValueId }, {})).toThrow('%99 is not of this graph');
  });

  it('enters a constant once', () => {
    const b = new GraphBuilder();
    const w = floatTensor([2], [1, 2]);
    expect(b.constant(w)).toBe(b.constant(w));
    expect(b.scalar(0.5)).toBe(b.scalar(0.5));
    expect(b.constant(floatTensor([2], [1, 2]))).not.toBe(b.constant(w));
  });

  it('is copied into another, its inputs bound', () => {
    const b = new GraphBuilder();
    const image = b.input('image', { dtype: 'float32', shape: [batchDim('P'), 3] });
    expect(() => b.inline(sketch(), {})).toThrow('graph input "x" is not bound');
    const other = new GraphBuilder();
    const half = other.emit(
      'mul',
      { a: other.input('image', b.typeOf(image)), b: other.scalar(0.5) },
      {},
    );
    // Ranges and sizes name the symbol of the graph they were made for.
    expect(() => other.inline(sketch(), { x: half })).toThrow(ShapeError);
    const same = new GraphBuilder();
    const x = same.input('image', { dtype: 'float32', shape: [batchDim('N'), 3] });
    const moved = same.inline(sketch(), { x: same.emit('neg', { x }, {}) });
    same.output('y', moved.get(5 as ValueId)!);
    const graph = pruneGraph(same.finish());
    expect(graph.nodes.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      'neg ',
      'mul scale',
      'slice ',
    ]);
  });

  it('finds its values by name and id', () => {
    const graph = sketch();
    expect(outputNamed(graph, 'y')).toBe(5);
    expect(() => outputNamed(graph, 'z')).toThrow('graph has no output "z"');
    expect(inputIds(graph.nodes[1]!)).toEqual([0, 1]);
    expect(() => typeOf(graph, 77 as ValueId)).toThrow(InternalError);
  });
});
