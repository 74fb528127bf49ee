// What fast gradient sign can be told.
import { OptionError } from '../../core/errors.ts';
import { resolveOptions, type OptionsSubject, type ResolvedOptions } from '../options.ts';
import type { GradientForm } from './graphs.ts';

export interface FgsmOptions {
  /** The p of the norm that ρ is measured in; the perturbation is the same for all. Default 2. */
  readonly norm?: number;
  /** ε, instead of the smallest that misleads 90 % of the images, which takes them all in memory. */
  readonly epsilon?: number;
  /** Box that adversarial images are clipped to; none by default, as in the paper. */
  readonly bounds?: readonly [number, number];
  /** Per-channel mean and standard deviation subtracted and divided before the model sees the image. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** `float32` loses the gradient where the model is sure, as the paper's column shows. Default stable. */
  readonly form?: GradientForm;
}

/** The options as every attack has them, and fast gradient sign's own. */
export interface ResolvedFgsm {
  readonly options: ResolvedOptions;
  readonly epsilon: number | null;
  readonly form: GradientForm;
}

/** Fills in defaults; throws OptionError naming the first option that is out of range. */
export function resolveFgsm(options: FgsmOptions, subject: OptionsSubject): ResolvedFgsm {
  const { epsilon = null, form = 'stable', ...shared } = options;
  if (epsilon !== null && !(Number.isFinite(epsilon) && epsilon > 0)) {
    throw new OptionError(`--epsilon: expected a number > 0, got ${epsilon}`);
  }
  return { options: resolveOptions({ ...shared, overshoot: 0 }, subject), epsilon, form };
}
