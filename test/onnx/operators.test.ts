// Single operators against onnxruntime: the forms and defaults that differ between opsets, and the
// geometry that exporters disagree about.
import { describe, expect, test } from 'vitest';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { randomTensor } from '../reference/random.ts';
import {
  BOOL,
  FLOAT,
  INT32,
  INT64,
  floats,
  ints,
  onnxFile,
  pattern,
  type FileSpec,
  type NodeSpec,
  type Stored,
} from './onnx-file.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

interface Case {
  readonly op: string;
  readonly of?: readonly number[];
  readonly attrs?: NodeSpec['attrs'];
  readonly with?: Readonly<Record<string, Stored>>;
  readonly opset?: number;
  readonly gives?: number;
  readonly outputs?: number;
}

const f = (float: number) => ({ float });

const CASES: Readonly<Record<string, Case>> = {
  'Conv with asymmetric pads, strides and dilations': {
    op: 'Conv',
    of: [2, 2, 7, 8],
    with: { w: pattern(3, 2, 3, 2), b: pattern(3) },
    attrs: { pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2], kernel_shape: [3, 2] },
  },
  'Conv with groups, without bias': {
    op: 'Conv',
    of: [1, 4, 5, 5],
    with: { w: pattern(6, 2, 3, 3) },
    attrs: { group: 2 },
  },
  'Conv depthwise, SAME_UPPER': {
    op: 'Conv',
    of: [1, 3, 6, 6],
    with: { w: pattern(3, 1, 3, 3) },
    attrs: { group: 3, auto_pad: 'SAME_UPPER', strides: [2, 2] },
  },
  'Conv SAME_LOWER': {
    op: 'Conv',
    of: [1, 2, 6, 6],
    with: { w: pattern(3, 2, 2, 2) },
    attrs: { auto_pad: 'SAME_LOWER' },
  },
  'Conv VALID': {
    op: 'Conv',
    of: [1, 2, 6, 6],
    with: { w: pattern(3, 2, 3, 3) },
    attrs: { auto_pad: 'VALID', strides: [2, 2] },
  },
  'Gemm with both factors and transposes': {
    op: 'Gemm',
    of: [3, 4],
    with: { b: pattern(2, 3), c: pattern(2) },
    attrs: { transA: 1, transB: 1, alpha: f(0.5), beta: f(2) },
  },
  'MatMul of many dimensions': { op: 'MatMul', of: [2, 3, 4, 5], with: { b: pattern(5, 2) } },
  'MatMul with a vector': { op: 'MatMul', of: [2, 3, 4], with: { b: pattern(4) } },
  'MaxPool with ceil_mode': {
    op: 'MaxPool',
    of: [1, 2, 6, 7],
    attrs: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 },
  },
  'MaxPool whose last window would start in the padding': {
    op: 'MaxPool',
    of: [1, 1, 5, 5],
    attrs: { kernel_shape: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  },
  'MaxPool with dilations and pads': {
    op: 'MaxPool',
    of: [1, 2, 8, 8],
    attrs: { kernel_shape: [2, 2], dilations: [2, 3], pads: [0, 1, 1, 0] },
  },
  'MaxPool SAME_LOWER': {
    op: 'MaxPool',
    of: [1, 2, 7, 7],
    attrs: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' },
  },
  'AveragePool, padding not counted': {
    op: 'AveragePool',
    of: [1, 2, 6, 6],
    attrs: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  'AveragePool, padding counted': {
    op: 'AveragePool',
    of: [1, 2, 6, 6],
    attrs: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 1], count_include_pad: 1 },
  },
  'AveragePool with ceil_mode, padding counted': {
    op: 'AveragePool',
    of: [1, 2, 6, 6],
    attrs: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, count_include_pad: 1 },
    opset: 19,
  },
  GlobalAveragePool: { op: 'GlobalAveragePool', of: [2, 3, 4, 5] },
  GlobalMaxPool: { op: 'GlobalMaxPool', of: [2, 3, 4, 5] },
  BatchNormalization: {
    op: 'BatchNormalization',
    of: [2, 3, 2, 2],
    with: { s: pattern(3), b: pattern(3), m: pattern(3), v: floats([3], [0.5, 1, 2]) },
    attrs: { epsilon: f(1e-3) },
  },
  LRN: {
    op: 'LRN',
    of: [1, 6, 2, 2],
    attrs: { size: 5, alpha: f(0.3), bias: f(2) },
  },
  'Softmax before opset 13 flattens': { op: 'Softmax', of: [2, 3, 4], opset: 11 },
  'Softmax since opset 13 takes one axis': { op: 'Softmax', of: [2, 3, 4] },
  'LogSoftmax along an axis': { op: 'LogSoftmax', of: [2, 3, 4], attrs: { axis: 1 } },
  'Clip with attributes': { op: 'Clip', of: [9], attrs: { min: f(-0.2), max: f(0.4) }, opset: 7 },
  'Clip with one input': { op: 'Clip', of: [9], with: { low: floats([], [-0.1]) } },
  LeakyRelu: { op: 'LeakyRelu', of: [9], attrs: { alpha: f(0.3) } },
  PRelu: { op: 'PRelu', of: [2, 3, 2], with: { slope: floats([3, 1], [0.1, 0.2, 0.3]) } },
  HardSigmoid: { op: 'HardSigmoid', of: [9], attrs: { alpha: f(0.9) } },
  HardSwish: { op: 'HardSwish', of: [9], opset: 14 },
  'Pow with a constant': { op: 'Pow', of: [9], with: { e: floats([], [3]) } },
  Reciprocal: { op: 'Reciprocal', of: [9] },
  'Sub broadcasts': { op: 'Sub', of: [2, 3, 4], with: { b: pattern(3, 1) } },
  'Max of three': { op: 'Max', of: [2, 3], with: { b: pattern(3), c: pattern(2, 1) } },
  'Mean of three': { op: 'Mean', of: [2, 3], with: { b: pattern(3), c: pattern(2, 1) } },
  'Less gives truth values': { op: 'Less', of: [2, 3], with: { b: pattern(3) }, gives: BOOL },
  LessOrEqual: { op: 'LessOrEqual', of: [2, 3], with: { b: pattern(3) }, gives: BOOL },
  'ReduceMean with attributes': { op: 'ReduceMean', of: [2, 3, 4], attrs: { axes: [-1, 0] } },
  'ReduceSum with inputs': {
    op: 'ReduceSum',
    of: [2, 3, 4],
    with: { axes: ints(1) },
    attrs: { keepdims: 0 },
  },
  'ReduceMax of everything': { op: 'ReduceMax', of: [2, 3], attrs: { keepdims: 0 } },
  ReduceL2: { op: 'ReduceL2', of: [2, 3], attrs: { axes: [1] } },
  'ArgMax along a middle axis': {
    op: 'ArgMax',
    of: [2, 5, 3],
    attrs: { axis: 1, keepdims: 0 },
    gives: INT64,
  },
  'Reshape with 0 and -1': { op: 'Reshape', of: [2, 3, 4], with: { to: ints(0, -1, 2) } },
  'Flatten at axis 2': { op: 'Flatten', of: [2, 3, 4], attrs: { axis: 2 } },
  'Flatten at axis 0': { op: 'Flatten', of: [2, 3], attrs: { axis: 0 } },
  'Squeeze with attributes': { op: 'Squeeze', of: [2, 1, 3], attrs: { axes: [1] }, opset: 11 },
  'Unsqueeze with inputs': { op: 'Unsqueeze', of: [2, 3], with: { axes: ints(0, -1) } },
  'Transpose without perm': { op: 'Transpose', of: [2, 3, 4] },
  'Slice with attributes': {
    op: 'Slice',
    of: [4, 5],
    attrs: { starts: [1, -3], ends: [3, 9], axes: [0, 1] },
    opset: 9,
  },
  'Slice backwards': {
    op: 'Slice',
    of: [4, 5],
    with: { starts: ints(-1), ends: ints(-100), axes: ints(1), steps: ints(-2) },
  },
  'Split in given parts': {
    op: 'Split',
    of: [5, 2],
    with: { parts: ints(2, 3) },
    attrs: { axis: 0 },
    outputs: 2,
  },
  'Expand both ways': { op: 'Expand', of: [3, 1], with: { to: ints(2, 1, 4) } },
  Tile: { op: 'Tile', of: [2, 3], with: { times: ints(2, 3) } },
  'Pad with an attribute': {
    op: 'Pad',
    of: [2, 3],
    attrs: { pads: [0, 1, 1, 0], value: f(0.5) },
    opset: 10,
  },
  'Pad with negative widths': { op: 'Pad', of: [3, 4], with: { pads: ints(-1, 2, 1, -1) } },
  'Gather of one': {
    op: 'Gather',
    of: [3, 4],
    with: { i: { dims: [], ints: [-1] } },
    attrs: { axis: 1 },
  },
  'Gather of several': {
    op: 'Gather',
    of: [3, 4],
    with: { i: { dims: [2, 2], ints: [0, 2, 2, 1] } },
  },
  'Cast to int32 truncates': { op: 'Cast', of: [9], attrs: { to: INT32 }, gives: INT32 },
};

function fileOf({
  op,
  of = [2, 3],
  attrs,
  with: constants = {},
  opset,
  gives,
  outputs = 1,
}: Case): Uint8Array {
  const out = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const spec: FileSpec = {
    inputs: { x: [FLOAT, of] },
    outputs: Object.fromEntries(out.map((name) => [name, [gives ?? FLOAT, null] as const])),
    constants,
    nodes: [{ op, in: ['x', ...Object.keys(constants)], out, ...(attrs ? { attrs } : {}) }],
    ...(opset === undefined ? {} : { opset }),
  };
  return onnxFile(spec);
}

describe('a single operator equals onnxruntime:', () => {
  for (const [title, each] of Object.entries(CASES)) {
    test(title, async () => {
      const bytes = fileOf(each);
      const x = randomTensor(each.of ?? [2, 3], 7);
      const graph = importOnnxGraph(bytes, { name: 'case.onnx' });
      const ours = runGraph(graph, { x });
      const theirs = await runOnnxruntime(bytes, { x });
      expect(ours.shape).toEqual(theirs.shape);
      expectClose(ours, theirs, 1e-5);
    });
  }
});
