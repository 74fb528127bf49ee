// Small classifiers as graphs, and graphs as classifiers of the reference attack.
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { AttackModel } from '../../src-ts/attack/deepfool.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import { gradient } from '../../src-ts/autodiff/gradient.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import type { Classifier } from '../reference/deepfool.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

export const CHANNELS = 2;
export const SIZE = 4;
const PIXELS = CHANNELS * SIZE * SIZE;
export const IMAGE_SHAPE = [CHANNELS, SIZE, SIZE] as const;

type Layers = (builder: GraphBuilder, image: ValueId) => ValueId;

export function modelOf(
  classes: number,
  layers: Layers,
  batch: ReturnType<typeof batchDim> | 1 = batchDim('N'),
): AttackModel {
  const builder = new GraphBuilder();
  const image = builder.input('image', { dtype: 'float32', shape: [batch, ...IMAGE_SHAPE] });
  builder.output('logits', layers(builder, image));
  const inputShape = { channels: CHANNELS, height: SIZE, width: SIZE };
  return { graph: builder.finish(), inputShape, classes };
}

export function flatten(builder: GraphBuilder, x: ValueId): ValueId {
  const [batch, ...rest] = builder.typeOf(x).shape;
  const size = (rest as number[]).reduce((product, dim) => product * dim, 1);
  return builder.emit('reshape', { x }, { shape: [batch!, size] });
}

export function dense(builder: GraphBuilder, x: ValueId, outputs: number, seed: number): ValueId {
  const inputs = builder.typeOf(x).shape[1] as number;
  const weights = builder.constant(
    scaled(randomTensor([outputs, inputs], seed), 2 / inputs ** 0.5),
  );
  const bias = builder.constant(scaled(randomTensor([outputs], seed + 1), 0.2));
  const product = builder.emit(
    'matmul',
    { a: x, b: weights },
    { transposeA: false, transposeB: true },
  );
  return builder.emit('add', { a: product, b: bias }, {});
}

const scaled = (x: Tensor, by: number): Tensor =>
  floatTensor(
    x.shape,
    Array.from(x.data, (value) => value * by),
  );

/** Convolution, ReLU, maxima, dense, tanh, dense. */
export function convNet(classes: number, seed: number, batch?: 1): AttackModel {
  const layers: Layers = (b, image) => {
    const w = b.constant(randomTensor([4, CHANNELS, 3, 3], seed));
    const bias = b.constant(randomTensor([4], seed + 1));
    const pixels = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padsBegin: [1, 1] };
    const geometry = { ...pixels, outputSize: [SIZE, SIZE], groups: 1 };
    const seen = b.emit('relu', { x: b.emit('conv', { x: image, w, bias }, geometry) }, {});
    const halves = { kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padsBegin: [0, 0] };
    const pooled = b.emit('max_pool', { x: seen }, { ...halves, outputSize: [SIZE / 2, SIZE / 2] });
    const hidden = b.emit('tanh', { x: dense(b, flatten(b, pooled), 12, seed + 2) }, {});
    return dense(b, hidden, classes, seed + 4);
  };
  return modelOf(classes, layers, batch);
}

export function affine(classes: number, seed: number): AttackModel {
  return modelOf(classes, (b, image) => dense(b, flatten(b, image), classes, seed));
}

/** Images of numbers in [0, 1]. */
export function imagesOf(count: number, seed: number): AttackImage[] {
  const { data } = randomTensor([count, PIXELS], seed);
  return Array.from({ length: count }, (_, index) => ({
    index,
    source: `image ${index}`,
    label: null,
    pixels: Float32Array.from(
      data.slice(index * PIXELS, (index + 1) * PIXELS),
      (value) => (value + 1) / 2,
    ),
  }));
}

/** The logits of one image, and their gradients one by one, by the interpreter. */
export function asClassifier({ graph, classes }: AttackModel): Classifier {
  const withGradient = appendGradient(graph, classes);
  const imageTensor = (x: readonly number[]): Tensor => ({
    dtype: 'float32',
    shape: [1, ...IMAGE_SHAPE],
    data: Float64Array.from(x),
  });
  return {
    logits: (x) => [...interpret(graph, { image: imageTensor(x) })['logits']!.data],
    linearize: (x, wanted) =>
      wanted.map((k) => {
        const cotangent = floatTensor(
          [1, classes],
          Array.from({ length: classes }, (_, i) => +(i === k)),
        );
        return [...interpret(withGradient, { image: imageTensor(x), cotangent })['gradient']!.data];
      }),
  };
}

function appendGradient(graph: Graph, classes: number): Graph {
  const builder = new GraphBuilder();
  const [port] = graph.inputs;
  const type = graph.types.get(port!.id)!;
  const image = builder.input('image', type);
  const moved = builder.inline(graph, { image });
  const logits = moved.get(graph.outputs[0]!.id)!;
  const shape = [type.shape[0]!, classes];
  const cotangent = builder.input('cotangent', { dtype: 'float32', shape });
  const [found] = gradient(builder, { seeds: [{ of: logits, cotangent }], wrt: [image] });
  // A classifier that ignores the image has no path to it.
  builder.output('gradient', found ?? builder.emit('sub', { a: image, b: image }, {}));
  return builder.finish();
}
