// Operators composed of several ops against onnxruntime, every output of them, and their gradients against
// central differences of the whole composition.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { floatTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';
import { BOOL, FLOAT, INT64, floats, ints, onnxFile, pattern } from './onnx-file.ts';
import type { NodeSpec, Stored } from './onnx-file.ts';
import { expectClose } from './runtime.ts';

interface Case {
  readonly op: string;
  readonly of?: readonly number[];
  /** The input; random numbers of both signs when absent. */
  readonly x?: Tensor;
  readonly attrs?: NodeSpec['attrs'];
  readonly with?: Readonly<Record<string, Stored>>;
  readonly opset?: number;
  /** Element types of the outputs; one of floats when absent. */
  readonly gives?: readonly number[];
  /** Differentiable at x, in output 0; true unless said otherwise. */
  readonly smooth?: boolean;
}

const f = (float: number) => ({ float });
const list = (...values: number[]): Tensor => floatTensor([values.length], values);
const positive = (...shape: number[]): Tensor => {
  const { data } = randomTensor(shape, 5);
  return floatTensor(
    shape,
    Array.from(data, (v) => Math.abs(v) + 0.1),
  );
};
const stored = (...values: number[]): Stored => floats([values.length], values);
const window = { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] };

const CASES: Readonly<Record<string, Case>> = {
  Elu: { op: 'Elu', attrs: { alpha: f(0.7) } },
  Selu: { op: 'Selu' },
  'Selu of other factors': { op: 'Selu', attrs: { alpha: f(2), gamma: f(0.5) } },
  Celu: { op: 'Celu', attrs: { alpha: f(2.5) } },
  'Gelu by erf': { op: 'Gelu', opset: 20 },
  'Gelu by tanh': { op: 'Gelu', opset: 20, attrs: { approximate: 'tanh' } },
  Mish: { op: 'Mish', opset: 18 },
  Softplus: { op: 'Softplus' },
  Softsign: { op: 'Softsign' },
  ThresholdedRelu: { op: 'ThresholdedRelu', attrs: { alpha: f(0.2) } },
  Shrink: { op: 'Shrink', attrs: { lambd: f(0.3), bias: f(0.1) } },
  Erf: { op: 'Erf' },
  Hardmax: { op: 'Hardmax', of: [2, 5], smooth: false },
  'Hardmax of a middle axis': { op: 'Hardmax', of: [2, 5, 3], attrs: { axis: 1 }, smooth: false },
  'Hardmax before opset 13': { op: 'Hardmax', of: [2, 3, 4], opset: 11, smooth: false },
  'Pow with an exponent for each column': {
    op: 'Pow',
    x: positive(2, 3),
    with: { e: stored(2, -0.5, 1.7) },
  },
  'Pow broadcast by its exponent': {
    op: 'Pow',
    of: [3],
    with: { e: floats([2, 3], [2, 2, 2, 2, 2, 2]) },
  },
  'Mod like fmod': {
    op: 'Mod',
    x: list(5.3, -5.3, 7.1, -7.1),
    attrs: { fmod: 1 },
    with: { b: stored(3, 3, -2, -2) },
  },
  'LessOrEqual of NaN': {
    op: 'LessOrEqual',
    x: list(NaN, 1, 2),
    with: { b: stored(1, 1, 1) },
    gives: [BOOL],
    smooth: false,
  },
  'IsInf, negative only': {
    op: 'IsInf',
    x: list(NaN, Infinity, -Infinity),
    attrs: { detect_positive: 0 },
    gives: [BOOL],
    smooth: false,
  },
  Round: { op: 'Round', x: list(0.5, 1.5, -0.5, -2.5, 0.2), smooth: false },
  LayerNormalization: {
    op: 'LayerNormalization',
    of: [2, 3, 4],
    with: { scale: pattern(4), bias: pattern(4) },
    attrs: { epsilon: f(1e-3) },
    opset: 17,
    gives: [FLOAT, FLOAT, FLOAT],
  },
  'LayerNormalization of two axes, without bias': {
    op: 'LayerNormalization',
    of: [2, 3, 4],
    with: { scale: pattern(3, 4) },
    attrs: { axis: 1 },
    opset: 17,
  },
  InstanceNormalization: {
    op: 'InstanceNormalization',
    of: [2, 3, 2, 4],
    with: { scale: pattern(3), bias: pattern(3) },
  },
  'GroupNormalization, a scale for each channel': {
    op: 'GroupNormalization',
    of: [2, 4, 3, 2],
    with: { scale: pattern(4), bias: pattern(4) },
    attrs: { num_groups: 2 },
    opset: 21,
  },
  MeanVarianceNormalization: { op: 'MeanVarianceNormalization', of: [2, 3, 2, 4] },
  'LpNormalization, p 2': { op: 'LpNormalization', of: [2, 3, 4], attrs: { axis: 1 } },
  'LpNormalization, p 1': { op: 'LpNormalization', of: [2, 4], attrs: { p: 1 } },
  ReduceL1: { op: 'ReduceL1', of: [2, 3, 4], attrs: { axes: [0, -1] } },
  ReduceLogSum: { op: 'ReduceLogSum', x: positive(2, 3), attrs: { axes: [1] } },
  ReduceLogSumExp: { op: 'ReduceLogSumExp', of: [2, 3], attrs: { axes: [1] } },
  'ReduceLogSumExp of large numbers': { op: 'ReduceLogSumExp', x: list(800, 801), smooth: false },
  ReduceProd: { op: 'ReduceProd', of: [2, 3, 2], attrs: { axes: [0, 2], keepdims: 0 } },
  ReduceSumSquare: { op: 'ReduceSumSquare', of: [2, 3, 2], attrs: { axes: [-2] } },
  'ArgMax, the last on ties': {
    op: 'ArgMax',
    x: floatTensor([2, 3], [1, 1, 0, 2, 5, 5]),
    attrs: { axis: 1, select_last_index: 1 },
    gives: [INT64],
    smooth: false,
  },
  TopK: { op: 'TopK', of: [2, 5], with: { k: ints(3) }, gives: [FLOAT, INT64] },
  'TopK, the smallest of a middle axis': {
    op: 'TopK',
    of: [2, 5, 3],
    with: { k: ints(2) },
    attrs: { axis: 1, largest: 0 },
    gives: [FLOAT, INT64],
  },
  CumSum: { op: 'CumSum', of: [2, 5], with: { axis: { dims: [], ints: [-1] } } },
  'CumSum, exclusive and in reverse': {
    op: 'CumSum',
    of: [4, 3],
    with: { axis: { dims: [], ints: [0] } },
    attrs: { exclusive: 1, reverse: 1 },
  },
  'LpPool, p 2': { op: 'LpPool', of: [1, 2, 5, 4], attrs: window },
  'LpPool, p 3': { op: 'LpPool', of: [1, 2, 5, 4], attrs: { ...window, p: 3 } },
  'GlobalLpPool, p 1': { op: 'GlobalLpPool', of: [1, 2, 3, 4], attrs: { p: 1 } },
  'MaxPool with indices': {
    op: 'MaxPool',
    of: [2, 2, 5, 4],
    attrs: window,
    gives: [FLOAT, INT64],
  },
  'MaxPool with indices by columns': {
    op: 'MaxPool',
    of: [1, 2, 5, 4],
    attrs: { ...window, storage_order: 1 },
    gives: [FLOAT, INT64],
  },
  'NegativeLogLikelihoodLoss, weighted, one label ignored': {
    op: 'NegativeLogLikelihoodLoss',
    of: [3, 4],
    with: { target: ints(0, 3, 1), weight: pattern(4) },
    attrs: { ignore_index: 3 },
  },
  'SoftmaxCrossEntropyLoss with its logarithms': {
    op: 'SoftmaxCrossEntropyLoss',
    of: [3, 4],
    with: { labels: ints(0, 3, 1) },
    attrs: { reduction: 'sum' },
    gives: [FLOAT, FLOAT],
  },
  'Dropout with its mask': { op: 'Dropout', of: [2, 3], gives: [FLOAT, BOOL], opset: 12 },
};

function fileOf({ op, attrs, with: constants = {}, opset, gives = [FLOAT] }: Case, x: Tensor) {
  const out = gives.map((_, i) => `y${i}`);
  return onnxFile({
    inputs: { x: [FLOAT, x.shape] },
    outputs: Object.fromEntries(out.map((name, i) => [name, [gives[i]!, null] as const])),
    constants,
    nodes: [{ op, in: ['x', ...Object.keys(constants)], out, ...(attrs ? { attrs } : {}) }],
    ...(opset === undefined ? {} : { opset }),
  });
}

async function runtimeOutputs(bytes: Uint8Array, x: Tensor): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const results = await session.run({
    x: new OrtTensor('float32', Float32Array.from(x.data), [...x.shape]),
  });
  const outputs = Object.entries(results).map(([name, { dims, data }]) => {
    const values = Array.from(data as ArrayLike<number | bigint | boolean>, Number);
    return [name, floatTensor([...dims], values)] as const;
  });
  await session.release();
  return Object.fromEntries(outputs);
}

describe('equals onnxruntime:', () => {
  for (const [title, each] of Object.entries(CASES)) {
    test(title, async () => {
      const x = each.x ?? randomTensor(each.of ?? [9], 7);
      const bytes = fileOf(each, x);
      const ours = interpret(importOnnxGraph(bytes, { name: 'case.onnx' }), { x });
      const theirs = await runtimeOutputs(bytes, x);
      for (const [name, expected] of Object.entries(theirs)) {
        expect(ours[name]!.shape, name).toEqual(expected.shape);
        expectClose(ours[name]!, expected, 1e-5);
      }
    });
  }
});

/** The gradient of the sum of the first output's elements, each times its own weight. */
function withGradient(graph: Graph, x: Tensor): { graph: Graph; weights: Float32Array } {
  const builder = new GraphBuilder();
  const id = builder.input('x', { dtype: 'float32', shape: x.shape });
  const moved = builder.inline(graph, { x: id });
  const of = moved.get(graph.outputs[0]!.id)!;
  const held = randomTensor(interpret(graph, { x })['y0']!.shape, 3);
  const weights = Float32Array.from(held.data);
  const [dx] = gradient(builder, {
    seeds: [{ of, cotangent: builder.constant(held) }],
    wrt: [id],
  });
  builder.output('dx', dx!);
  return { graph: builder.finish(), weights };
}

const STEP = 1e-4;

describe('has the gradient that finite differences have:', () => {
  for (const [title, each] of Object.entries(CASES)) {
    if (each.smooth === false) continue;
    test(title, () => {
      const given = each.x ?? randomTensor(each.of ?? [9], 7);
      const x = tensor('float32', given.shape, Float64Array.from(given.data));
      const forward = importOnnxGraph(fileOf(each, x), { name: 'case.onnx' });
      const { graph, weights } = withGradient(forward, x);
      const dx = interpret(graph, { x })['dx']!;
      const total = (at: number, by: number): number => {
        const data = Float64Array.from(x.data);
        data[at]! += by;
        const y = interpret(forward, { x: tensor('float32', x.shape, data) })['y0']!;
        return weights.reduce((sum, weight, i) => sum + weight * y.data[i]!, 0);
      };
      for (let i = 0; i < x.data.length; i++) {
        const expected = (total(i, STEP) - total(i, -STEP)) / (2 * STEP);
        const error = Math.abs(dx.data[i]! - expected) / Math.max(1, Math.abs(expected));
        expect(error, `dx[${i}] is ${dx.data[i]!}, not ${expected}`).toBeLessThan(1e-5);
      }
    });
  }
});

test('norms of nothing have the gradient 0', () => {
  for (const op of ['ReduceL2', 'LpNormalization']) {
    const x = floatTensor([2, 2], [0, 0, 3, 4]);
    const axis = op === 'ReduceL2' ? { axes: [1] } : { axis: 1 };
    const forward = importOnnxGraph(fileOf({ op, attrs: axis }, x), { name: 'norm.onnx' });
    const { graph } = withGradient(forward, x);
    const dx = interpret(graph, { x })['dx']!;
    expect(Array.from(dx.data).every(Number.isFinite)).toBe(true);
    if (op === 'ReduceL2') expect([...dx.data.slice(0, 2)]).toEqual([0, 0]);
  }
});

test('one place of each row set apart, counted from the end when negative, none when beyond', () => {
  const x = floatTensor([2, 2], [0, -1, 5, 1]);
  const constants = { depth: ints(3), values: stored(-1, 4) };
  const bytes = fileOf({ op: 'OneHot', with: constants, attrs: { axis: 1 } }, x);
  const { y0 } = interpret(importOnnxGraph(bytes, { name: 'one-hot.onnx' }), { x });
  expect(y0!.shape).toEqual([2, 3, 2]);
  expect([...y0!.data]).toEqual([4, -1, -1, -1, -1, 4, -1, -1, -1, 4, -1, -1]);
});

test('a determinant', () => {
  const x = floatTensor([2, 3, 3], [2, 1, 0, 1, 3, 1, 0, 1, 4, 0, 1, 2, 1, 0, 3, 4, -3, 8]);
  const bytes = fileOf({ op: 'Det' }, x);
  const { y0 } = interpret(importOnnxGraph(bytes, { name: 'det.onnx' }), { x });
  expect([...y0!.data]).toEqual([18, -2]);
});

describe('is refused with its reason:', () => {
  const refusal = (each: Case): (() => unknown) => {
    const x = randomTensor(each.of ?? [2, 3], 1);
    return () => importOnnxGraph(fileOf(each, x), { name: 'case.onnx' });
  };
  test.each<[string, Case, string]>([
    ['a recurrent layer', { op: 'LSTM', attrs: { hidden_size: 4 } }, 'recurrent layers'],
    ['a large determinant', { op: 'Det', of: [4, 4] }, 'matrices of up to 3 × 3'],
    ['TopK of too many', { op: 'TopK', with: { k: ints(4) } }, 'asks for 4 of 3 elements'],
    [
      'Dropout that drops',
      { op: 'Dropout', with: { r: floats([], [0.3]), t: ints(1) } },
      'it would drop at random',
    ],
  ])('%s', (_, each, reason) => {
    expect(refusal(each)).toThrow(reason);
  });
});
