// Classifiers of every layout, read from tiny files: what the graph becomes, and what is said about it.
import { describe, expect, test } from 'vitest';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { formatGraph } from '../../src-ts/graph/print.ts';
import { importOnnx, type ImportedModel } from '../../src-ts/onnx/import-onnx.ts';
import { randomTensor } from '../reference/random.ts';
import {
  DOUBLE,
  FLOAT,
  INT64,
  floats,
  ints,
  onnxFile,
  pattern,
  type FileSpec,
  type NodeSpec,
} from './onnx-file.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

type Shape3 = readonly [number, number, number];

const read = (spec: FileSpec, imageShape: Shape3 | null = null): ImportedModel =>
  importOnnx(onnxFile(spec), { name: 'tiny.onnx', imageShape });

const flattenAndMultiply: FileSpec = {
  inputs: { x: [FLOAT, [1, 2, 2, 2]] },
  constants: { w: pattern(8, 3) },
  nodes: [
    { op: 'Reshape', in: ['x', 'to'], out: ['flat'] },
    { op: 'MatMul', in: ['flat', 'w'], out: ['y'], name: 'dense' },
  ],
};

/** Image i of a batch, as a batch of one. */
function imageOf(batch: Tensor, i: number): Tensor {
  const [, ...rest] = batch.shape;
  const size = batch.data.length / batch.shape[0]!;
  return floatTensor([1, ...rest], batch.data.slice(i * size, (i + 1) * size));
}

/** Two images at once equal onnxruntime's two runs with one. */
async function expectBatchEqualsSingles(spec: FileSpec, model: ImportedModel): Promise<void> {
  const { channels, height, width } = model.inputShape;
  const images = randomTensor([2, channels, height, width], 3);
  const ours = runGraph(model.graph, { image: images });
  for (const i of [0, 1]) {
    const theirs = await runOnnxruntime(onnxFile(spec), { x: imageOf(images, i) });
    expectClose(imageOf(ours, i), theirs);
  }
}

describe('a classifier', () => {
  test('becomes a graph from "image" to "logits", its softmax stepped over', () => {
    const model = read({
      inputs: { x: [FLOAT, ['batch', 1, 3, 3]] },
      constants: { w: pattern(2, 1, 2, 2), s: floats([2], [1, 2]), b: floats([2], [0, 1]) },
      nodes: [
        { op: 'Conv', in: ['x', 'w'], out: ['c'], name: 'conv1' },
        { op: 'BatchNormalization', in: ['c', 's', 'b', 'b', 's'], out: ['n'], name: 'bn1' },
        { op: 'Relu', in: ['n'], out: ['r'], name: 'relu1' },
        { op: 'GlobalAveragePool', in: ['r'], out: ['g'], name: 'pool' },
        { op: 'Softmax', in: ['g'], out: ['p'], name: 'prob', attrs: { axis: 1 } },
        { op: 'Flatten', in: ['p'], out: ['y'] },
      ],
    });
    expect(formatGraph(model.graph)).toBe(
      `%0 = input "image" : float32[N, 1, 3, 3]
%1 = constant : float32[2]
%2 = constant : float32[2, 1, 2, 2]
%6 = constant : float32[]
%3 = conv(x %0, w %2, bias %1) {kernel [2, 2], strides [1, 1], dilations [1, 1], padsBegin [0, 0], outputSize [2, 2], groups 1} : float32[N, 2, 2, 2]  # conv1
%4 = relu(x %3) : float32[N, 2, 2, 2]  # relu1
%5 = reduce_sum(x %4) {axes [2, 3]} : float32[N, 2, 1, 1]  # pool
%7 = mul(a %5, b %6) : float32[N, 2, 1, 1]  # pool
%8 = reshape(x %7) {shape [N, 2]} : float32[N, 2]  # y
output "logits" = %8`,
    );
    const { graph: _, ...info } = model;
    expect(info).toEqual({
      name: 'tiny.onnx',
      inputShape: { channels: 1, height: 3, width: 3 },
      classes: 2,
      batchable: true,
      notes: ['Softmax at the end stepped over', '1 BatchNormalization node folded into weights'],
      opset: 13,
      irVersion: 7,
      producer: 'test',
      nodeCount: 6,
      parameters: 10,
    });
  });

  test('keeps Dropout, with its ratio, when it will be trained', () => {
    const spec = (op: NodeSpec): FileSpec => ({
      inputs: { x: [FLOAT, ['N', 2, 1, 1]] },
      outputs: { y: [FLOAT, ['N', 2]] },
      constants: { r: floats([], [0.25]) },
      opset: op.attrs === undefined ? 13 : 11,
      nodes: [op, { op: 'Flatten', in: ['d'], out: ['y'] }],
    });
    const ratioOf = (node: NodeSpec, keepsDropout: boolean): number[] => {
      const bytes = onnxFile(spec(node));
      const { graph } = importOnnx(bytes, { name: 'tiny.onnx', keepsDropout });
      return graph.nodes.flatMap((each) => (each.kind === 'dropout' ? [each.attrs.ratio] : []));
    };
    const drop: NodeSpec = { op: 'Dropout', in: ['x', 'r'], out: ['d'] };
    const old: NodeSpec = {
      op: 'Dropout',
      in: ['x'],
      out: ['d'],
      attrs: { ratio: { float: 0.75 } },
    };
    expect(ratioOf(drop, true)).toEqual([0.25]);
    expect(ratioOf(old, true)).toEqual([0.75]);
    expect(ratioOf({ ...drop, in: ['x'] }, true)).toEqual([0.5]);
    expect(ratioOf(drop, false)).toEqual([]);
  });

  test('with one output is binary, its sigmoid stepped over', () => {
    const model = read({
      inputs: { x: [FLOAT, ['N', 1, 2, 2]] },
      constants: { w: pattern(4, 1) },
      nodes: [
        { op: 'Flatten', in: ['x'], out: ['f'] },
        { op: 'MatMul', in: ['f', 'w'], out: ['m'] },
        { op: 'Sigmoid', in: ['m'], out: ['y'] },
      ],
    });
    expect(model.classes).toBe(1);
    expect(model.notes).toEqual(['Sigmoid at the end stepped over']);
    expect(formatGraph(model.graph)).not.toContain('sigmoid');
  });

  test('with several outputs gives its first scores', () => {
    const model = read({
      inputs: { x: [FLOAT, ['N', 2, 2, 2]] },
      outputs: { label: [INT64, ['N']], y: [FLOAT, ['N', 8]], aux: [FLOAT, ['N', 8]] },
      nodes: [
        { op: 'Flatten', in: ['x'], out: ['y'] },
        { op: 'ArgMax', in: ['y'], out: ['label'] },
        { op: 'Unknown', in: ['y'], out: ['aux'] },
      ],
    });
    expect(model.notes).toEqual(['output "y" taken as logits, "label", "aux" left out']);
  });
});

describe('the batch', () => {
  test.each([
    ['[1, 8]', ints(1, 8)],
    ['[1, -1]', ints(1, -1)],
    ['[-1, 8]', ints(-1, 8)],
    ['[0, -1]', ints(0, -1)],
  ])('fixed at 1 becomes N through Reshape %s', async (_title, to) => {
    const spec = { ...flattenAndMultiply, constants: { ...flattenAndMultiply.constants, to } };
    const model = read(spec);
    expect(model.batchable).toBe(true);
    expect(model.notes).toEqual(['fixed batch of 1 made N']);
    await expectBatchEqualsSingles(spec, model);
  });

  test('fixed at 4 becomes N where the targets carry it', () => {
    const model = read({
      ...flattenAndMultiply,
      inputs: { x: [FLOAT, [4, 2, 2, 2]] },
      constants: { ...flattenAndMultiply.constants, to: ints(4, 8) },
    });
    expect(model.notes).toEqual(['fixed batch of 4 made N']);
    expect(formatGraph(model.graph)).toContain('{shape [N, 8]}');
  });

  test('follows windows that were folded into it', async () => {
    const spec: FileSpec = {
      inputs: { x: [FLOAT, [1, 2, 2, 2]] },
      constants: {
        windows: ints(4, 2),
        back: ints(1, 8),
        w: pattern(2, 2),
        v: pattern(8, 3),
      },
      nodes: [
        { op: 'Transpose', in: ['x'], out: ['t'], attrs: { perm: [0, 2, 3, 1] } },
        { op: 'Reshape', in: ['t', 'windows'], out: ['folded'] },
        { op: 'MatMul', in: ['folded', 'w'], out: ['m'] },
        { op: 'Reshape', in: ['m', 'back'], out: ['b'] },
        { op: 'MatMul', in: ['b', 'v'], out: ['y'] },
      ],
    };
    const model = read(spec);
    expect(model.batchable).toBe(true);
    expect(formatGraph(model.graph)).toContain('float32[4·N, 2]');
    await expectBatchEqualsSingles(spec, model);
  });

  test('travels through Shape, Gather, Concat and Reshape', () => {
    const model = read({
      inputs: { x: [FLOAT, ['batch', 2, 2, 2]] },
      constants: { zero: { dims: [], ints: [0] }, axes: ints(0), rest: ints(-1) },
      nodes: [
        { op: 'Shape', in: ['x'], out: ['s'] },
        { op: 'Gather', in: ['s', 'zero'], out: ['n'] },
        { op: 'Unsqueeze', in: ['n', 'axes'], out: ['n1'] },
        { op: 'Concat', in: ['n1', 'rest'], out: ['to'], attrs: { axis: 0 } },
        { op: 'Reshape', in: ['x', 'to'], out: ['y'], name: 'flatten' },
      ],
    });
    expect(formatGraph(model.graph)).toBe(
      `%0 = input "image" : float32[N, 2, 2, 2]
%1 = reshape(x %0) {shape [N, 8]} : float32[N, 8]  # flatten
output "logits" = %1`,
    );
  });

  test('is given to a class token that is joined to it', async () => {
    const spec: FileSpec = {
      inputs: { x: [FLOAT, [1, 2, 2, 2]] },
      constants: { token: pattern(1, 1, 4), to: ints(1, 2, 4), first: { dims: [], ints: [0] } },
      nodes: [
        { op: 'Reshape', in: ['x', 'to'], out: ['seq'] },
        { op: 'Concat', in: ['token', 'seq'], out: ['all'], attrs: { axis: 1 } },
        { op: 'Softmax', in: ['all'], out: ['mixed'], attrs: { axis: 1 } },
        { op: 'Gather', in: ['mixed', 'first'], out: ['y'], attrs: { axis: 1 } },
      ],
    };
    await expectBatchEqualsSingles(spec, read(spec));
  });

  test('that a node would mix keeps images apart, and the node is named', async () => {
    const spec: FileSpec = {
      inputs: { x: [FLOAT, [1, 1, 2, 2]] },
      constants: { to: ints(1, 4) },
      nodes: [
        { op: 'ReduceMean', in: ['x'], out: ['m'], name: 'all', attrs: { axes: [0] } },
        { op: 'Reshape', in: ['m', 'to'], out: ['y'] },
      ],
    };
    const model = read(spec);
    expect(model.batchable).toBe(false);
    expect(model.notes).toEqual([
      'images run one at a time: ReduceMean "all": it reduces over the batch: ' +
        'the images of a batch would not be independent',
    ]);
    expect(formatGraph(model.graph)).toContain('input "image" : float32[1, 1, 2, 2]');
    const x = randomTensor([1, 1, 2, 2], 5);
    expectClose(runGraph(model.graph, { image: x }), await runOnnxruntime(onnxFile(spec), { x }));
  });

  test('fixed at 4 that a node would mix is refused', () => {
    const spec: FileSpec = {
      inputs: { x: [FLOAT, [4, 1, 2, 2]] },
      nodes: [
        { op: 'Flatten', in: ['x'], out: ['f'] },
        { op: 'Softmax', in: ['f'], out: ['y'], name: 'across', attrs: { axis: 0 } },
      ],
    };
    expect(() => read(spec)).toThrow(
      'tiny.onnx: the batch is fixed at 4 and cannot be changed: Softmax "across": it normalises ' +
        'over the images of a batch: the images of a batch would not be independent',
    );
  });
});

describe('the input', () => {
  const dense = (dims: readonly (number | string)[]): FileSpec => ({
    inputs: { x: [FLOAT, dims] },
    constants: { w: pattern(12, 3), to: ints(-1, 12) },
    nodes: [
      { op: 'Reshape', in: ['x', 'to'], out: ['f'] },
      { op: 'MatMul', in: ['f', 'w'], out: ['y'] },
    ],
  });

  test.each<[string, readonly (number | string)[], Shape3 | null, Shape3, string[]]>([
    [
      'flat, of a known data set',
      ['N', 12],
      [3, 2, 2],
      [3, 2, 2],
      ['input [N, 12] read as 3 × 2 × 2'],
    ],
    ['flat, guessed', ['N', 12], null, [3, 2, 2], ['input [N, 12] read as 3 × 2 × 2']],
    [
      'flat with a 1',
      [1, 12, 1],
      null,
      [3, 2, 2],
      ['input [1, 12, 1] read as 3 × 2 × 2', 'fixed batch of 1 made N'],
    ],
    ['without channels', ['N', 3, 4], null, [1, 3, 4], ['input [N, 3, 4] read as 1 × 3 × 4']],
    [
      'channels last, known',
      ['N', 2, 2, 3],
      [3, 2, 2],
      [3, 2, 2],
      ['input [N, 2, 2, 3] has channels last: images are transposed'],
    ],
    [
      'channels last, guessed',
      ['N', 2, 2, 3],
      null,
      [3, 2, 2],
      ['input [N, 2, 2, 3] has channels last: images are transposed'],
    ],
    ['of open size', ['N', 3, 'h', 'w'], [3, 2, 2], [3, 2, 2], []],
    [
      'without a batch',
      [3, 2, 2],
      null,
      [3, 2, 2],
      [
        'input [3, 2, 2] read as 3 × 2 × 2',
        'the input has no batch dimension: images run one at a time',
      ],
    ],
  ])('%s', (_title, dims, imageShape, [channels, height, width], notes) => {
    const model = read(dense(dims), imageShape);
    expect(model.inputShape).toEqual({ channels, height, width });
    if (dims.length !== 3 || dims[0] !== 3) expect(model.notes).toEqual(notes);
    expect(model.classes).toBe(3);
  });

  test('channels last is transposed to what the file expects', async () => {
    const spec = dense([1, 2, 2, 3]);
    const model = read(spec);
    const image = floatTensor([1, 3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const x = floatTensor([1, 2, 2, 3], [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
    expectClose(runGraph(model.graph, { image }), await runOnnxruntime(onnxFile(spec), { x }));
  });

  test('in float64 is read as float32', () => {
    const spec = { ...dense(['N', 12]), inputs: { x: [DOUBLE, ['N', 12]] as const } };
    expect(read(spec).notes).toContain('float64 read as float32');
  });

  test('that is also an initialiser, or unread, is none', () => {
    const spec = dense(['N', 12]);
    const inputs = { w: [FLOAT, [12, 3]], dummy: [FLOAT, [2]], ...spec.inputs } as const;
    expect(read({ ...spec, inputs }).classes).toBe(3);
  });

  test('of another size is refused with both sizes', () => {
    expect(() => read(dense(['N', 12]), [1, 28, 28])).toThrow(
      'tiny.onnx: input "x" float32[N, 12] does not take images of 1 × 28 × 28: ' +
        'it reads 12 numbers an image, they have 784',
    );
  });

  test('of open size without a data set is refused by the name of the dimension', () => {
    expect(() => read(dense(['N', 3, 'height', 'width']))).toThrow(
      'expected the fixed sizes of an image: dimension 2 ("height") is open',
    );
  });

  test('of bytes is refused', () => {
    const spec = { ...dense(['N', 12]), inputs: { x: [2, ['N', 12]] as const } };
    expect(() => read(spec)).toThrow(
      'tiny.onnx: input "x" uint8[N, 12] takes integers, which have no gradient',
    );
  });
});

test('an output that is no row of scores is refused', () => {
  const spec: FileSpec = {
    outputs: { y: [FLOAT, null] },
    nodes: [{ op: 'Relu', in: ['x'], out: ['y'] }],
  };
  expect(() => read(spec)).toThrow(
    'output "y": float32[1, 2, 4, 4] is not one score per class and image',
  );
});
