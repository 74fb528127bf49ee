// Every op of the vocabulary, written as ONNX: onnxruntime must give what the interpreter gives, and so
// must the file read back. Inputs named in `batched` have an open first dimension.
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src-ts/core/errors.ts';
import { batchDim, elementCount, type Dtype, type Shape } from '../../src-ts/core/shape.ts';
import { floatTensor, tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { OpAttrs, OpInputs, OpKind, ValueId } from '../../src-ts/graph/op-set.ts';
import { exportOnnx } from '../../src-ts/onnx/export/export-onnx.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor, seededRandom } from '../reference/random.ts';
import { expectClose } from './runtime.ts';
import { runExported } from './run-exported.ts';

interface Case<K extends OpKind> {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: OpAttrs<K>;
  readonly batched?: readonly string[];
  /** Why the importer cannot read the file back; checked to be so still. */
  readonly oneWay?: RegExp;
}

const floats = (...shape: number[]): Tensor => randomTensor(shape, elementCount(shape) + 1);

/** Whole numbers from 0 to `below`. */
function wholes(dtype: Dtype, below: number, ...shape: number[]): Tensor {
  const random = seededRandom(below + elementCount(shape));
  const values = Array.from({ length: elementCount(shape) }, () => Math.floor(random() * below));
  return tensor(dtype, shape, Int32Array.from(values));
}

const list = (...values: number[]): Tensor =>
  tensor('int32', [values.length], Int32Array.from(values));
const list2 = (...values: number[]): Tensor => ({ ...list(...values), shape: [1, values.length] });
const positive = (...shape: number[]): Tensor => {
  const { data } = floats(...shape);
  return tensor(
    'float32',
    shape,
    Float32Array.from(data, (value) => Math.abs(value) + 0.1),
  );
};
const truths = (...shape: number[]): Tensor => wholes('bool', 2, ...shape);
const ints = (...shape: number[]): Tensor => wholes('int32', 9, ...shape);

const unary = { inputs: { x: floats(2, 3, 4) }, attrs: {}, batched: ['x'] } as const;
const binary = [
  { inputs: { a: floats(2, 3, 4), b: floats(4) }, attrs: {}, batched: ['a'] },
  { inputs: { a: ints(3, 1), b: wholes('int32', 5, 3, 2) }, attrs: {} },
] as const;
const compared = [...binary, { inputs: { a: truths(3), b: truths(3) }, attrs: {} }] as const;
const combined = [{ inputs: { a: truths(2, 8), b: truths(8) }, attrs: {}, batched: ['a'] }];

const signed = (...values: number[]): number[] => values.flatMap((v) => [v, -v]);
const remainders = [
  {
    inputs: {
      a: floatTensor([6], signed(5.5, 4, 7.25)),
      b: floatTensor([6], [2, 2, -3, -3, 7.25, 3]),
    },
    attrs: {},
  },
  { inputs: { a: list(...signed(5, 4, 7)), b: list(2, 2, -3, -3, 7, 3) }, attrs: {} },
] as const;

const window = {
  kernel: [3, 2],
  strides: [2, 1],
  dilations: [1, 2],
  padsBegin: [1, 1],
  outputSize: [3, 6],
}; // over 6 × 6 elements
const line = { kernel: [3], strides: [2], dilations: [1], padsBegin: [1], outputSize: [4] }; // over 7
const inputSize = [6, 6];
/** The last window of each axis leaves an element unread, or hangs over. */
const uneven = {
  kernel: [2, 3],
  strides: [3, 2],
  dilations: [1, 1],
  padsBegin: [0, 0],
  outputSize: [2, 3],
}; // over 6 × 6
const cut = { kernel: [2], strides: [1], dilations: [1], padsBegin: [-2], outputSize: [2] }; // over 7
const farPadded = { kernel: [2], strides: [2], dilations: [1], padsBegin: [1], outputSize: [5] }; // over 8
const valid = { divisor: 'valid', padsEnd: [1, 2] } as const;
const padded = { divisor: 'padded', padsEnd: [1, 2] } as const;
const meanOver = { ...window, kernel: [3, 3], strides: [2, 2], dilations: [1, 1] };

const reads = (x: Tensor) => ({ inputs: { x }, attrs: {} });

const CASES: { readonly [K in OpKind]: readonly Case<K>[] } = {
  relu: [unary],
  leaky_relu: [{ ...unary, attrs: { alpha: 0.3 } }],
  clip: [
    { ...unary, attrs: { min: -0.25, max: 0.5 } },
    { ...unary, attrs: { min: -Infinity, max: 0.5 } },
    { ...unary, attrs: { min: 0, max: Infinity } },
  ],
  sigmoid: [unary],
  tanh: [unary],
  neg: [unary, reads(ints(4))],
  abs: [unary, reads(ints(4))],
  sign: [unary],
  exp: [unary],
  log: [reads(positive(6))],
  sqrt: [reads(positive(6))],
  elu: [{ ...unary, attrs: { alpha: 0.7 } }],
  softplus: [unary],
  erf: [unary],
  sin: [unary],
  cos: [unary],
  tan: [unary],
  asin: [unary],
  acos: [unary],
  atan: [unary],
  sinh: [unary],
  cosh: [unary],
  asinh: [unary],
  acosh: [reads(floatTensor([3], [1, 1.25, 4]))],
  atanh: [unary],
  floor: [reads(floatTensor([4], [-1.5, -0.2, 0.5, 2]))],
  ceil: [reads(floatTensor([4], [-1.5, -0.2, 0.5, 2]))],
  round: [reads(floatTensor([6], [-1.5, -0.5, 0.5, 1.5, 2.5, 2.6]))],
  step: [unary],
  inside: [{ ...unary, attrs: { min: -0.25, max: 0.5 } }],
  power: [2, 3, 0.5, -0.75].map((exponent) => ({ ...reads(positive(6)), attrs: { exponent } })),
  round_through: [unary],
  dropout: [{ ...unary, attrs: { ratio: 0.5 } }],
  is_finite: [
    {
      ...reads(tensor('float32', [4], Float32Array.of(1, NaN, -Infinity, Infinity))),
    },
  ],
  is_nan: [reads(floatTensor([3], [1, NaN, Infinity]))],
  is_inf: [
    [true, true],
    [true, false],
    [false, true],
  ].map(([positive = false, negative = false]) => ({
    ...reads(floatTensor([4], [1, NaN, Infinity, -Infinity])),
    attrs: { positive, negative },
  })),
  not: [reads(truths(5))],
  cast: [
    { ...unary, attrs: { to: 'int32' } },
    { ...reads(ints(4)), attrs: { to: 'float32' } },
    { ...reads(ints(4)), attrs: { to: 'bool' } },
    { ...reads(truths(4)), attrs: { to: 'int64' } },
  ],
  add: binary,
  sub: binary,
  mul: binary,
  div: [
    binary[0],
    { inputs: { a: ints(6), b: tensor('int32', [1], Int32Array.of(2)) }, attrs: {} },
  ],
  pow: [
    { inputs: { a: positive(3, 4), b: floats(4) }, attrs: {} },
    { inputs: { a: ints(3, 1), b: wholes('int32', 4, 3, 2) }, attrs: {} },
  ],
  mod: remainders,
  fmod: remainders,
  maximum: binary,
  minimum: binary,
  equal: compared,
  less: binary,
  greater: binary,
  and: combined,
  or: combined,
  xor: combined,
  bit_and: [],
  bit_or: [],
  bit_xor: [],
  where: [
    {
      inputs: { condition: truths(2, 1, 4), a: floats(2, 3, 4), b: floats(3, 1) },
      attrs: {},
      batched: ['condition', 'a'],
    },
    { inputs: { condition: truths(6), a: truths(6), b: wholes('bool', 2, 1) }, attrs: {} },
  ],
  matmul: [
    {
      inputs: { a: floats(2, 3), b: floats(4, 3) },
      attrs: { transposeA: false, transposeB: true },
      batched: ['a'],
    },
    {
      inputs: { a: floats(2, 2, 5, 3), b: floats(2, 1, 4, 5) },
      attrs: { transposeA: true, transposeB: true },
      batched: ['a', 'b'],
    },
    {
      inputs: { a: floats(2, 3, 5), b: floats(5, 2) },
      attrs: { transposeA: false, transposeB: false },
      batched: ['a'],
    },
  ],
  conv: [
    {
      inputs: { x: floats(2, 4, 6, 6), w: floats(6, 2, 3, 2), bias: floats(6) },
      attrs: { ...window, groups: 2 },
      batched: ['x'],
    },
    { inputs: { x: floats(1, 2, 7), w: floats(3, 2, 3) }, attrs: { ...line, groups: 1 } },
    { inputs: { x: floats(1, 2, 7), w: floats(3, 2, 2) }, attrs: { ...cut, groups: 1 } },
    { inputs: { x: floats(1, 1, 6, 6), w: floats(2, 1, 2, 3) }, attrs: { ...uneven, groups: 1 } },
  ],
  conv_input_grad: [
    {
      inputs: { dy: floats(2, 6, 3, 6), w: floats(6, 2, 3, 2) },
      attrs: { ...window, groups: 2, inputSize },
      batched: ['dy'],
    },
    {
      inputs: { dy: floats(1, 2, 2, 3), w: floats(2, 1, 2, 3) },
      attrs: { ...uneven, groups: 1, inputSize },
    },
    {
      inputs: { dy: floats(1, 3, 2), w: floats(3, 2, 2) },
      attrs: { ...cut, groups: 1, inputSize: [7] },
    },
  ],
  conv_weight_grad: [
    {
      inputs: { x: floats(2, 4, 6, 6), dy: floats(2, 6, 3, 6) },
      attrs: { ...window, groups: 2, weightShape: [6, 2, 3, 2] },
      batched: ['x', 'dy'],
      oneWay: /weight/,
    },
    {
      inputs: { x: floats(2, 2, 7), dy: floats(2, 3, 4) },
      attrs: { ...line, groups: 1, weightShape: [3, 2, 3] },
    },
  ],
  max_pool: [
    { inputs: { x: floats(2, 3, 6, 6) }, attrs: window, batched: ['x'] },
    { inputs: { x: floats(1, 1, 6, 6) }, attrs: uneven },
    { inputs: { x: floats(1, 2, 8) }, attrs: farPadded },
    { inputs: { x: floats(1, 2, 7) }, attrs: cut },
  ],
  max_pool_argmax: [
    { inputs: { x: floats(2, 3, 6, 6) }, attrs: window, batched: ['x'] },
    { inputs: { x: wholes('float32', 2, 1, 2, 6, 6) }, attrs: uneven },
  ],
  max_pool_grad: [
    {
      inputs: { dy: floats(2, 3, 3, 6), argmax: wholes('int32', 36, 2, 3, 3, 6) },
      attrs: { ...window, inputSize },
      batched: ['dy', 'argmax'],
    },
  ],
  avg_pool: [
    {
      inputs: { x: floats(2, 3, 6, 6) },
      attrs: { ...meanOver, ...valid, outputSize: [3, 4] },
      batched: ['x'],
    },
    {
      inputs: { x: floats(2, 3, 6, 6) },
      attrs: { ...meanOver, ...padded, outputSize: [3, 4] },
      batched: ['x'],
    },
    { inputs: { x: floats(2, 3, 6, 6) }, attrs: { ...window, ...padded }, batched: ['x'] },
    { inputs: { x: floats(2, 3, 6, 6) }, attrs: { ...window, ...valid }, batched: ['x'] },
    {
      inputs: { x: floats(1, 2, 6, 6) },
      attrs: { ...uneven, divisor: 'valid', padsEnd: [0, 0] },
    },
    {
      inputs: { x: floats(1, 2, 6, 6) },
      attrs: { ...uneven, divisor: 'padded', padsEnd: [0, 0] },
    },
  ],
  avg_pool_grad: [
    {
      inputs: { dy: floats(2, 3, 3, 6) },
      attrs: { ...window, ...padded, inputSize },
      batched: ['dy'],
    },
    {
      inputs: { dy: floats(2, 3, 3, 6) },
      attrs: { ...window, ...valid, inputSize },
      batched: ['dy'],
    },
  ],
  window_sum: [
    { inputs: { x: floats(2, 6, 3) }, attrs: { axis: 1, before: 2, after: 1 }, batched: ['x'] },
    { inputs: { x: floats(2, 3, 5) }, attrs: { axis: 2, before: 0, after: 2 }, batched: ['x'] },
  ],
  reduce_sum: [
    { ...unary, attrs: { axes: [2] } },
    { ...unary, attrs: { axes: [0, -1] }, oneWay: /reduces over the batch/ },
    { ...unary, attrs: { axes: [] } },
    { inputs: { x: ints(3, 4) }, attrs: { axes: [1] } },
  ],
  reduce_max: [
    { ...unary, attrs: { axes: [1, 2] } },
    { inputs: { x: truths(3, 4) }, attrs: { axes: [1] } },
  ],
  reduce_min: [{ ...unary, attrs: { axes: [-2] } }],
  reduce_prod: [{ ...unary, attrs: { axes: [1, 2] } }],
  argmax: [
    unary,
    reads(wholes('float32', 3, 4, 9)),
    { ...reads(wholes('float32', 3, 4, 9)), attrs: { selectLast: true } },
  ],
  argmin: [unary, { ...reads(wholes('float32', 3, 4, 9)), attrs: { selectLast: true } }],
  top_k: [
    { ...unary, attrs: { k: 3 } },
    { inputs: { x: wholes('float32', 4, 5, 9) }, attrs: { k: 6 } },
    { inputs: { x: wholes('float32', 4, 5, 9) }, attrs: { k: 4, smallest: true } },
  ],
  softmax: [
    { ...unary, attrs: { axis: 1 } },
    { ...unary, attrs: { axis: -1 } },
  ],
  reshape: [
    { ...unary, attrs: { shape: [batchDim('N', 2), 6] } },
    { inputs: { x: floats(2, 6) }, attrs: { shape: [3, 4] } },
    { inputs: { x: floats(0, 6) }, attrs: { shape: [3, 0, 4] } },
  ],
  transpose: [{ ...unary, attrs: { perm: [2, 0, 1] } }],
  expand: [
    {
      inputs: { x: floats(2, 1, 4) },
      attrs: { shape: [batchDim('N'), 3, 4] },
      batched: ['x'],
    },
    { inputs: { x: floats(3, 1) }, attrs: { shape: [2, 3, 4] } },
  ],
  concat: [
    {
      inputs: { x0: floats(2, 1, 4), x1: floats(2, 3, 4), x2: floats(2, 2, 4) },
      attrs: { axis: 1 },
      batched: ['x0', 'x1', 'x2'],
    },
  ],
  slice: [
    {
      ...unary,
      attrs: {
        ranges: [
          { start: 0, step: 1 },
          { start: 2, step: -2 },
          { start: 1, step: 2 },
        ],
        sizes: [batchDim('N'), 2, 2],
      },
    },
    { ...unary, attrs: { ranges: ranges(0, 0, 0), sizes: [batchDim('N'), 3, 4] } },
    { ...unary, attrs: { ranges: ranges(0, 1, 2), sizes: [batchDim('N'), 1, 2] } },
  ],
  unslice: [
    { ...unary, attrs: { ranges: ranges(0, 1, 2), shape: [batchDim('N'), 5, 6] } },
    {
      ...unary,
      attrs: {
        ranges: [
          { start: 0, step: 1 },
          { start: 5, step: -2 },
          { start: 1, step: 3 },
        ],
        shape: [batchDim('N'), 6, 12],
      },
    },
  ],
  pad: [{ ...unary, attrs: { before: [0, 1, 0], after: [0, 2, 3], value: 0.5 } }],
  rows: [
    { inputs: { x: floats(3, 4), index: list(2, 0, 0, 1) }, attrs: { axis: 0 } },
    { inputs: { x: floats(2, 3, 2), index: list(1, 1) }, attrs: { axis: 1 } },
  ],
  update_rows: [
    {
      inputs: { x: floats(4, 3), index: list(2, 0), rows: floats(2, 3) },
      attrs: {},
    },
    {
      inputs: { x: truths(4), index: list(3, 1), rows: truths(2) },
      attrs: {},
    },
  ],
  compact: [
    { inputs: { values: ints(9), keep: truths(9) }, attrs: { symbol: 'M' }, oneWay: /Compress/ },
  ],
  take_along: [
    {
      inputs: { x: floats(3, 5), index: wholes('int32', 5, 3, 2) },
      attrs: {},
      batched: ['x', 'index'],
    },
  ],
  gather: [
    {
      inputs: { x: floats(2, 4, 3), index: wholes('int32', 4, 1, 5) },
      attrs: {},
      batched: ['x'],
    },
    {
      inputs: { x: floats(2, 4, 3), index: wholes('int64', 4, 2, 5) },
      attrs: {},
      batched: ['x', 'index'],
    },
  ],
  scatter_add: [
    {
      inputs: { updates: floats(2, 5, 3), index: wholes('int32', 4, 1, 5) },
      attrs: { size: 4 },
      batched: ['updates'],
    },
    {
      inputs: { updates: floats(2, 5, 3), index: wholes('int32', 4, 2, 5) },
      attrs: { size: 4 },
      batched: ['updates', 'index'],
    },
  ],
  scatter: [
    {
      inputs: { x: floats(2, 4, 3), index: list2(1, 3), updates: floats(2, 2, 3) },
      attrs: { reduction: 'none' },
      batched: ['x', 'updates'],
    },
    {
      inputs: { x: floats(2, 4, 3), index: list2(1, 1), updates: floats(2, 2, 3) },
      attrs: { reduction: 'mul' },
      batched: ['x', 'updates'],
    },
  ],
  iota: [{ inputs: {}, attrs: { size: 5 } }],
  random_uniform: [], // refused
};

function ranges(...starts: number[]): { start: number; step: number }[] {
  return starts.map((start) => ({ start, step: 1 }));
}

function graphOf<K extends OpKind>(kind: K, { inputs, attrs, batched = [] }: Case<K>): Graph {
  const builder = new GraphBuilder();
  const entries = Object.entries(inputs).map(([name, { dtype, shape }]): [string, ValueId] => {
    const open: Shape = batched.includes(name) ? [batchDim('N'), ...shape.slice(1)] : shape;
    return [name, builder.input(name, { dtype, shape: open })];
  });
  const ids = Object.fromEntries(entries) as unknown as OpInputs<K>;
  builder.output('y', builder.emit(kind, ids, attrs, `the ${kind}`));
  return builder.finish();
}

async function check<K extends OpKind>(kind: K, each: Case<K>): Promise<void> {
  const graph = graphOf(kind, each);
  const expected = interpret(graph, each.inputs)['y']!;
  const bytes = exportOnnx(graph);
  const came = (await runExported(bytes, each.inputs))['y']!;
  expect(came.dtype).toBe(expected.dtype);
  expect(came.shape).toEqual(expected.shape);
  expectClose(came, expected, 1e-5);
  const readBack = (): Graph => importOnnxGraph(bytes, { name: kind });
  if (each.oneWay !== undefined) {
    expect(readBack, 'it can be read back now: remove `oneWay`').toThrow(each.oneWay);
    return;
  }
  const again = interpret(readBack(), each.inputs)['y']!;
  expect(again.shape).toEqual(expected.shape);
  expectClose(again, expected, 1e-6);
}

describe('an exported op gives in onnxruntime, and read back, what it means:', () => {
  for (const kind of Object.keys(CASES) as OpKind[]) {
    for (const [k, each] of CASES[kind].entries()) {
      it(`${kind}, case ${k + 1}`, async () => {
        try {
          await check(kind, each as Case<OpKind>);
        } catch (thrown) {
          throw new Error(`${kind}: ${messageOf(thrown)}`, { cause: thrown });
        }
      });
    }
  }
});
