// How fine-tuning is done: the paper's §4.2, and what it leaves open. The numbers are table 3's.
import type { PerturberName } from '../api/perturbations.ts';

/** What a network is trained further on. */
export type Diet = PerturberName | 'none';

export const DIETS: readonly Diet[] = ['deepfool', 'fgsm', 'fgsm-float32', 'none'];

/** The curves' names. */
export const DIET_TITLES: Readonly<Record<Diet, string>> = {
  deepfool: 'DeepFool',
  fgsm: 'fast gradient sign',
  'fgsm-float32': 'fast gradient, float32',
  none: 'clean',
};

/** Which images, as ranges. */
export interface Ranges {
  /** Of the training set. */
  readonly training: string;
  /** Test images that robustness is measured on. */
  readonly judged: string;
  /** Test images that the error is counted on. */
  readonly scored: string;
}

export interface Protocol {
  /** Learning rate of the first training. */
  readonly rate: number;
  /** By size of the run; null where that leaves the network out. */
  readonly images: { readonly quick: Ranges | null; readonly full: Ranges };
  /** Test error in percent after the last epoch, by what was trained on. */
  readonly paperErrors: Readonly<Record<Diet, number>>;
  /** ρ̂ after fine-tuning on DeepFool's images, over ρ̂ before, as the text has it; null where it has none. */
  readonly paperGain: number | null;
}

/** The paper tells one fast gradient sign. */
const paperErrors = (deepfool: number, fast: number, none: number): Protocol['paperErrors'] => ({
  ...{ deepfool, fgsm: fast, 'fgsm-float32': fast, none },
});

const FULL: Ranges = { training: ':', judged: ':1000', scored: ':' };
/** CIFAR-10's images lie in the order of their classes. */
const FULL_CIFAR: Ranges = { ...FULL, judged: '::10' };

/** By the file of the network. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'fc500-150-10-mnist': {
    rate: 0.01,
    images: { quick: { training: ':3000', judged: ':200', scored: ':2000' }, full: FULL },
    paperErrors: paperErrors(1.5, 4.9, 1.7),
    paperGain: 1.5,
  },
  'lenet-mnist': {
    rate: 0.01,
    images: { quick: { training: ':1000', judged: ':100', scored: ':500' }, full: FULL },
    paperErrors: paperErrors(0.8, 4.4, 1),
    paperGain: 1.5,
  },
  'nin-cifar10': {
    rate: 0.01,
    images: { quick: null, full: FULL_CIFAR },
    paperErrors: paperErrors(11.2, 21.2, 11.5),
    paperGain: 1.4,
  },
  'lenet-cifar10': {
    rate: 0.01,
    images: { quick: null, full: FULL_CIFAR },
    paperErrors: paperErrors(20, 28.6, 22.6),
    paperGain: null,
  },
};

/** Who measures robustness in figure 9. */
export const JUDGES = ['deepfool', 'fgsm'] as const;
export type Judge = (typeof JUDGES)[number];

export const EPOCHS = 5;
export const BATCH = 100;
export const MOMENTUM = 0.9;
export const SEED = 1;
/** Multiplies the learning rate: the paper's "decreased by 50 %". */
export const LR_FACTOR = 0.5;
/** Figure 9's: "decreased by 90 %". */
export const SLOW_LR_FACTOR = 0.1;

/** The networks there is a protocol for. */
export const TRAINABLE: readonly string[] = Object.keys(PROTOCOLS);

/** A network's protocol at one size of run. */
export interface Plan extends Omit<Protocol, 'images'>, Ranges {
  /** How many images that is. */
  readonly words: string;
}

/** The plan for a network, by its file; null where this size of run leaves it out. */
export function planOf(model: string, quick: boolean): Plan | null {
  const protocol = PROTOCOLS[model];
  const ranges = protocol?.images[quick ? 'quick' : 'full'] ?? null;
  if (protocol === undefined || ranges === null) return null;
  const [training, scored, judged] = [ranges.training, ranges.scored, ranges.judged].map(wordsOf);
  const words = `${training} training images, error on ${scored} test images, ρ on ${judged}`;
  return { ...protocol, ...ranges, words };
}

/** `:100` as `the first 100`, `::10` as `every 10th` */
function wordsOf(range: string): string {
  if (range === ':') return 'all';
  return range.startsWith('::') ? `every ${range.slice(2)}th` : `the first ${range.slice(1)}`;
}
