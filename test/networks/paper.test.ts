// The paper's networks: their sizes are those that are known of them.
import { describe, expect, it } from 'vitest';
import { outputNamed, typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { buildNetwork, NETWORKS, type NetworkName } from '../../src-ts/networks/index.ts';
import { liftParameters } from '../../src-ts/passes/lift-parameters.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

/** Weights and biases. */
const SIZES: Readonly<Record<NetworkName, number>> = {
  'fc500-150-10': 784 * 500 + 500 + 500 * 150 + 150 + 150 * 10 + 10,
  'lenet-mnist': 431_080, // of the weights that the authors published
  'lenet-cifar10': 145_578, // MatConvNet's
  'nin-cifar10': 966_986, // Lin et al.: "0.97 M"
  caffenet: 60_965_224, // of bvlc_reference_caffenet
  googlenet: 6_998_552, // of bvlc_googlenet without its auxiliary classifiers
};

/** Millions of multiply-additions for one image, where they are known from elsewhere. */
const COSTS: Readonly<Partial<Record<NetworkName, number>>> = {
  caffenet: 724, // 0.72 billion
  googlenet: 1582, // its paper says 1.5 billion, roughly
};

/** Multiply-additions of convolutions and products for one image. */
function costOf(graph: Graph): number {
  const sizeOf = (id: ValueId): number =>
    typeOf(graph, id).shape.reduce<number>((n, dim) => n * (typeof dim === 'number' ? dim : 1), 1);
  return graph.nodes.reduce((sum, node) => {
    if (node.kind === 'matmul') return sum + sizeOf(node.inputs.b);
    if (node.kind !== 'conv') return sum;
    const perOutput = sizeOf(node.inputs.w) / (typeOf(graph, node.inputs.w).shape[0] as number);
    return sum + sizeOf(node.output) * perOutput;
  }, 0);
}

describe.each(Object.keys(NETWORKS) as NetworkName[])('%s', (name) => {
  it('has the shape and size it is known for', () => {
    const { image, classes } = NETWORKS[name];
    const graph = buildNetwork(name);
    const { parameters } = liftParameters(graph);
    expect(typeOf(graph, graph.inputs[0]!.id).shape.slice(1)).toEqual([...image]);
    expect(typeOf(graph, outputNamed(graph, 'logits')).shape[1]).toBe(classes);
    expect(parameters.reduce((sum, { value }) => sum + value.data.length, 0)).toBe(SIZES[name]);
    const cost = COSTS[name];
    if (cost !== undefined) expect(costOf(graph) / 1e6).toBeCloseTo(cost, -1);
  });
});

it('draws weights by the seed, of a size that keeps values in range', () => {
  const logits = (seed: number): number[] => {
    const image = randomTensor([2, 1, 28, 28], 1);
    return [...interpret(buildNetwork('fc500-150-10', seed), { image })['logits']!.data];
  };
  const [first, again, other] = [logits(1), logits(1), logits(2)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
  const size = Math.sqrt(first.reduce((sum, value) => sum + value ** 2, 0) / first.length);
  expect(size).toBeGreaterThan(0.1);
  expect(size).toBeLessThan(3);
});
