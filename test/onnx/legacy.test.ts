// Forms of nodes that opsets before 9 wrote, each read as what it meant then.
import { expect, it } from 'vitest';
import { formatShape } from '../../src-ts/core/shape.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { interpret } from '../reference/interpreter.ts';
import { FLOAT, floats, ints, onnxFile, type FileSpec, type NodeSpec } from './onnx-file.ts';

/** `y` for x = 1, 2, 3, … of shape [1, 2, 2] or as given, as "shape: numbers". */
function run(
  opset: number,
  node: Omit<NodeSpec, 'out'>,
  constants: NonNullable<FileSpec['constants']> = {},
  shape: readonly number[] = [1, 2, 2],
): string {
  const bytes = onnxFile({
    opset,
    inputs: { x: [FLOAT, shape] },
    nodes: [{ ...node, out: ['y'] }],
    constants,
  });
  const graph = importOnnxGraph(bytes, { name: 'old.onnx' });
  const count = shape.reduce((product, dim) => product * dim, 1);
  const x = floatTensor(
    shape,
    Array.from({ length: count }, (_, i) => i + 1),
  );
  const { y } = interpret(graph, { x });
  return `${formatShape(y!.shape)}: ${Array.from(y!.data).join(' ')}`;
}

const tens = { b: floats([2], [10, 20]) };

it('aligns a broadcast operand with the axis named', () => {
  const attrs = { broadcast: 1, axis: 1 };
  expect(run(6, { op: 'Add', in: ['x', 'b'], attrs }, tens)).toBe('[1, 2, 2]: 11 12 23 24');
});

it('aligns a broadcast operand with the last axes when none is named', () => {
  const node = { op: 'Mul', in: ['x', 'b'], attrs: { broadcast: 1 } };
  expect(run(6, node, tens)).toBe('[1, 2, 2]: 10 40 30 80');
});

it('refuses a broadcast operand that reaches beyond the first', () => {
  const node = { op: 'Add', in: ['x', 'b'], attrs: { broadcast: 1, axis: 2 } };
  const long = { b: floats([2, 2], [1, 2, 3, 4]) };
  expect(() => run(6, node, long)).toThrow('axis 2 leaves no room for its second operand');
});

it('takes `axis` of a sum for an error where opsets have none', () => {
  const node = { op: 'Add', in: ['x', 'b'], attrs: { broadcast: 1, axis: 1 } };
  expect(() => run(7, node, tens)).toThrow('attribute "broadcast"');
});

it('ignores hints of opset 1 on any operator', () => {
  const node = { op: 'Relu', in: ['x'], attrs: { consumed_inputs: [0] } };
  expect(run(5, node)).toBe('[1, 2, 2]: 1 2 3 4');
});

it('reads a product with a broadcast sum', () => {
  const constants = { w: floats([2, 1], [1, 1]), b: floats([1], [10]) };
  const node = { op: 'Gemm', in: ['x', 'w', 'b'], attrs: { broadcast: 1 } };
  expect(run(6, node, constants, [2, 2])).toBe('[2, 1]: 13 17');
});

it('reads normalisation and dropout of a test run', () => {
  const constants = {
    one: floats([2], [1, 1]),
    zero: floats([2], [0, 0]),
  };
  const bn = {
    op: 'BatchNormalization',
    in: ['x', 'one', 'zero', 'zero', 'one'],
    attrs: { is_test: 1, spatial: 1, epsilon: { float: 3 }, consumed_inputs: [0, 0, 0, 1, 1] },
  };
  expect(run(6, bn, constants)).toBe('[1, 2, 2]: 0.5 1 1.5 2');
  expect(run(6, { op: 'Dropout', in: ['x'], attrs: { is_test: 1 } })).toBe('[1, 2, 2]: 1 2 3 4');
});

it('gives each channel its slope', () => {
  const constants = { s: floats([2], [2, 3]), w: floats([1], [-1]) };
  const bytes = onnxFile({
    opset: 6,
    inputs: { x: [FLOAT, [1, 2, 2]] },
    nodes: [
      { op: 'Neg', in: ['x'], out: ['n'] },
      { op: 'PRelu', in: ['n', 's'], out: ['y'] },
    ],
    constants,
  });
  const x = floatTensor([1, 2, 2], [1, 2, 3, 4]);
  const { y } = interpret(importOnnxGraph(bytes, { name: 'old.onnx' }), { x });
  expect(Array.from(y!.data)).toEqual([-2, -4, -9, -12]);
});

it('joins along the second axis by default', () => {
  expect(run(3, { op: 'Concat', in: ['x', 'x'] })).toBe('[1, 4, 2]: 1 2 3 4 1 2 3 4');
});

it('casts to a type given by name', () => {
  expect(run(5, { op: 'Cast', in: ['x'], attrs: { to: 'INT32' } })).toBe('[1, 2, 2]: 1 2 3 4');
  const node = { op: 'Cast', in: ['x'], attrs: { to: 'QUATERNION' } };
  expect(() => run(5, node)).toThrow('to "QUATERNION"');
});

it('repeats along one axis', () => {
  const constants = { t: ints(2), a: ints(1) };
  expect(run(1, { op: 'Tile', in: ['x', 't', 'a'] }, constants)).toBe('[1, 4, 2]: 1 2 3 4 1 2 3 4');
});

it('takes the target of a reshape and the padding as attributes', () => {
  expect(run(1, { op: 'Reshape', in: ['x'], attrs: { shape: [4, -1] } })).toBe('[4, 1]: 1 2 3 4');
  const pad = { op: 'Pad', in: ['x'], attrs: { paddings: [0, 0, 1, 0, 0, 0] } };
  expect(run(1, pad)).toBe('[1, 2, 3]: 0 1 2 0 3 4');
});
