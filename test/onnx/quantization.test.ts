// Quantised models: forward equal to onnxruntime, gradients straight through.
import { describe, expect, test } from 'vitest';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import {
  FLOAT,
  floats,
  INT32,
  onnxFile,
  pattern,
  UINT8,
  type FileSpec,
  type NodeSpec,
  type Stored,
} from './onnx-file.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

const INT8 = 3;
const whole = (dataType: number, dims: readonly number[], values: readonly number[]): Stored => ({
  dims,
  fields: { dataType, int32Data: [...values] },
});
const steps = (dims: readonly number[], low: number): Stored =>
  whole(
    INT8,
    dims,
    Array.from({ length: dims.reduce((n, size) => n * size, 1) }, (_, i) => ((i * 37) % 97) + low),
  );

const scales = {
  s: floats([], [0.02]),
  zu: whole(UINT8, [], [113]),
  zi: whole(INT8, [], [-5]),
};
const quantize = (from: string, to: string, zero = 'zu'): NodeSpec => ({
  ...{ op: 'QuantizeLinear', in: [from, 's', zero], out: [to] },
});
const dequantize = (from: string, to: string, zero = 'zu'): NodeSpec => ({
  ...{ op: 'DequantizeLinear', in: [from, 's', zero], out: [to] },
});

const MODELS: Readonly<Record<string, FileSpec & { readonly of: readonly number[] }>> = {
  'there and back': {
    of: [2, 9],
    constants: scales,
    nodes: [quantize('x', 'q'), dequantize('q', 'y')],
  },
  'to int8 with a scale for each channel': {
    of: [2, 3, 4],
    constants: {
      s: floats([3], [0.01, 0.02, 0.005]),
      z: whole(INT8, [3], [3, -7, 0]),
    },
    nodes: [quantize('x', 'q', 'z'), dequantize('q', 'y', 'z')],
  },
  'a layer between quantisations': {
    of: [1, 2, 5, 5],
    constants: { ...scales, w: steps([3, 2, 3, 3], -50), ws: floats([3], [0.01, 0.02, 0.03]) },
    nodes: [
      quantize('x', 'q', 'zi'),
      dequantize('q', 'd', 'zi'),
      { op: 'DequantizeLinear', in: ['w', 'ws'], out: ['dw'], attrs: { axis: 0 } },
      { op: 'Conv', in: ['d', 'dw'], out: ['c'] },
      { op: 'Relu', in: ['c'], out: ['y'] },
    ],
  },
  'dynamic quantisation and an integer product': {
    of: [4, 6],
    constants: { w: steps([6, 5], -48), wz: whole(INT8, [], [2]), ws: floats([], [0.05]) },
    nodes: [
      { op: 'DynamicQuantizeLinear', in: ['x'], out: ['q', 'qs', 'qz'] },
      { op: 'MatMulInteger', in: ['q', 'w', 'qz', 'wz'], out: ['p'] },
      { op: 'Cast', in: ['p'], out: ['f'], attrs: { to: FLOAT } },
      { op: 'Mul', in: ['qs', 'ws'], out: ['scale'] },
      { op: 'Mul', in: ['f', 'scale'], out: ['y'] },
    ],
  },
  QLinearConv: {
    of: [1, 2, 6, 6],
    constants: {
      ...scales,
      w: steps([4, 1, 3, 3], -40),
      ws: floats([4], [0.01, 0.02, 0.03, 0.01]),
      wz: whole(INT8, [4], [0, 0, 0, 0]),
      ys: floats([], [0.05]),
      b: whole(INT32, [4], [10, -200, 30, 400]),
    },
    nodes: [
      quantize('x', 'q'),
      {
        op: 'QLinearConv',
        in: ['q', 's', 'zu', 'w', 'ws', 'wz', 'ys', 'zu', 'b'],
        out: ['c'],
        attrs: { group: 2, pads: [1, 1, 1, 1] },
      },
      { op: 'DequantizeLinear', in: ['c', 'ys', 'zu'], out: ['y'] },
    ],
  },
};

describe('a quantised model equals onnxruntime:', () => {
  for (const [title, { of, ...spec }] of Object.entries(MODELS)) {
    test(title, async () => {
      const bytes = onnxFile({ inputs: { x: [FLOAT, of] }, ...spec });
      const x = randomTensor(of, 3);
      const ours = runGraph(importOnnxGraph(bytes, { name: 'q.onnx' }), { x });
      expectClose(ours, await runOnnxruntime(bytes, { x }), 1e-5);
    });
  }
});

test('the cotangent passes what is rounded, and not what is cut off', () => {
  const spec = MODELS['there and back']!;
  const bytes = onnxFile({ ...spec, inputs: { x: [FLOAT, [1, 4]] } });
  const graph = importOnnxGraph(bytes, { name: 'q.onnx' });
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'float32', shape: [1, 4] });
  const cotangent = builder.input('dy', { dtype: 'float32', shape: [1, 4] });
  const moved = builder.inline(graph, { x });
  const seeds = [{ of: moved.get(graph.outputs[0]!.id)!, cotangent }];
  builder.output('dx', gradient(builder, { seeds, wrt: [x] })[0]!);
  const inputs: Record<string, Tensor> = {
    x: floatTensor([1, 4], [0.013, -1.009, 99, -99]),
    dy: floatTensor([1, 4], [1, 2, 3, 4]),
  };
  const { dx } = interpret(builder.finish(), inputs);
  expect(Array.from(dx!.data, (value) => Math.round(value * 1e6) / 1e6)).toEqual([1, 2, 0, 0]);
});

test('numbers of a quantised type leave a graph as what they are', () => {
  const bytes = onnxFile({
    inputs: { x: [FLOAT, [3]] },
    outputs: { y: [UINT8, [3]] },
    constants: scales,
    nodes: [quantize('x', 'y')],
  });
  const y = runGraph(importOnnxGraph(bytes, { name: 'q.onnx' }), {
    x: floatTensor([3], [-9, 0, 0.5]),
  });
  expect([y.dtype, [...y.data]]).toEqual(['int32', [0, 113, 138]]);
});

describe('a classifier', () => {
  const head: NodeSpec[] = [
    { op: 'Flatten', in: ['d'], out: ['f'] },
    { op: 'Gemm', in: ['f', 'v'], out: ['y'] },
  ];
  const v = pattern(32, 3);

  test('says that its gradients pass straight through', () => {
    const nodes = [quantize('x', 'q'), dequantize('q', 'd'), ...head];
    const { notes } = importOnnx(onnxFile({ nodes, constants: { ...scales, v } }), { name: 'q' });
    expect(notes.join('\n')).toContain('gradients pass straight through 1 quantised operator;');
  });

  test('may take integers that it casts at once', () => {
    const nodes: NodeSpec[] = [
      { op: 'Cast', in: ['x'], out: ['d'], attrs: { to: FLOAT } },
      ...head,
    ];
    const inputs = { x: [UINT8, ['N', 2, 4, 4]] } as const;
    const { notes } = importOnnx(onnxFile({ nodes, inputs, constants: { v } }), { name: 'q' });
    expect(notes).toContain(
      'uint8 read as float32: gradients flow as if the input were not rounded',
    );
  });

  test('of integers is refused with what to do', () => {
    const nodes: NodeSpec[] = [{ op: 'Relu', in: ['x'], out: ['d'] }, ...head];
    const inputs = { x: [UINT8, ['N', 2, 4, 4]] } as const;
    const act = (): unknown =>
      importOnnx(onnxFile({ nodes, inputs, constants: { v } }), { name: 'q' });
    expect(act).toThrow('input "x" uint8[N, 2, 4, 4] takes integers, which have no gradient');
    expect(act).toThrow('let it cast its input to float32 at once');
  });
});
