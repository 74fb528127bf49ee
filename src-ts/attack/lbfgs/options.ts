// What the L-BFGS attack can be told.
import { resolveOptions, type OptionsSubject, type ResolvedOptions } from '../options.ts';
import { rivalCount } from '../step/visit.ts';

export interface LbfgsOptions {
  /** The p of the norm that ρ is measured in; what is minimised is the 2-norm. Default 2. */
  readonly norm?: number;
  /**
   * K: the K − 1 classes with the largest logits besides the image's own are targets, and the smallest
   * perturbation is kept. Default 2: the class with the second largest logit.
   */
  readonly candidates?: number | 'all';
  /** The one target, instead. */
  readonly target?: number;
  /** Gradients an image after which the best so far is taken. Default 1000 for each target. */
  readonly maxSteps?: number;
  /** Box that the adversarial image stays in. Default [0, 1]. */
  readonly bounds?: readonly [number, number];
  /** Per-channel mean and standard deviation subtracted and divided before the model sees the image. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Several times what a target takes. */
const STEPS_A_TARGET = 1000;

/** Fills in defaults; throws OptionError naming the first option that is out of range. */
export function resolveLbfgs(options: LbfgsOptions, subject: OptionsSubject): ResolvedOptions {
  const { candidates = 2, bounds = [0, 1] } = options;
  const { target } = resolveOptions({ ...options, candidates }, subject);
  const targets = rivalCount(Math.max(2, subject.classes), { candidates, target });
  const { maxSteps = STEPS_A_TARGET * targets } = options;
  return resolveOptions({ ...options, candidates, maxSteps, bounds, overshoot: 0 }, subject);
}
