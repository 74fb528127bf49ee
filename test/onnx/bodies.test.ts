// Branches with a known condition, and functions that a file defines: imported in the place of the node.
import { describe, expect, test } from 'vitest';
import { ModelError, UnsupportedOpError } from '../../src-ts/core/errors.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { BOOL, FLOAT, onnxFile, type FileSpec, type NodeSpec } from './onnx-file.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

const x = floatTensor([3], [-1, 2, 5]);
const read = (spec: FileSpec): Graph =>
  importOnnxGraph(onnxFile({ inputs: { x: [FLOAT, [3]] }, ...spec }), { name: 'f.onnx' });

const branch = (...nodes: NodeSpec[]): { graph: FileSpec } => ({
  graph: { nodes, outputs: { z: [FLOAT, [3]] } },
});
const condition = (value: number) => ({
  dims: [],
  fields: { dataType: BOOL, int32Data: [value] },
});
const choose = (value: number, ifTrue: NodeSpec, ifFalse: NodeSpec): FileSpec => ({
  constants: { c: condition(value), two: { dims: [], floats: [2] } },
  nodes: [
    { op: 'Neg', in: ['x'], out: ['n'] },
    {
      op: 'If',
      in: ['c'],
      out: ['y'],
      attrs: { then_branch: branch(ifTrue), else_branch: branch(ifFalse) },
    },
  ],
});

describe('If', () => {
  const double: NodeSpec = { op: 'Mul', in: ['n', 'two'], out: ['z'] };
  const relu: NodeSpec = { op: 'Relu', in: ['x'], out: ['z'] };

  test.each([
    [1, [2, -4, -10]],
    [0, [0, 2, 5]],
  ])('takes the branch of its condition, %i, with the names around it', async (value, expected) => {
    const spec = choose(value, double, relu);
    expect([...runGraph(read(spec), { x }).data]).toEqual(expected);
    const bytes = onnxFile({ inputs: { x: [FLOAT, [3]] }, ...spec });
    expectClose(runGraph(read(spec), { x }), await runOnnxruntime(bytes, { x }));
  });

  test('does not mind what the other branch holds', () => {
    const unknown: NodeSpec = { op: 'Nonsense', in: ['x'], out: ['z'] };
    expect([...runGraph(read(choose(0, unknown, relu)), { x }).data]).toEqual([0, 2, 5]);
    const act = (): Graph => read(choose(1, unknown, relu));
    expect(act).toThrow(UnsupportedOpError);
    expect(act).toThrow('1 node is not supported\n  Nonsense (opset 13) at node "z"');
  });

  test('is refused where the image decides', () => {
    const spec = choose(1, double, relu);
    const { c: _, ...constants } = spec.constants!;
    const inputs = { x: [FLOAT, [3]], c: [BOOL, []] } as const;
    const act = (): Graph => read({ ...spec, inputs, constants });
    expect(act).toThrow('If (opset 13) at node "y": its condition is computed from the image');
  });
});

describe('a function of the file', () => {
  /** a · x + b, where b may be left out and the axis of a later sum is the caller's. */
  const functions = [
    {
      name: 'ScaleAndSum',
      in: ['a', 'v', 'b'],
      out: ['s'],
      attributes: ['keep'],
      nodes: [
        { op: 'Mul', in: ['a', 'v'], out: ['p'] },
        { op: 'Sum', in: ['p', 'b'], out: ['q'] },
        { op: 'ReduceSum', in: ['q'], out: ['s'], attrs: { keepdims: { ref: 'keep' } } },
      ],
    },
    {
      name: 'Twice',
      in: ['v'],
      out: ['w'],
      nodes: [
        { op: 'Relu', in: ['v'], out: ['h'] },
        { op: 'ScaleAndSum', domain: 'local', in: ['h', 'v', ''], out: ['w'], attrs: { keep: 0 } },
      ],
    },
  ];

  test('is imported where it is called, functions it calls included', () => {
    const nodes = [{ op: 'Twice', domain: 'local', in: ['x'], out: ['y'] }];
    const y = runGraph(read({ nodes, functions, opset: 15 }), { x });
    expect([y.shape, [...y.data]]).toEqual([[], [29]]);
  });

  test('has an attribute only where the call gives it', () => {
    const nodes = [{ op: 'ScaleAndSum', domain: 'local', in: ['x', 'x', 'x'], out: ['y'] }];
    const y = runGraph(read({ nodes, functions, opset: 15 }), { x });
    expect([y.shape, [...y.data]]).toEqual([[1], [36]]);
  });

  test('whose attribute has a default that cannot be read is refused', () => {
    const [first] = functions;
    const nodes = [{ op: 'ScaleAndSum', domain: 'local', in: ['x', 'x', 'x'], out: ['y'] }];
    const act = (): Graph => read({ nodes, functions: [{ ...first!, attributes: [] }] });
    expect(act).toThrow('the default of its attribute "keep"');
  });

  test('that calls itself, or multiplies without end, is refused', () => {
    const call = (op: string, input: string, out: string): NodeSpec => ({
      ...{ op, domain: 'local', in: [input], out: [out] },
    });
    const nodes = [call('F0', 'x', 'y')];
    const circle = [{ name: 'F0', in: ['a'], out: ['b'], nodes: [call('F0', 'a', 'b')] }];
    expect(() => read({ nodes, functions: circle })).toThrow(ModelError);
    const doubling = Array.from({ length: 30 }, (_, i) => ({
      name: `F${i}`,
      in: ['a'],
      out: ['b'],
      nodes: [call(`F${i + 1}`, 'a', 'h'), call(`F${i + 1}`, 'h', 'b')],
    }));
    const last = {
      name: 'F30',
      in: ['a'],
      out: ['b'],
      nodes: [{ op: 'Neg', in: ['a'], out: ['b'] }],
    };
    const act = (): Graph => read({ nodes, functions: [...doubling, last] });
    expect(act).toThrow('functions or branches lie in each other too deeply');
  });
});
