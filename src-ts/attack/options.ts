// What DeepFool can be told: the options of the library and of the command line, by one name each.
import { OptionError } from '../core/errors.ts';
import { levelsWithin } from './levels.ts';

export interface DeepFoolOptions {
  /** The p of the perturbation's norm: 1 ≤ p, `Infinity` for p = ∞. Default 2. */
  readonly norm?: number;
  /** η: the final perturbation is (1 + η) · r. Default 0.02. */
  readonly overshoot?: number;
  /** K: how many of the classes with the largest logits are considered, or all. Default 10. */
  readonly candidates?: number | 'all';
  /**
   * How lazily candidates are considered, ≥ 1: a step leaves out those whose estimated distance is
   * beyond this many times the nearest. By default none is left out.
   */
  readonly lazy?: number;
  /** Steps after which an image is given up as `exhausted`. Default 50. */
  readonly maxSteps?: number;
  /** Added to the length of each step; 1e-4 reproduces the authors' code. Default 0, as in the paper. */
  readonly stabilizer?: number;
  /** Box that the adversarial image must stay in; none by default, as in the paper. */
  readonly bounds?: readonly [number, number];
  /** Attack towards this class instead of the nearest. */
  readonly target?: number;
  /** After success, bisects along r̂ for the smallest part of it that still fools. Default false. */
  readonly refine?: boolean;
  /**
   * After success, lengthens r̂ until the image fools when its values are rounded to 8 bits, as an image
   * file holds them. Default false; implies the bounds 0, 1 unless others are given.
   */
  readonly quantize?: boolean;
  /** Per-channel mean and standard deviation subtracted and divided before the model sees the image. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly norm: number;
  readonly overshoot: number;
  readonly candidates: number | 'all';
  readonly lazy: number | null;
  readonly maxSteps: number;
  readonly stabilizer: number;
  readonly bounds: readonly [number, number] | null;
  readonly target: number | null;
  readonly refine: boolean;
  readonly quantize: boolean;
  readonly mean: readonly number[] | null;
  readonly std: readonly number[] | null;
}

/** What of the model the options must fit. */
export interface OptionsSubject {
  readonly classes: number;
  readonly channels: number;
}

/** Fills in defaults; throws OptionError naming the first option that is out of range. */
export function resolveOptions(options: DeepFoolOptions, subject: OptionsSubject): ResolvedOptions {
  const { norm = 2, overshoot = 0.02, candidates = 10, maxSteps = 50, stabilizer = 0 } = options;
  require(norm >= 1, 'norm', 'a number ≥ 1, or inf', norm);
  require(Number.isFinite(overshoot) && overshoot >= 0, 'overshoot', 'a number ≥ 0', overshoot);
  require(candidates === 'all' ||
    (Number.isInteger(candidates) &&
      candidates >= 2), 'candidates', 'a whole number ≥ 2, or all', candidates);
  const lazy = options.lazy ?? null;
  const slack = lazy === null || (Number.isFinite(lazy) && lazy >= 1);
  require(slack, 'lazy', 'a number ≥ 1', lazy);
  require(Number.isInteger(maxSteps) && maxSteps >= 1, 'max-steps', 'a whole number ≥ 1', maxSteps);
  require(Number.isFinite(stabilizer) && stabilizer >= 0, 'stabilizer', 'a number ≥ 0', stabilizer);
  const { refine = false, quantize = false } = options;
  // An image of 8 bits has no values beyond 0 and 1: the attack stays where its result has to be.
  const bounds = options.bounds ?? (quantize ? ([0, 1] as const) : null);
  if (bounds !== null) {
    const ordered = bounds.every(Number.isFinite) && bounds[0] < bounds[1];
    require(ordered, 'bounds', 'two numbers, the lower first', bounds.join(','));
    const held = !quantize || levelsWithin(bounds) !== null;
    require(held, 'quantize', 'bounds with a 255th of [0, 1] between them', bounds.join(','));
  }
  const target = options.target ?? null;
  const classes = Math.max(2, subject.classes);
  if (target !== null) {
    const known = Number.isInteger(target) && target >= 0 && target < classes;
    require(known, 'target', `a class of the model, 0 to ${classes - 1}`, target);
  }
  const { mean, std } = resolveNormalization(options, subject.channels);
  const steps = { overshoot, candidates, lazy, maxSteps, stabilizer };
  return { norm, ...steps, bounds, target, refine, quantize, mean, std };
}

function resolveNormalization(
  options: DeepFoolOptions,
  channels: number,
): Pick<ResolvedOptions, 'mean' | 'std'> {
  const spread = (values: readonly number[] | undefined, name: string): number[] | null => {
    if (values === undefined) return null;
    const fits =
      (values.length === channels || values.length === 1) && values.every(Number.isFinite);
    require(fits, name, `${channels} numbers, one for each channel, or one for all`, values.join(
      ',',
    ));
    return values.length === channels ? [...values] : Array<number>(channels).fill(values[0]!);
  };
  const mean = spread(options.mean, 'mean');
  const std = spread(options.std, 'std');
  if (std !== null) require(std.every((s) => s > 0), 'std', 'numbers > 0', std.join(','));
  if (mean === null && std === null) return { mean, std };
  return {
    mean: mean ?? Array<number>(channels).fill(0),
    std: std ?? Array<number>(channels).fill(1),
  };
}

function require(holds: boolean, name: string, expected: string, came: unknown): asserts holds {
  if (!holds) throw new OptionError(`--${name}: expected ${expected}, got ${String(came)}`);
}
