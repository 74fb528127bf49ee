// Every kernel that takes an epilogue, with a mask read through a row table and an addend, held to the
// interpreter: what a gradient through a residual block asks of it.
import { describe, expect, it } from 'vitest';
import { batchDim } from '../../src-ts/core/shape.ts';
import { tensor } from '../../src-ts/core/tensor.ts';
import { planGraph } from '../../src-ts/executor/webgpu/plan.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { expectAsInterpreted } from '../executor/run-graph.ts';
import { FAMILIES, openFamily } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';

const PAIRS = batchDim('P');
const [IMAGES, OWNERS] = [3, [2, 0, 0, 1, 2]] as const;

interface Case {
  /** Shapes behind the batch. */
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly emit: (b: GraphBuilder, x: ValueId) => ValueId;
}

interface Window {
  readonly size: readonly [number, number];
  readonly stride: number;
  readonly dilation: number;
}

function inputGrad(
  channels: number,
  outputs: number,
  groups: number,
  { size, stride, dilation }: Window,
): Case {
  const outputSize = size.map((each) => Math.floor((each - 1) / stride) + 1);
  const weights = randomTensor([outputs, channels / groups, 3, 3], 7);
  const [strides, dilations] = [
    [stride, stride],
    [dilation, dilation],
  ];
  return {
    input: [outputs, ...outputSize],
    output: [channels, ...size],
    emit: (b, dy) =>
      b.emit(
        'conv_input_grad',
        { dy, w: b.constant(weights) },
        {
          kernel: [3, 3],
          strides,
          dilations,
          padsBegin: dilations,
          outputSize,
          groups,
          inputSize: size,
        },
      ),
  };
}

const pointGrad = (channels: number, outputs: number, size: readonly number[]): Case => ({
  input: [outputs, ...size],
  output: [channels, ...size],
  emit: (b, dy) =>
    b.emit(
      'conv_input_grad',
      { dy, w: b.constant(randomTensor([outputs, channels, 1, 1], 6)) },
      {
        ...{ kernel: [1, 1], strides: [1, 1], dilations: [1, 1], padsBegin: [0, 0] },
        ...{ outputSize: size, inputSize: size, groups: 1 },
      },
    ),
});

const product = (shape: readonly number[], depth: number, columns: number): Case => ({
  input: [...shape, depth],
  output: [...shape, columns],
  emit: (b, a) =>
    b.emit(
      'matmul',
      { a, b: b.constant(randomTensor([depth, columns], 8)) },
      { transposeA: false, transposeB: false },
    ),
});

const pool = { kernel: [3, 3], strides: [2, 2], padsBegin: [1, 1], outputSize: [5, 6] };
const plain: Window = { size: [9, 11], stride: 1, dilation: 1 };

const CASES: Readonly<Record<string, Case>> = {
  'a dense pass': inputGrad(20, 8, 1, plain),
  'a dense pass in phases': inputGrad(6, 8, 1, { ...plain, stride: 2 }),
  'a pass of 1 × 1 in fours': pointGrad(9, 12, [4, 5]),
  groups: inputGrad(8, 12, 4, plain),
  'gathered tap products': inputGrad(3, 16, 1, { ...plain, stride: 2 }),
  'gathered tap products, rows in fours': inputGrad(3, 16, 1, { ...plain, size: [9, 12] }),
  'a depthwise pass': inputGrad(5, 5, 5, plain),
  'a depthwise pass over rows in fours': inputGrad(5, 5, 5, { ...plain, size: [9, 12] }),
  'a depthwise pass in phases': inputGrad(5, 5, 5, { ...plain, stride: 2 }),
  'a dilated depthwise pass': inputGrad(5, 5, 5, { ...plain, dilation: 2 }),
  'products of rows, in fours': product([], 12, 40),
  'products of rows, one by one': product([], 12, 37),
  'products of several rows an image': product([7], 12, 40),
  'a max pool': {
    input: [4, 5, 6],
    output: [4, 9, 11],
    emit: (b, dy) => {
      const x = b.constant(randomTensor([OWNERS.length, 4, 9, 11], 9));
      const argmax = b.emit('max_pool_argmax', { x }, { ...pool, dilations: [1, 1] });
      const attrs = { ...pool, dilations: [1, 1], inputSize: [9, 11] };
      const index = b.input('argmax_rows', { dtype: 'int32', shape: [PAIRS] });
      return b.emit(
        'max_pool_grad',
        { dy, argmax: b.emit('rows', { x: argmax, index }, { axis: 0 }) },
        attrs,
      );
    },
  },
  'an average pool': {
    input: [4, 5, 6],
    output: [4, 9, 11],
    emit: (b, dy) =>
      b.emit(
        'avg_pool_grad',
        { dy },
        { ...pool, dilations: [1, 1], padsEnd: [1, 1], divisor: 'valid', inputSize: [9, 11] },
      ),
  },
};

/** (op(x) + skip) · [0 < seen row], and what feeds it. */
function residualGraph({ input, output, emit }: Case): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [PAIRS, ...input] });
  const skip = b.input('skip', { dtype: 'float32', shape: [PAIRS, ...output] });
  const features = b.input('features', { dtype: 'float32', shape: [batchDim('N'), ...output] });
  const owner = b.input('owner', { dtype: 'int32', shape: [PAIRS] });
  const seen = b.emit('rows', { x: features, index: owner }, { axis: 0 });
  const sum = b.emit('add', { a: emit(b, x), b: skip }, {});
  b.output('y', b.emit('mul', { a: sum, b: b.emit('step', { x: seen }, {}) }, {}));
  return b.finish();
}

describe.each(FAMILIES)('the %s kernels add and mask before they store', (family) => {
  it.each(Object.entries(CASES))('%s', async (_, each) => {
    const graph = residualGraph(each);
    const traits = { subgroupLanes: family === 'tiled' ? null : 8 };
    const plan = planGraph(graph, { capacity: { N: IMAGES, P: OWNERS.length }, traits });
    const extras = plan.calls.map(({ call }) => call.buffers['extra1']);
    expect(extras.at(-1)).toMatchObject({ of: 'value' });
    const rows = tensor('int32', [OWNERS.length], Int32Array.from(OWNERS));
    const given = {
      x: randomTensor([OWNERS.length, ...each.input], 1),
      skip: randomTensor([OWNERS.length, ...each.output], 2),
      features: randomTensor([IMAGES, ...each.output], 3),
      owner: rows,
      argmax_rows: rows,
    };
    const named = Object.entries(given).filter(([name]) =>
      graph.inputs.some((port) => port.name === name),
    );
    await expectAsInterpreted(await openFamily(family), graph, Object.fromEntries(named), {
      spare: 2,
    });
  });
});
