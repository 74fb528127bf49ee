// The networks that experiments are about, where their files lie, and the paper's numbers for them
// (Moosavi-Dezfooli, Fawzi, Frossard, CVPR 2016: tables 1 and 2).
import type { Method } from '../attack/attack.ts';

export interface PaperNumbers {
  /** Test error in percent. */
  readonly error: number;
  /** ρ̂ for p = 2 by method. */
  readonly l2: Readonly<Partial<Record<Method, number>>>;
  /** ρ̂ for p = ∞ by method. */
  readonly linf: Readonly<Partial<Record<Method, number>>>;
}

export interface Network {
  readonly name: string;
  /** File in the folder of models, without its ending. */
  readonly model: string;
  /** Data set in the folder of data. */
  readonly data: string;
  /** Images of the data set where they lie in the order of their classes: samples are spread over it. */
  readonly inClassOrder?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Images of a quick and of a full run; 0 where the method is left out. */
  readonly images: Readonly<
    Record<'quick' | 'full', { readonly all: number; readonly lbfgs: number }>
  >;
  /** Null where the paper has another network in its place. */
  readonly paper: PaperNumbers | null;
}

/** The paper tells one fast gradient sign; its column shows float32's saturation (see attack/fgsm). */
const paper = (
  error: number,
  [deepfool, fast, lbfgs]: readonly [number, number, number],
  [deepfoolInf, fastInf]: readonly [number, number],
): PaperNumbers => ({
  error,
  l2: { deepfool, fgsm: fast, 'fgsm-float32': fast, lbfgs },
  linf: { deepfool: deepfoolInf, fgsm: fastInf, 'fgsm-float32': fastInf },
});

export const NETWORKS: readonly Network[] = [
  {
    name: 'LeNet (MNIST)',
    model: 'lenet-mnist',
    data: 'mnist',
    images: { quick: { all: 1000, lbfgs: 64 }, full: { all: 10_000, lbfgs: 1000 } },
    paper: paper(1, [0.2, 1, 0.25], [0.1, 0.26]),
  },
  {
    name: 'FC500-150-10 (MNIST)',
    model: 'fc500-150-10-mnist',
    data: 'mnist',
    images: { quick: { all: 1000, lbfgs: 128 }, full: { all: 10_000, lbfgs: 1000 } },
    paper: paper(1.7, [0.11, 0.39, 0.12], [0.04, 0.11]),
  },
  {
    name: 'NIN (CIFAR-10)',
    model: 'nin-cifar10',
    data: 'cifar10',
    inClassOrder: 10_000,
    images: { quick: { all: 1000, lbfgs: 8 }, full: { all: 10_000, lbfgs: 100 } },
    paper: paper(11.5, [0.023, 0.12, 0.024], [0.008, 0.024]),
  },
  {
    name: 'LeNet (CIFAR-10)',
    model: 'lenet-cifar10',
    data: 'cifar10',
    inClassOrder: 10_000,
    images: { quick: { all: 1000, lbfgs: 32 }, full: { all: 10_000, lbfgs: 500 } },
    paper: paper(22.6, [0.03, 0.13, 0.039], [0.015, 0.028]),
  },
  {
    name: 'MobileNetV2 (ImageNet sample)',
    model: 'mobilenetv2-imagenet',
    data: 'imagenet/crops',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    images: { quick: { all: 32, lbfgs: 0 }, full: { all: 32, lbfgs: 0 } },
    paper: null,
  },
];

/** `count` images of a network's data set, as a range: the first, or as many spread over all classes. */
export function sampleOf({ inClassOrder }: Network, count: number): string {
  if (inClassOrder === undefined) return `:${count}`;
  const step = Math.floor(inClassOrder / count);
  return `:${step * count}:${step}`;
}
