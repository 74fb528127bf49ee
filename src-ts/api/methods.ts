// The attacks by name, and which options each of them has.
import { METHODS, type Attack, type Method } from '../attack/attack.ts';
import { DeepFoolAttack, type RunSettings } from '../attack/deepfool.ts';
import { FgsmAttack } from '../attack/fgsm/fgsm.ts';
import { resolveFgsm, type FgsmOptions } from '../attack/fgsm/options.ts';
import { LbfgsAttack } from '../attack/lbfgs/lbfgs.ts';
import { resolveLbfgs } from '../attack/lbfgs/options.ts';
import {
  resolveOptions,
  type DeepFoolOptions,
  type OptionsSubject,
  type ResolvedOptions,
} from '../attack/options.ts';
import { OptionError } from '../core/errors.ts';
import type { Device } from './device.ts';
import type { Model } from './model.ts';

export interface MethodOptions extends DeepFoolOptions {
  /**
   * `deepfool`, or what the paper compares it with: `fgsm`, fast gradient sign with one ε for all images;
   * `fgsm-float32`, the same with float32's saturation in its gradient; `lbfgs`. Default deepfool.
   */
  readonly method?: Method;
  /** ε of fast gradient sign, instead of the smallest that misleads 90 % of the images. */
  readonly epsilon?: number;
}

type Setting = keyof Omit<MethodOptions, 'method'>;

/** Where perturbations are measured and how the model sees images: options of every method. */
const SHARED: readonly Setting[] = ['norm', 'bounds', 'mean', 'std'];
const FGSM: readonly Setting[] = [...SHARED, 'epsilon'];
const ACCEPTED: Readonly<Record<Exclude<Method, 'deepfool'>, readonly Setting[]>> = {
  fgsm: FGSM,
  'fgsm-float32': FGSM,
  lbfgs: [...SHARED, 'candidates', 'target', 'maxSteps'],
};
/** Options of attacks, as opposed to those of runs. */
const SETTINGS: Readonly<Record<Setting, true>> = {
  ...{ norm: true, overshoot: true, candidates: true, maxSteps: true, stabilizer: true },
  ...{ bounds: true, target: true, refine: true, quantize: true, mean: true, std: true },
  lazy: true,
  epsilon: true,
};

/**
 * The options with every default of the method filled in.
 * @throws OptionError for an unknown method, an option it does not have, or one out of range.
 */
export function resolveMethod(options: MethodOptions, subject: OptionsSubject): ResolvedOptions {
  const { method = 'deepfool' } = options;
  requireApplicable(method, options);
  if (method === 'deepfool') return resolveOptions(options, subject);
  if (method === 'lbfgs') return resolveLbfgs(options, subject);
  return resolveFgsm(fgsmOptions(method, options), subject).options;
}

/** Compiles the attack. Throws as resolveMethod does, and DeviceLimitError when one image does not fit. */
export async function createMethod(
  executor: Device,
  model: Model,
  options: MethodOptions,
  settings: RunSettings,
): Promise<Attack> {
  const { method = 'deepfool' } = options;
  requireApplicable(method, options);
  if (method === 'deepfool') return DeepFoolAttack.create(executor, model, options, settings);
  if (method === 'lbfgs') return LbfgsAttack.create(executor, model, options, settings);
  return FgsmAttack.create(executor, model, fgsmOptions(method, options), settings);
}

function fgsmOptions(method: 'fgsm' | 'fgsm-float32', options: MethodOptions): FgsmOptions {
  const { norm, bounds, mean, std, epsilon } = options;
  const given = Object.entries({ norm, bounds, mean, std, epsilon });
  const some = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return { ...some, form: method === 'fgsm' ? 'stable' : 'float32' };
}

/** Throws OptionError for a method there is not, or the first option given that it does not have. */
function requireApplicable(method: Method, options: MethodOptions): void {
  if (!METHODS.includes(method)) {
    throw new OptionError(`--method: expected ${METHODS.join(', ')}; got "${method}"`);
  }
  const names = Object.keys(SETTINGS) as Setting[];
  const accepted =
    method === 'deepfool' ? names.filter((name) => name !== 'epsilon') : ACCEPTED[method];
  const wrong = names.find((name) => isGiven(options[name]) && !accepted.includes(name));
  if (wrong === undefined) return;
  const taken = accepted.map(flagOf).join(' ');
  throw new OptionError(
    `${flagOf(wrong)} does not apply to --method ${method}\n  its options are ${taken}`,
  );
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== false;

/** `maxSteps` as `--max-steps`. */
const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
