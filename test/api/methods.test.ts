// Which options each method has: the others are refused by name, before any work.
import { expect, it } from 'vitest';
import { resolveMethod, type MethodOptions } from '../../src-ts/api/methods.ts';

const SUBJECT = { classes: 10, channels: 1 };
const resolve = (options: MethodOptions): ReturnType<typeof resolveMethod> =>
  resolveMethod(options, SUBJECT);

it.each<[MethodOptions, RegExp]>([
  [{ method: 'fgsm', maxSteps: 3 }, /^--max-steps does not apply to --method fgsm\n/],
  [{ method: 'fgsm-float32', target: 3 }, /^--target does not apply to --method fgsm-float32\n/],
  [{ method: 'lbfgs', overshoot: 0 }, /^--overshoot does not apply to --method lbfgs\n/],
  [{ method: 'lbfgs', epsilon: 0.1 }, /--norm --bounds --mean --std --candidates --target/],
  [{ epsilon: 0.1 }, /^--epsilon does not apply to --method deepfool\n/],
  [{ method: 'fgsm', epsilon: 0 }, /^--epsilon: expected a number > 0, got 0$/],
  [{ method: 'pgd' as never }, /^--method: expected deepfool, fgsm, .*; got "pgd"$/],
])('%j is refused', (options, message) => {
  expect(() => resolve(options)).toThrow(message);
});

it('each method has defaults of its own', () => {
  expect(resolve({})).toMatchObject({ overshoot: 0.02, candidates: 10, bounds: null });
  expect(resolve({ method: 'fgsm' })).toMatchObject({ overshoot: 0, bounds: null });
  expect(resolve({ method: 'lbfgs' })).toMatchObject({ candidates: 2, bounds: [0, 1] });
  expect(resolve({ method: 'lbfgs', candidates: 4 }).maxSteps).toBe(3000);
  expect(resolve({ method: 'fgsm', refine: false })).toMatchObject({ refine: false });
});
