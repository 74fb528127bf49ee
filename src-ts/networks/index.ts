// The networks of the paper (Moosavi-Dezfooli et al., CVPR 2016, table 1), with random weights: ready to be
// trained, or to be measured for shape and cost.
import { splitProducts } from '../passes/split-products.ts';
import type { Graph } from '../graph/graph.ts';
import { Layers, type ImageShape } from './layers.ts';

export interface NetworkSpec {
  readonly image: ImageShape;
  readonly classes: number;
  readonly about: string;
  readonly build: (layers: Layers) => Layers;
}

const MNIST: ImageShape = [1, 28, 28];
const CIFAR: ImageShape = [3, 32, 32];
/** Means and deviations of the channels over CIFAR-10's training images. */
const CIFAR_MEAN = [0.4914, 0.4822, 0.4465];
const CIFAR_STD = [0.247, 0.2435, 0.2616];

/** Networks by the names that `deepfool train` knows. */
export const NETWORKS = {
  'fc500-150-10': {
    image: MNIST,
    classes: 10,
    about: 'two hidden layers, for MNIST',
    build: (n) => n.dense('fc1', 500).dense('fc2', 150).dense('fc3', 10, false),
  },
  // As in the authors' weights: no ReLU after the convolutions.
  'lenet-mnist': {
    image: MNIST,
    classes: 10,
    about: "MatConvNet's LeNet, for MNIST",
    build: (n) =>
      n
        .conv('conv1', 20, 5, { relu: false })
        .maxPool(2, { stride: 2 })
        .conv('conv2', 50, 5, { relu: false })
        .maxPool(2, { stride: 2 })
        .dense('fc3', 500)
        .dense('fc4', 10, false),
  },
  'lenet-cifar10': {
    image: CIFAR,
    classes: 10,
    about: "MatConvNet's LeNet of three convolutions, for CIFAR-10",
    build: (n) =>
      n
        .normalize(CIFAR_MEAN, CIFAR_STD)
        .conv('conv1', 32, 5, { pad: 2 })
        .maxPool(3, { stride: 2 })
        .conv('conv2', 32, 5, { pad: 2 })
        .avgPool(3, { stride: 2 })
        .conv('conv3', 64, 5, { pad: 2 })
        .avgPool(3, { stride: 2 })
        .dense('fc4', 64)
        .dense('fc5', 10, false),
  },
  'nin-cifar10': {
    image: CIFAR,
    classes: 10,
    about: 'network in network (Lin et al., 2014), for CIFAR-10',
    build: (n) =>
      n
        .normalize(CIFAR_MEAN, CIFAR_STD)
        .conv('conv1', 192, 5, { pad: 2 })
        .conv('cccp1', 160, 1)
        .conv('cccp2', 96, 1)
        .maxPool(3, { stride: 2 })
        .dropout(0.5)
        .conv('conv2', 192, 5, { pad: 2 })
        .conv('cccp3', 192, 1)
        .conv('cccp4', 192, 1)
        .avgPool(3, { stride: 2 })
        .dropout(0.5)
        .conv('conv3', 192, 3, { pad: 1 })
        .conv('cccp5', 192, 1)
        .conv('cccp6', 10, 1, { relu: false })
        .globalAvgPool(),
  },
  caffenet: {
    image: [3, 227, 227],
    classes: 1000,
    about: "Caffe's reference network, for ImageNet",
    build: (n) =>
      n
        .conv('conv1', 96, 11, { stride: 4 })
        .maxPool(3, { stride: 2 })
        .localResponse()
        .conv('conv2', 256, 5, { pad: 2, groups: 2 })
        .maxPool(3, { stride: 2 })
        .localResponse()
        .conv('conv3', 384, 3, { pad: 1 })
        .conv('conv4', 384, 3, { pad: 1, groups: 2 })
        .conv('conv5', 256, 3, { pad: 1, groups: 2 })
        .maxPool(3, { stride: 2 })
        .dense('fc6', 4096)
        .dropout(0.5)
        .dense('fc7', 4096)
        .dropout(0.5)
        .dense('fc8', 1000, false),
  },
  googlenet: {
    image: [3, 224, 224],
    classes: 1000,
    about: 'Inception v1 (Szegedy et al., CVPR 2015), for ImageNet',
    build: (n) => {
      n.conv('conv1', 64, 7, { stride: 2, pad: 3 })
        .maxPool(3, { stride: 2 })
        .localResponse()
        .conv('conv2/reduce', 64, 1)
        .conv('conv2', 192, 3, { pad: 1 })
        .localResponse()
        .maxPool(3, { stride: 2 });
      for (const [name, ...widths] of INCEPTIONS) {
        if (name === '4a' || name === '5a') n.maxPool(3, { stride: 2 });
        inception(n, name, widths);
      }
      return n.globalAvgPool().dropout(0.4).dense('fc', 1000, false);
    },
  },
} as const satisfies Readonly<Record<string, NetworkSpec>>;

export type NetworkName = keyof typeof NETWORKS;

export function isNetworkName(name: string): name is NetworkName {
  return Object.hasOwn(NETWORKS, name);
}

/** A network from `image` [N, C, H, W] to `logits` [N, classes], its weights drawn by `seed`. */
export function buildNetwork(name: NetworkName, seed = 0): Graph {
  const { image, build }: NetworkSpec = NETWORKS[name];
  return splitProducts(build(new Layers(image, seed)).finish());
}

/** Channels of each module: 1×1; before and of 3×3; before and of 5×5; after the pool. */
const INCEPTIONS = [
  ['3a', 64, 96, 128, 16, 32, 32],
  ['3b', 128, 128, 192, 32, 96, 64],
  ['4a', 192, 96, 208, 16, 48, 64],
  ['4b', 160, 112, 224, 24, 64, 64],
  ['4c', 128, 128, 256, 24, 64, 64],
  ['4d', 112, 144, 288, 32, 64, 64],
  ['4e', 256, 160, 320, 32, 128, 128],
  ['5a', 256, 160, 320, 32, 128, 128],
  ['5b', 384, 192, 384, 48, 128, 128],
] as const;

type Widths = readonly [number, number, number, number, number, number];

function inception(
  n: Layers,
  name: string,
  [one, before3, three, before5, five, pool]: Widths,
): void {
  n.branches(
    (path) => path.conv(`${name}/1x1`, one, 1),
    (path) => path.conv(`${name}/3x3/reduce`, before3, 1).conv(`${name}/3x3`, three, 3, { pad: 1 }),
    (path) => path.conv(`${name}/5x5/reduce`, before5, 1).conv(`${name}/5x5`, five, 5, { pad: 2 }),
    (path) => path.maxPool(3, { pad: 1 }).conv(`${name}/pool`, pool, 1),
  );
}
