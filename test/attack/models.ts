// Small classifiers as graphs, and graphs as classifiers of the reference attack.
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor, type Tensor } from '../../src-ts/core/tensor.ts';
import type { AttackModel } from '../../src-ts/attack/deepfool.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import type { ValueId } from '../../src-ts/graph/op-set.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { asClassifierOf } from '../reference/classifier.ts';
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

/** The logits of one image, and their gradients, by the interpreter. */
export const asClassifier = asClassifierOf;
