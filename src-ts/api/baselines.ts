// What the paper compares DeepFool with, as functions of the library.
import type { LbfgsOptions } from '../attack/lbfgs/options.ts';
import type { FgsmOptions } from '../attack/fgsm/options.ts';
import type { RunOptionsOf } from './attack-options.ts';
import { attackImages, type Images, type Results } from './deepfool.ts';
import type { Model } from './model.ts';

/**
 * Fast gradient sign: adds ε times the sign of the loss's gradient, with one ε for all images, the smallest
 * that misleads 90 % of them unless one is given. Throws as `deepfool` does.
 */
export function fgsm(
  model: Model,
  images: Images,
  { form = 'stable', ...options }: RunOptionsOf<FgsmOptions> = {},
): Results {
  const method = form === 'stable' ? 'fgsm' : 'fgsm-float32';
  return attackImages(model, images, { ...options, method });
}

/**
 * The box-constrained L-BFGS attack: minimises c · |r|₂ + J(x + r, l) for the largest c whose minimiser is
 * classified as l, the class with the second largest logit. Throws as `deepfool` does.
 */
export function lbfgs(
  model: Model,
  images: Images,
  options: RunOptionsOf<LbfgsOptions> = {},
): Results {
  return attackImages(model, images, { ...options, method: 'lbfgs' });
}
