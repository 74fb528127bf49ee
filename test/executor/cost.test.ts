// What each kernel call says it costs, held to formulas written out here and to the sizes of the
// buffers it binds.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src-ts/attack/options.ts';
import { buildStepGraph, SYMBOLS } from '../../src-ts/attack/step.ts';
import { batchDim, type Extents } from '../../src-ts/core/shape.ts';
import { byteLengthOf, planGraph, type Plan } from '../../src-ts/executor/webgpu/plan.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import { resolveCost, type CostInNumbers } from '../../src-ts/kernels/cost.ts';
import { formatCallName, type KernelCall } from '../../src-ts/kernels/kernel.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { Draw } from '../gradients/draw.ts';
import { describeCase, forwardGraph } from '../gradients/op-case.ts';
import { DIFFERENTIABLE, generatorOf } from '../gradients/table.ts';
import { randomTensor } from '../reference/random.ts';

const N = batchDim('N');
const P = batchDim('P');
const EXTENTS = { N: 2, P: 6 };

const planOf = (graph: Graph, capacity: Extents, lanes: number | null = null): Plan =>
  planGraph(pruneGraph(graph), { capacity, traits: { subgroupLanes: lanes } });

/** The costs of one op's calls, packing of weights aside. */
function costs(build: (b: GraphBuilder) => void, extents: Extents = EXTENTS): CostInNumbers[] {
  const b = new GraphBuilder();
  build(b);
  return planOf(b.finish(), EXTENTS).calls.map(({ call }) => resolveCost(call.cost, extents));
}

describe('worked examples', () => {
  const window = { kernel: [3, 3], strides: [2, 2], dilations: [1, 1], padsBegin: [1, 1] };
  const w = [8, 3, 3, 3] as const;
  const [image, map, weights] = [3 * 10 * 10, 8 * 5 * 5, 3 * 3 * 3 * 8];

  it('a convolution: a multiplication and an addition a tap and channel, for each output', () => {
    const [cost] = costs((b) => {
      const x = b.input('x', { dtype: 'float32', shape: [N, 3, 10, 10] });
      const geometry = { ...window, outputSize: [5, 5], groups: 1 };
      b.output('y', b.emit('conv', { x, w: b.constant(randomTensor(w, 1)) }, geometry));
    });
    // Weights as packed: channels padded to a whole tile of 16.
    const bytes = 4 * (2 * image + 2 * weights + 2 * map);
    expect(cost).toEqual({ flops: 2 * (2 * 27) * map, bytes });
  });

  it('the gradient to its input does as many', () => {
    const all = costs((b) => {
      const dy = b.input('dy', { dtype: 'float32', shape: [N, 8, 5, 5] });
      const geometry = { ...window, outputSize: [5, 5], groups: 1, inputSize: [10, 10] };
      b.output(
        'dx',
        b.emit('conv_input_grad', { dy, w: b.constant(randomTensor([8, 40, 3, 3], 1)) }, geometry),
      );
    });
    expect(all).toHaveLength(1);
    expect(all[0]!.flops).toBe(2 * (2 * 9 * 40) * map);
  });

  it('the live rows count, not the capacity', () => {
    const build = (b: GraphBuilder): void => {
      const x = b.input('x', { dtype: 'float32', shape: [N, 16] });
      b.output('y', b.emit('exp', { x }, {}));
    };
    expect(costs(build, { N: 1 })).toEqual([{ flops: 16, bytes: 128 }]);
    expect(costs(build, { N: 2 })).toEqual([{ flops: 32, bytes: 256 }]);
  });

  it('a matrix product', () => {
    const [cost] = costs((b) => {
      const a = b.input('a', { dtype: 'float32', shape: [N, 12] });
      const product = { transposeA: false, transposeB: false };
      b.output('y', b.emit('matmul', { a, b: b.constant(randomTensor([12, 5], 1)) }, product));
    });
    expect(cost).toEqual({ flops: 2 * 12 * 2 * 5, bytes: 4 * (24 + 60 + 10) });
  });

  it('a sum over the batch is as long as it has rows', () => {
    const build = (b: GraphBuilder): void => {
      const [a, dy] = [12, 5].map((columns, k) =>
        b.input(`x${k}`, { dtype: 'float32', shape: [N, columns] }),
      );
      const product = { transposeA: true, transposeB: false };
      b.output('dw', b.emit('matmul', { a: a!, b: dy! }, product));
    };
    expect(costs(build, { N: 1 })[0]!.flops).toBe(2 * 12 * 5);
    expect(costs(build, { N: 2 })[0]!.flops).toBe(2 * 2 * 12 * 5);
  });

  it('rows seen through a table are read once', () => {
    const [cost] = costs((b) => {
      const x = b.input('x', { dtype: 'float32', shape: [N, 8] });
      const index = b.input('index', { dtype: 'int32', shape: [P] });
      const dy = b.input('dy', { dtype: 'float32', shape: [P, 8] });
      b.output('y', b.emit('mul', { a: b.emit('rows', { x, index }, { axis: 0 }), b: dy }, {}));
    });
    expect(cost).toEqual({ flops: 48, bytes: 4 * (2 * 8 + 6 + 6 * 8 + 6 * 8) });
  });

  it('a slice reads what it takes, a repetition what there is', () => {
    const ranges = [
      { start: 0, step: 1 },
      { start: 2, step: 1 },
    ];
    const slice = costs((b) => {
      const x = b.input('x', { dtype: 'float32', shape: [N, 16] });
      b.output('y', b.emit('slice', { x }, { ranges, sizes: [N, 3] }));
    });
    expect(slice).toEqual([{ flops: 0, bytes: 4 * (6 + 6) }]);
    const repetition = costs((b) => {
      const x = b.input('x', { dtype: 'float32', shape: [N, 1] });
      b.output('y', b.emit('expand', { x }, { shape: [N, 16] }));
    });
    expect(repetition).toEqual([{ flops: 0, bytes: 4 * (2 + 32) }]);
  });
});

/** Kernels that always compute; some pointwise ones only convert. */
const COMPUTES =
  /^(conv_|gather_taps|matmul_|reduce|softmax|max_pool|avg_pool|window_sum|top_k|scatter)/;

/** A call touches no more than its buffers hold, and something. */
function expectWithinBuffers(graph: Graph, plan: Plan, capacity: Extents, told: string): void {
  for (const { call } of [...plan.once, ...plan.calls]) {
    const cost = resolveCost(call.cost, capacity);
    const name = `${formatCallName(call)} of ${told}`;
    expect(cost.bytes, name).toBeGreaterThan(0);
    expect(cost.bytes, name).toBeLessThanOrEqual(boundBytes(graph, plan, call, capacity));
    if (COMPUTES.test(name)) expect(cost.flops, name).toBeGreaterThan(0);
  }
}

function boundBytes(graph: Graph, plan: Plan, call: KernelCall, capacity: Extents): number {
  const sizes = Object.values(call.buffers).map((ref) => {
    if (ref.of !== 'value') return 0;
    const planned = plan.buffers.get(plan.rootOf(ref.id));
    if (planned !== undefined) return planned.byteLength;
    return byteLengthOf(graph.types.get(ref.id)!, capacity); // a constant of calls run once
  });
  return sizes.reduce((a, b) => a + b, 0);
}

describe.each([null, 8])('every call tells what it moves, on %s lanes', (lanes) => {
  it.each(DIFFERENTIABLE)('%s', (kind) => {
    const property = fc.property(fc.gen(), (source) => {
      const each = generatorOf(kind)!(new Draw(source, { spatialAxes: 2 }));
      const graph = pruneGraph(forwardGraph(kind, each));
      expectWithinBuffers(graph, planOf(graph, {}, lanes), {}, describeCase(kind, each));
    });
    fc.assert(property, { seed: 20260101, numRuns: 10 });
  });

  it('a step of DeepFool', () => {
    const file = new URL('../../examples/lenet-fashion-mnist.onnx', import.meta.url);
    const model = importOnnx(readFileSync(file), { name: 'lenet' });
    const options = resolveOptions({}, { classes: model.classes, channels: 1 });
    const graph = pruneGraph(buildStepGraph(model.graph, options).graph);
    const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, 4]));
    const plan = planOf(graph, capacity, lanes);
    expect(plan.calls.length).toBeGreaterThan(50);
    expectWithinBuffers(graph, plan, capacity, 'a step');
  });
});
