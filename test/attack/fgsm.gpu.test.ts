// Fast gradient sign: closed forms, plain loops in float64 on real images, and itself in any company.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AttackModel, AttackResult, RunSettings } from '../../src-ts/attack/deepfool.ts';
import { FgsmAttack } from '../../src-ts/attack/fgsm/fgsm.ts';
import type { FgsmOptions } from '../../src-ts/attack/fgsm/options.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { asClassifierOf } from '../reference/classifier.ts';
import { fgsm, type GradientForm } from '../reference/fgsm.ts';
import { affine, asClassifier, convNet, imagesOf, modelOf, dense, flatten } from './models.ts';
import { realImages, realModel, SHARED } from './shared.ts';

let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

async function run(
  model: AttackModel,
  options: FgsmOptions,
  images: readonly AttackImage[],
  settings: RunSettings = {},
): Promise<{ results: AttackResult[]; epsilon: number; rate: number }> {
  const attack = await FgsmAttack.create(executor, model, options, { images: true, ...settings });
  const results: AttackResult[] = [];
  for await (const result of attack.attack(images)) results.push(result);
  const { epsilon, rate } = attack.found!;
  attack.dispose();
  return { results, epsilon, rate };
}

it('an affine binary classifier needs |f| / |w|₁ for each image, and ε is the 90th percentile', async () => {
  const model = affine(1, 3);
  const images = imagesOf(20, 4);
  const { logits, linearize } = asClassifier(model);
  const needs = images.map(({ pixels }) => {
    const [w] = linearize([...pixels], [0]);
    return Math.abs(logits([...pixels])[0]!) / w!.reduce((sum, value) => sum + Math.abs(value), 0);
  });
  const wanted = needs.sort((a, b) => a - b)[17]!; // 18 of 20
  const { results, epsilon, rate } = await run(model, {}, images);
  expect(epsilon / wanted).toBeGreaterThan(0.9999);
  expect(epsilon / wanted).toBeLessThan(1.0012);
  expect(rate).toBe(0.9);
  expect(results.filter(({ record }) => record.status === 'fooled')).toHaveLength(18);
});

/** Holds each image to the plain loops; pixels whose gradient is within rounding of 0 may differ. */
async function expectAsInPlainLoops(
  model: AttackModel,
  images: readonly AttackImage[],
  form: GradientForm,
  epsilon: number,
): Promise<void> {
  const classifier = asClassifierOf(model);
  const { results } = await run(model, { form, epsilon }, images);
  for (const { record, adversarial, image } of results) {
    const expected = fgsm(classifier, [...image.pixels], epsilon, form);
    const signs = image.pixels.map((value, j) => Math.round((adversarial![j]! - value) / epsilon));
    const same = expected.sign.filter((sign, j) => sign === signs[j]! + 0);
    expect(same.length / signs.length, record.source).toBeGreaterThan(0.999);
    const fooled = expected.adversarial !== expected.original;
    expect(record).toMatchObject({
      predicted: expected.original,
      adversarial: fooled ? expected.adversarial : null,
      status: fooled ? 'fooled' : 'exhausted',
    });
  }
}

it.skipIf(!SHARED)('does with real images and LeNet what plain loops in float64 do', async () => {
  const images = await realImages('mnist', 6);
  await expectAsInPlainLoops(realModel('lenet-mnist'), images, 'stable', 0.15);
});

it.each<GradientForm>(['stable', 'float32'])(
  'does what plain loops do where the model is not sure: %s',
  async (form) => {
    await expectAsInPlainLoops(convNet(5, 11), imagesOf(8, 12), form, 0.3);
  },
);

it('the stable form keeps its sign where float32 loses the class of the image', async () => {
  // Logits so far apart that all probabilities but one are 0 in float32.
  const sure = modelOf(3, (b, image) => {
    const logits = dense(b, flatten(b, image), 3, 7);
    return b.emit('mul', { a: logits, b: b.scalar(1e4) }, {});
  });
  const images = imagesOf(12, 8);
  const stable = await run(sure, {}, images);
  const lost = await run(sure, { form: 'float32' }, images);
  expect(stable.rate).toBeGreaterThanOrEqual(0.9);
  expect(lost.results.some(({ record }) => record.status === 'stalled')).toBe(true);
  expect(lost.rate).toBeLessThan(0.9);
});

it('results do not depend on the batch', async () => {
  const model = convNet(5, 11);
  const images = imagesOf(23, 12);
  const wide = await run(model, {}, images, { batch: 32 });
  for (const batch of [1, 7]) {
    const other = await run(model, {}, images, { batch });
    expect(other.epsilon).toBe(wide.epsilon);
    expect(other.results.map(({ record }) => record)).toEqual(
      wide.results.map(({ record }) => record),
    );
    expect(other.results.map(({ adversarial }) => adversarial)).toEqual(
      wide.results.map(({ adversarial }) => adversarial),
    );
  }
});

it('the perturbation has one size in every pixel, and stays inside bounds to the last bit', async () => {
  const model = convNet(5, 11);
  const free = await run(model, { epsilon: 0.3 }, imagesOf(8, 12));
  for (const { record } of free.results) {
    if (record.status === 'fooled') expect(record.linf).toBeCloseTo(0.3, 6);
  }
  const boxed = await run(model, { epsilon: 0.3, bounds: [0, 1] }, imagesOf(8, 12));
  for (const { adversarial } of boxed.results) {
    expect(Math.min(...adversarial!)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...adversarial!)).toBeLessThanOrEqual(1);
  }
});

it('an image with NaN fails, and the others are searched without it', async () => {
  const images = imagesOf(10, 52);
  images[3]!.pixels[7] = NaN;
  const model = convNet(5, 51);
  const { results, rate, epsilon } = await run(model, {}, images);
  const others = await run(model, {}, [...images.slice(0, 3), ...images.slice(4)]);
  expect(results[3]!.record).toMatchObject({
    status: 'failed',
    predicted: null,
    adversarial: null,
  });
  expect(results.filter(({ record }) => record.status === 'failed')).toHaveLength(1);
  expect({ rate, epsilon }).toEqual({ rate: others.rate, epsilon: others.epsilon });
});
