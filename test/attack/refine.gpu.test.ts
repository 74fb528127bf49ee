// Refinement: a smaller part of DeepFool's perturbation that still fools, and never a larger one.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  DeepFoolAttack,
  type AttackModel,
  type AttackResult,
} from '../../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../../src-ts/attack/options.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { affine, asClassifier, convNet, imagesOf } from './models.ts';

let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

async function refined(model: AttackModel, options: DeepFoolOptions): Promise<AttackResult[]> {
  const all = { ...options, refine: true };
  const attack = await DeepFoolAttack.create(executor, model, all, { images: true, batch: 8 });
  const results: AttackResult[] = [];
  for await (const result of attack.attack(imagesOf(12, 5))) results.push(result);
  attack.dispose();
  return results;
}

it('takes the overshoot back from an affine classifier', async () => {
  for (const { record } of await refined(affine(4, 3), { overshoot: 0.5 })) {
    expect(record.status).toBe('fooled');
    expect(record.refined_l2! / record.l2!).toBeCloseTo(1 / 1.5, 2.5);
    expect(record.refined_rho! / record.rho!).toBeCloseTo(1 / 1.5, 2.5);
  }
});

it.each([2, 3, Infinity])(
  'hands out an image that fools and is not larger, p = %f',
  async (norm) => {
    const model = convNet(5, 11);
    const classifier = asClassifier(model);
    for (const { record, adversarial } of await refined(model, { norm, overshoot: 0.2 })) {
      if (record.status !== 'fooled') continue;
      expect(record.refined_rho).toBeLessThanOrEqual(record.rho!);
      const logits = classifier.logits([...adversarial!]);
      const seen = logits.indexOf(Math.max(...logits));
      expect(seen).toBe(record.refined_adversarial);
      expect(seen).not.toBe(record.predicted);
    }
  },
);
