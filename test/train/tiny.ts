// A small network and images that it can learn, for tests of training.
import { batchDim } from '../../src-ts/core/shape.ts';
import type { Graph } from '../../src-ts/graph/graph.ts';
import { Layers } from '../../src-ts/networks/layers.ts';
import { holdImages, type LabelledImages } from '../../src-ts/train/labelled-images.ts';
import type { TrainingSettings } from '../../src-ts/train/training.ts';
import { seededRandom } from '../reference/random.ts';

export const IMAGE = [2, 6, 6] as const;
export const CLASSES = 3;
export const N = batchDim('N');

/** A convolution, a pool, Dropout if asked for, and two dense layers. */
export function tinyNetwork(dropout = 0): Graph {
  const layers = new Layers(IMAGE, 5)
    .normalize([0.4, 0.5], [0.3, 0.2])
    .conv('conv', 4, 3, { pad: 1 })
    .maxPool(2, { stride: 2 });
  if (dropout > 0) layers.dropout(dropout);
  return layers.dense('hidden', 8).dense('out', CLASSES, false).finish();
}

/** Noise with a bright third of the rows: which third is the label. */
export function stripes(count: number, seed: number): LabelledImages {
  const random = seededRandom(seed);
  const [channels, height, width] = IMAGE;
  const labels = Int32Array.from({ length: count }, () => Math.floor(random() * CLASSES));
  const size = channels * height * width;
  const pixels = Float32Array.from({ length: count * size }, (_, i) => {
    const row = Math.floor(i / width) % height;
    const isBright = Math.floor(row / 2) === labels[Math.floor(i / size)];
    return 0.7 * random() + (isBright ? 0.3 : 0);
  });
  return holdImages(IMAGE, { pixels, labels });
}

export const SETTINGS: TrainingSettings = {
  epochs: 3,
  batch: 8,
  rate: 0.05,
  schedule: { kind: 'constant' },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
  augmentation: { flip: false, shift: 0 },
  seed: 1,
};
