// One case of the fuzzer: made from a seed number alone, and put through everything that happens to a
// model before a device sees it.
import path from 'node:path';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import { findBatch } from '../../src-ts/core/shape.ts';
import { tensor, type Tensor } from '../../src-ts/core/tensor.ts';
import { planGraph } from '../../src-ts/executor/webgpu/plan.ts';
import { typeOf, type Graph } from '../../src-ts/graph/graph.ts';
import { pruneGraph } from '../../src-ts/graph/prune.ts';
import { importOnnxGraph } from '../../src-ts/onnx/import-graph.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { decodeModel } from '../../src-ts/onnx/proto/decode.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { seededRandom } from '../reference/random.ts';
import { parametersOf, pickSeed, readSeed, type Seed } from './corpus.ts';
import { below, mutateBytes, pick, type Random } from './mutate-bytes.ts';
import { mutateModel, nestDeeply } from './mutate-model.ts';

export interface FuzzCase {
  readonly bytes: Uint8Array;
  /** Where external data may lie. */
  readonly folder: string;
  /** Inputs given as constants, by their position. */
  readonly parameters: readonly { readonly position: number; readonly value: Tensor }[];
}

/** The case of a number: the same one for the same seed and seeds' files. */
export function makeCase(seeds: readonly Seed[], seed: number, index: number): FuzzCase {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const chosen = pickSeed(seeds, random);
  const whole = readSeed(chosen);
  const draw = random();
  const structured = draw < 0.65 ? mutateModel(whole, random) : null;
  const nested = draw > 0.98 ? nestDeeply(whole, random) : null;
  const bytes = structured ?? nested ?? mutateBytes(whole, random);
  const parameters = random() < 0.7 ? parametersOf(chosen) : [];
  const damaged = parameters.map(({ position, value }) => ({
    position,
    value: random() < 0.4 ? damagedTensor(value, random) : value,
  }));
  return { bytes, folder: path.dirname(chosen.file), parameters: damaged };
}

const NUMBERS = [0, 1, -1, 2, 5, -3, 100, 1e5, 1e9, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, 2 ** 53];

function damagedTensor({ dtype, shape, data }: Tensor, random: Random): Tensor {
  const copy = data.slice();
  if (copy.length > 0) copy[below(random, copy.length)] = pick(random, NUMBERS);
  return tensor(dtype, shape, copy);
}

/** Imports, differentiates and plans; throws what any of these throws. */
export function exercise({ bytes, folder, parameters }: FuzzCase): void {
  const errors: unknown[] = [];
  const attempt = (run: () => Graph): void => {
    try {
      const graph = run();
      plan(graph);
      plan(withGradient(graph));
    } catch (thrown) {
      errors.push(thrown);
    }
  };
  const options = { name: 'fuzz.onnx', baseDir: folder };
  attempt(() => importOnnx(bytes, options).graph);
  attempt(() => {
    const inputs = decodeModel(bytes, options).graph.inputs;
    const bound = parameters.flatMap(({ position, value }) => {
      const port = inputs[position];
      return port === undefined ? [] : [[port.name, value] as const];
    });
    return importOnnxGraph(bytes, { ...options, constants: new Map(bound) });
  });
  if (errors.length > 0) throw new AggregateError(errors);
}

/** The graph with the gradient of its float outputs to its float inputs. */
function withGradient(graph: Graph): Graph {
  const builder = new GraphBuilder();
  const bindings = graph.inputs.map(
    ({ name, id }) => [name, builder.input(name, typeOf(graph, id))] as const,
  );
  const moved = builder.inline(graph, Object.fromEntries(bindings));
  const isFloat = (id: Graph['inputs'][number]['id']): boolean =>
    builder.typeOf(id).dtype === 'float32';
  const seeds = graph.outputs.flatMap(({ name, id }) => {
    const of = moved.get(id)!;
    if (!isFloat(of)) return [];
    return [{ of, cotangent: builder.input(`cotangent of ${name}`, builder.typeOf(of)) }];
  });
  const wrt = bindings.map(([, id]) => id).filter(isFloat);
  for (const [i, id] of gradient(builder, { seeds, wrt }).entries()) {
    if (id !== null) builder.output(`gradient ${i}`, id);
  }
  return pruneGraph(builder.finish());
}

function plan(graph: Graph): void {
  const capacity: Record<string, number> = {};
  for (const type of graph.types.values()) {
    const batch = findBatch(type.shape);
    if (batch !== null) capacity[batch.dim.symbol] = 2;
  }
  planGraph(pruneGraph(graph), { capacity, traits: { subgroupLanes: 8 } });
}
