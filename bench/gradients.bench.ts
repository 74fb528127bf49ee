// Are the gradients of the rivals right? Each op's, on small images, against ours in plain loops and
// float64; and what a wrong one does to DeepFool.
import { gradient } from '../src-ts/autodiff/gradient.ts';
import { floatTensor, type Tensor } from '../src-ts/core/tensor.ts';
import type { Graph } from '../src-ts/graph/graph.ts';
import type { ValueId } from '../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../src-ts/ops/builder.ts';
import { interpret } from '../test/reference/interpreter.ts';
import { randomTensor } from '../test/reference/random.ts';
import { runBench, type Bench } from './harness.ts';
import { jaxGradient, type ImageGradient, tfjsGradient } from './rivals/image-gradient.ts';
import { openJax } from './rivals/jax.ts';
import { tfjsDeepFool } from './rivals/tfjs-deepfool.ts';
import { openTfjs } from './rivals/tfjs.ts';
import { relativeError } from './statistics.ts';
import { loadSubject } from './subjects.ts';

const [BATCH, CHANNELS, SIZE] = [2, 4, 9];
const IMAGES = [BATCH, CHANNELS, SIZE, SIZE];
const ATTACKED = 32;

interface GradientCase {
  readonly name: string;
  readonly x: Tensor;
  /** Appends what is differentiated to a graph: an image from an image. */
  readonly emit: (builder: GraphBuilder, x: ValueId) => ValueId;
}

const noise = randomTensor(IMAGES, 1);
const equal = floatTensor(IMAGES, new Float32Array(noise.data.length).fill(0.5));
const negative = floatTensor(
  IMAGES,
  Float32Array.from(noise.data, (value) => value - 2),
);

function conv(name: string, weight: number[], stride: number, groups = 1): GradientCase {
  const kernel = weight.slice(2);
  const padsBegin = kernel.map((size) => (size - 1) / 2);
  const outputSize = kernel.map(() => Math.floor((SIZE - 1) / stride) + 1);
  const strides = [stride, stride];
  const geometry = { kernel, strides, dilations: [1, 1], padsBegin, outputSize, groups };
  const emit = (builder: GraphBuilder, x: ValueId): ValueId =>
    builder.emit('conv', { x, w: builder.constant(randomTensor(weight, 2)) }, geometry);
  return { name, x: noise, emit };
}

function maxPool(name: string, x: Tensor, size: number): GradientCase {
  const outputSize = [0, 1].map(() => Math.floor((SIZE - size) / 2) + 1);
  const geometry = { kernel: [size, size], strides: [2, 2], dilations: [1, 1], padsBegin: [0, 0] };
  const emit = (builder: GraphBuilder, id: ValueId): ValueId =>
    builder.emit('max_pool', { x: id }, { ...geometry, outputSize });
  return { name, x, emit };
}

const CASES: readonly GradientCase[] = [
  conv('conv 3 × 3', [6, CHANNELS, 3, 3], 1),
  conv('conv 5 × 5', [6, CHANNELS, 5, 5], 1),
  conv('conv 3 × 3, stride 2', [6, CHANNELS, 3, 3], 2),
  conv('conv 1 × 1', [6, CHANNELS, 1, 1], 1),
  conv('conv 3 × 3, depthwise', [CHANNELS, 1, 3, 3], 1, CHANNELS),
  { name: 'relu', x: noise, emit: (builder, x) => builder.emit('relu', { x }, {}) },
  {
    name: 'clip',
    x: noise,
    emit: (builder, x) => builder.emit('clip', { x }, { min: -0.5, max: 0.5 }),
  },
  maxPool('max-pool 2 × 2', noise, 2),
  maxPool('max-pool 3 × 3', noise, 3),
  maxPool('max-pool 3 × 3 of negative values', negative, 3),
  maxPool('max-pool 2 × 2 of equal values', equal, 2),
];

/** The function alone, and the gradient of its image under a random cotangent, in float64. */
function referenceOf({ x, emit }: GradientCase): { graph: Graph; dy: Tensor; dx: Tensor } {
  const type = { dtype: 'float32', shape: IMAGES } as const;
  const alone = new GraphBuilder();
  const input = alone.input('x', type);
  alone.output('y', emit(alone, input));
  const graph = alone.finish();
  const dy = randomTensor(graph.types.get(graph.outputs[0]!.id)!.shape as number[], 3);
  const builder = new GraphBuilder();
  const again = builder.input('x', type);
  const cotangent = builder.input('dy', { dtype: 'float32', shape: dy.shape });
  const of = emit(builder, again);
  builder.output('dx', gradient(builder, { seeds: [{ of, cotangent }], wrt: [again] })[0]!);
  return { graph, dy, dx: interpret(builder.finish(), { x, dy })['dx']! };
}

async function errorOf(rival: ImageGradient, each: GradientCase): Promise<string> {
  const { graph, dy, dx } = referenceOf(each);
  try {
    const came = await rival.gradient(graph, each.x, dy);
    return relativeError([...came], [...dx.data]).toExponential(0);
  } catch (error) {
    if (!String(error).includes('not registered')) throw error;
    return 'none';
  }
}

async function compareOps({ executor, addFacts }: Bench): Promise<void> {
  const rivals = [
    tfjsGradient(await openTfjs('webgpu', executor.info), 'shipped gradients'),
    tfjsGradient(await openTfjs('wasm', executor.info), 'shipped gradients'),
    tfjsGradient(await openTfjs('wasm', executor.info), 'gradients'),
    jaxGradient(await openJax(executor.info)),
  ];
  const rows = [];
  for (const each of CASES) {
    const errors = [];
    for (const rival of rivals) errors.push(await errorOf(rival, each));
    rows.push([each.name, ...errors]);
  }
  addFacts({
    title: 'relative error of the gradient',
    columns: rivals.map(({ name }) => name),
    rows,
    notes: [
      'tfjs-wasm looks for the maximum of a window from `numeric_limits<float>::min()` up, the smallest positive number: a window without a positive value loses its gradient. As repaired here, the kernel is given values shifted above 0.',
      'Of equal values, ours and PyTorch take the first; both backends of tfjs take the last.',
    ],
  });
}

async function attackWith({ executor, addFacts }: Bench): Promise<void> {
  const { model, images } = await loadSubject('lenet-mnist', ATTACKED);
  const { channels, height, width } = model.inputShape;
  const subject = { graph: model.graph, image: [channels, height, width] as const };
  const pixels = images.map((image) => image.pixels);
  const wasm = await openTfjs('wasm', executor.info);
  const rows = [];
  for (const purpose of ['shipped gradients', 'gradients'] as const) {
    const outcomes = await tfjsDeepFool(wasm, subject, purpose).attack(pixels, ATTACKED);
    const mean = (of: (i: number) => number): number =>
      outcomes.reduce((sum, _, i) => sum + of(i), 0) / ATTACKED;
    const rho = mean((i) => outcomes[i]!.l2 / Math.hypot(...pixels[i]!));
    const name = purpose === 'gradients' ? 'repaired' : 'as shipped';
    rows.push([name, rho.toFixed(4), mean((i) => outcomes[i]!.steps).toFixed(2)]);
  }
  addFacts({
    title: `DeepFool on lenet-mnist in tfjs-wasm, ${ATTACKED} images`,
    columns: ['mean ρ', 'steps'],
    rows,
    notes: ['LeNet pools before any activation, so many windows have no positive value.'],
  });
}

await runBench('gradients', async (bench) => {
  await compareOps(bench);
  await attackWith(bench);
});
