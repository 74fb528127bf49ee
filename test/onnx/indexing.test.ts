// Operators that pick, place, resize and contract, against onnxruntime: once as written, and once with
// the first dimension left open, as the importer reads a classifier.
import { describe, expect, test } from 'vitest';
import { formatType } from '../../src-ts/core/shape.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { randomTensor } from '../reference/random.ts';
import {
  FLOAT,
  floats,
  ints,
  onnxFile,
  pattern,
  type NodeSpec,
  type PortSpec,
  type Stored,
} from './onnx-file.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

interface Case {
  readonly op: string;
  readonly of: readonly number[];
  readonly attrs?: NodeSpec['attrs'];
  /** Constant operands in order; null is an absent one. */
  readonly with?: readonly (Stored | null)[];
  readonly opset?: number;
  /** Nodes before, whose values the operator reads instead of x alone. */
  readonly before?: readonly NodeSpec[];
  readonly reads?: readonly string[];
  /** Whether each image keeps to itself, so that the first dimension may be open. */
  readonly perImage?: boolean;
}

const f = (float: number) => ({ float });
const table = (dims: readonly number[], ...values: readonly number[]): Stored => ({
  dims,
  ints: values,
});
/** The places of the largest elements: an index that depends on the image. */
const largest = (axis: number): NodeSpec => ({
  ...{ op: 'ArgMax', in: ['x'], out: ['i'], attrs: { axis, keepdims: 1 } },
});
const perImage = true;
/** With sizes, of a single image: sizes name the batch too. */
const resize = (attrs: NodeSpec['attrs'], ...operands: (Stored | null)[]): Case => ({
  ...{
    op: 'Resize',
    of: [operands.length === 3 ? 1 : 2, 2, 5, 4],
    opset: 13,
    with: operands,
    perImage,
  },
  ...(attrs === undefined ? {} : { attrs }),
});
const scales = (height: number, width: number): Stored => floats([4], [1, 1, height, width]);

const CASES: Readonly<Record<string, Case>> = {
  'Gather of a matrix of indices, negative ones among them': {
    ...{ op: 'Gather', of: [2, 5, 3], attrs: { axis: 1 }, perImage },
    with: [table([2, 3], 4, -5, 2, 2, 0, -1)],
  },
  'Gather of an irregular table': {
    ...{ op: 'Gather', of: [2, 9], attrs: { axis: -1 }, perImage },
    with: [ints(8, 0, 5, 5, 1, 7, 2, 2, 4, 6, 3, 0)],
  },
  'Gather in front of the batch': {
    ...{ op: 'Gather', of: [2, 3, 4], reads: ['t'], attrs: { axis: 0 }, perImage },
    before: [{ op: 'Transpose', in: ['x'], out: ['t'], attrs: { perm: [1, 0, 2] } }],
    with: [ints(2, 0, 1, 1, 2, 0, 2)],
  },
  'Gather by computed indices from a constant': {
    ...{ op: 'Gather', of: [4, 3], reads: ['v', 'i'], perImage },
    before: [largest(1), { op: 'Constant', out: ['v'], attrs: { value: pattern(3, 5) } }],
  },
  'GatherElements by computed indices, within': {
    ...{ op: 'GatherElements', of: [2, 4, 3], reads: ['x', 'i'], attrs: { axis: 1 }, perImage },
    before: [largest(1)],
  },
  'GatherElements by fewer indices than elements': {
    ...{ op: 'GatherElements', of: [3, 4], attrs: { axis: 0 } },
    with: [table([2, 3], 2, -1, 0, 1, 1, 0)],
  },
  GatherND: { op: 'GatherND', of: [3, 4, 2], with: [table([3, 2], 0, 1, 2, -1, 1, 0)] },
  'GatherND behind a batch': {
    ...{ op: 'GatherND', of: [1, 4, 2], attrs: { batch_dims: 1 }, perImage },
    with: [table([1, 2, 1], 3, 1)],
  },
  ScatterElements: {
    ...{ op: 'ScatterElements', of: [3, 4], attrs: { axis: 1 } },
    with: [table([3, 2], 0, 3, -1, 1, 2, 0), pattern(3, 2)],
  },
  'ScatterElements of sums, in a corner': {
    ...{ op: 'ScatterElements', of: [3, 4], attrs: { axis: 0, reduction: 'add' }, opset: 16 },
    with: [table([2, 3], 0, 2, 1, 0, 2, 0), pattern(2, 3)],
  },
  'ScatterElements of products': {
    ...{ op: 'ScatterElements', of: [2, 4], attrs: { axis: 1, reduction: 'mul' }, opset: 16 },
    with: [table([2, 3], 0, 0, 1, 3, 2, 3), pattern(2, 3)],
  },
  'ScatterElements of maxima, at computed places': {
    ...{ op: 'ScatterElements', of: [2, 4], reads: ['x', 'i', 'u'], opset: 18, perImage },
    attrs: { axis: 1, reduction: 'max' },
    before: [largest(1), { op: 'ReduceSum', in: ['x', 'a'], out: ['u'] }],
    with: [],
  },
  ScatterND: { op: 'ScatterND', of: [4, 3], with: [table([2, 1], 3, 0), pattern(2, 3)] },
  'ScatterND of sums': {
    ...{ op: 'ScatterND', of: [4, 3], attrs: { reduction: 'add' }, opset: 16 },
    with: [table([3, 2], 3, 0, 1, -1, 3, 0), pattern(3)],
  },
  'Resize nearest by 2': resize(
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    null,
    scales(2, 2),
  ),
  'Resize nearest to odd sizes': resize({ mode: 'nearest' }, null, null, ints(1, 2, 7, 3)),
  'Resize linear': resize({ mode: 'linear' }, null, scales(2.5, 0.75)),
  'Resize linear, PyTorch': resize(
    { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
    null,
    null,
    ints(1, 2, 9, 1),
  ),
  'Resize linear, corners aligned': resize(
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    null,
    null,
    ints(1, 2, 8, 7),
  ),
  'Resize cubic': resize({ mode: 'cubic', cubic_coeff_a: f(-0.5) }, null, scales(1.6, 2)),
  'Resize cubic, outside excluded': resize(
    { mode: 'cubic', exclude_outside: 1 },
    null,
    scales(0.8, 2),
  ),
  'Resize linear, antialiased': {
    ...resize({ mode: 'linear', antialias: 1 }, null, scales(0.4, 0.5)),
    opset: 18,
  },
  'Resize cubic, antialiased': {
    ...resize({ mode: 'cubic', antialias: 1 }, null, scales(0.4, 0.5)),
    opset: 18,
  },
  'Resize of named axes': {
    ...resize({ mode: 'linear', axes: [3, 2] }, null, floats([2], [2, 0.6])),
    opset: 18,
  },
  'Resize before opset 11': { ...resize({ mode: 'linear' }, scales(2, 1.5)), opset: 10 },
  Upsample: {
    ...{ op: 'Upsample', of: [2, 2, 3, 3], attrs: { mode: 'nearest' }, opset: 9, perImage },
    with: [scales(2, 3)],
  },
  'Upsample, linear, by attributes': {
    ...{ op: 'Upsample', of: [2, 2, 3, 3], opset: 7, perImage },
    attrs: { mode: 'linear', scales: { floatList: [1, 1, 2, 2] } },
  },
  'Pad, mirrored': {
    ...{ op: 'Pad', of: [2, 3, 5], attrs: { mode: 'reflect' }, perImage },
    with: [ints(0, 1, 4, 0, 2, 3)],
  },
  'Pad with the border': {
    ...{ op: 'Pad', of: [2, 3, 5], attrs: { mode: 'edge' }, perImage },
    with: [ints(0, 1, 7, 0, 2, 3)],
  },
  'Pad from the other end, of one axis': {
    ...{ op: 'Pad', of: [2, 3, 5], attrs: { mode: 'wrap' }, opset: 19, perImage },
    with: [ints(4, 3), null, ints(2)],
  },
  'ConvTranspose with every attribute': {
    ...{ op: 'ConvTranspose', of: [2, 4, 5, 4], perImage, with: [pattern(4, 3, 3, 2), pattern(6)] },
    attrs: {
      ...{ group: 2, strides: [2, 3], dilations: [2, 1] },
      ...{ pads: [1, 0, 2, 1], output_padding: [1, 1] },
    },
  },
  'ConvTranspose to a given size': {
    ...{ op: 'ConvTranspose', of: [2, 2, 4, 4], perImage, with: [pattern(2, 2, 3, 3)] },
    attrs: { strides: [2, 2], output_shape: [8, 8] },
  },
  'ConvTranspose, SAME_UPPER': {
    ...{ op: 'ConvTranspose', of: [2, 2, 4, 4], perImage, with: [pattern(2, 2, 3, 3)] },
    attrs: { strides: [2, 2], auto_pad: 'SAME_UPPER' },
  },
  'ConvTranspose over three axes': {
    ...{ op: 'ConvTranspose', of: [2, 2, 3, 4, 3], perImage, with: [pattern(2, 3, 2, 3, 2)] },
    attrs: { strides: [2, 1, 2], pads: [1, 0, 0, 0, 1, 1], output_padding: [1, 0, 0] },
  },
  'Conv over three axes': {
    ...{ op: 'Conv', of: [2, 4, 5, 4, 5], perImage, with: [pattern(4, 2, 3, 2, 2), pattern(4)] },
    attrs: { group: 2, strides: [2, 1, 1], pads: [1, 0, 1, 2, 1, 0], dilations: [1, 2, 1] },
  },
  'MaxPool over three axes': {
    ...{ op: 'MaxPool', of: [2, 2, 5, 4, 5], perImage },
    attrs: { kernel_shape: [3, 2, 2], strides: [2, 1, 2], pads: [1, 0, 0, 1, 1, 1] },
  },
  'AveragePool over three axes': {
    ...{ op: 'AveragePool', of: [2, 2, 5, 4, 5], perImage },
    attrs: { kernel_shape: [3, 2, 2], strides: [2, 1, 2], pads: [1, 0, 0, 1, 1, 1] },
  },
  'Einsum as attention': {
    ...{ op: 'Einsum', of: [2, 3, 4, 5], reads: ['x', 'x'], perImage },
    attrs: { equation: 'bhid,bhjd->bhij' },
  },
  'Einsum of three': {
    ...{ op: 'Einsum', of: [2, 3, 4], with: [pattern(4, 5), pattern(5, 3)], perImage },
    attrs: { equation: 'nij,jk,ki->nk' },
  },
  'Einsum with an ellipsis': {
    ...{ op: 'Einsum', of: [2, 3, 4], with: [pattern(4, 5)], perImage },
    attrs: { equation: '...i,ij->...j' },
  },
  'Einsum of a diagonal, the result left out': {
    ...{ op: 'Einsum', of: [3, 3, 2], attrs: { equation: 'iij' } },
  },
  'Einsum of an outer product': {
    ...{ op: 'Einsum', of: [2, 3], with: [pattern(4)], perImage },
    attrs: { equation: 'ni,j->nji' },
  },
  'MatMul of a deep stack': {
    ...{ op: 'MatMul', of: [2, 1, 2, 1, 2, 3, 4], with: [pattern(3, 1, 2, 1, 4, 2)], perImage },
  },
  'DepthToSpace, CRD': {
    ...{ op: 'DepthToSpace', of: [2, 8, 2, 3], attrs: { blocksize: 2, mode: 'CRD' }, perImage },
  },
  SpaceToDepth: { op: 'SpaceToDepth', of: [2, 2, 4, 6], attrs: { blocksize: 2 }, perImage },
  'Trilu, upper': { op: 'Trilu', of: [2, 3, 4], opset: 14, perImage },
  'Trilu, lower': {
    ...{
      op: 'Trilu',
      of: [2, 3, 4],
      attrs: { upper: 0 },
      with: [table([], 1)],
      opset: 14,
      perImage,
    },
  },
  Compress: {
    ...{ op: 'Compress', of: [2, 4], attrs: { axis: 1 }, perImage },
    with: [{ dims: [4], fields: { dataType: 9, int32Data: [1, 0, 0, 1] } }],
  },
  ReverseSequence: {
    ...{ op: 'ReverseSequence', of: [3, 4, 2], attrs: { batch_axis: 0, time_axis: 1 } },
    with: [ints(2, 4, 1)],
  },
  'Split of uneven parts': {
    op: 'Split',
    of: [2, 7],
    attrs: { axis: 1, num_outputs: 3 },
    opset: 18,
  },
  'Slice backwards with steps': {
    ...{ op: 'Slice', of: [2, 7, 3], perImage },
    with: [ints(-1, 2), ints(-8, 0), ints(1, 2), ints(-3, -1)],
  },
  'Expand to fewer dimensions than it has': {
    ...{ op: 'Expand', of: [2, 3, 1], with: [ints(3, 4)], perImage },
  },
};

function fileOf(each: Case, open: boolean): Uint8Array {
  const { op, of, attrs, with: given = [], opset = 13, before = [], reads = ['x'] } = each;
  const names = given.map((stored, i) => (stored === null ? '' : `c${i}`));
  const held = given.flatMap((stored, i): [string, Stored][] =>
    stored === null ? [] : [[`c${i}`, stored]],
  );
  const shape: PortSpec = [FLOAT, open ? ['N', ...of.slice(1)] : of];
  const out = op === 'Split' ? ['y', 'y1', 'y2'] : ['y'];
  const node = { op, in: [...reads, ...names], out, ...(attrs === undefined ? {} : { attrs }) };
  return onnxFile({
    inputs: { x: shape },
    outputs: { y: [FLOAT, null] },
    constants: { ...Object.fromEntries(held), a: ints(1) },
    nodes: [...before, node],
    opset,
  });
}

describe('an operator equals onnxruntime:', () => {
  for (const [title, each] of Object.entries(CASES)) {
    test(title, async () => {
      const bytes = fileOf(each, false);
      const x = randomTensor(each.of, 7);
      const theirs = await runOnnxruntime(bytes, { x });
      const ours = runGraph(importOnnxGraph(bytes, { name: 'case.onnx' }), { x });
      expect(ours.shape).toEqual(theirs.shape);
      expectClose(ours, theirs, 1e-5);
      if (each.perImage !== true) return;
      const graph = importOnnxGraph(fileOf(each, true), { name: 'open.onnx' });
      const open = runGraph(graph, { x });
      expect(formatType(graph.types.get(graph.outputs[0]!.id)!)).toContain('N');
      expectClose(open, ours, 1e-12);
    });
  }
});

test('an index that is out of range is refused', () => {
  const bytes = fileOf({ op: 'Gather', of: [2, 3], attrs: { axis: 1 }, with: [ints(0, 3)] }, false);
  const act = (): unknown => importOnnxGraph(bytes, { name: 'case.onnx' });
  expect(act).toThrow('Gather "y": index 3 of 3');
});

test.each<[string, Case]>([
  ['picks among the images', { op: 'Gather', of: [2, 3], with: [ints(1, 0)] }],
  ['resizes the batch', resize({ mode: 'linear' }, null, floats([4], [2, 1, 1, 1]))],
  [
    'writes among the images',
    { op: 'ScatterND', of: [2, 3], with: [table([1, 1], 1), pattern(1, 3)] },
  ],
])('an operator that %s has no open batch', (_, each) => {
  const act = (): unknown => importOnnxGraph(fileOf(each, true), { name: 'open.onnx' });
  expect(act).toThrow(/batch|dimension 0/);
});
