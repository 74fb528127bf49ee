// The L-BFGS attack: closed forms, plain loops in float64 on real images, and itself in any company.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttackModel, AttackResult, RunSettings } from '../../src-ts/attack/deepfool.ts';
import { LbfgsAttack } from '../../src-ts/attack/lbfgs/lbfgs.ts';
import type { LbfgsOptions } from '../../src-ts/attack/lbfgs/options.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { asClassifierOf } from '../reference/classifier.ts';
import { normOf } from '../reference/deepfool.ts';
import { lbfgs, lossAt } from '../reference/lbfgs.ts';
import { affine, asClassifier, convNet, dense, flatten, imagesOf, modelOf } from './models.ts';
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
  options: LbfgsOptions,
  images: readonly AttackImage[],
  settings: RunSettings = {},
): Promise<AttackResult[]> {
  const attack = await LbfgsAttack.create(executor, model, options, { images: true, ...settings });
  const results: AttackResult[] = [];
  for await (const result of attack.attack(images)) results.push(result);
  attack.dispose();
  return results;
}

/** The classes by logit, the largest first. */
const ranked = (logits: readonly number[]): number[] =>
  [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);

it.each([
  ['two classes', 2],
  ['six classes', 6],
])(
  'with %s an affine classifier falls at the distance of the face to the second class, or just beyond',
  async (_, classes) => {
    const model = affine(classes, 21);
    const { logits, linearize } = asClassifier(model);
    for (const { record, image } of await run(model, { bounds: [-9, 9] }, imagesOf(8, 22))) {
      const f = logits([...image.pixels]);
      const [own, second] = ranked(f) as [number, number];
      const [w0, w1] = linearize([...image.pixels], [own, second]);
      const normal = w1!.map((value, j) => value - w0![j]!);
      const distance = (f[own]! - f[second]!) / normOf(normal, 2);
      expect(record).toMatchObject({ status: 'fooled', predicted: own, adversarial: second });
      expect(record.l2! / distance).toBeGreaterThan(0.9999);
      // With two classes the minimiser is log((w − c) / c) / w beyond the face, w = |normal|, and c comes
      // within 1 % of w / 2. Other classes may lie in between.
      const beyond = (record.l2! - distance) * normOf(normal, 2);
      if (classes === 2) expect(beyond).toBeLessThan(Math.log(0.505 / 0.495) + 0.01);
    }
  },
);

it('of K candidates the nearest is found, where the second largest logit is another', async () => {
  const model = convNet(5, 11);
  const images = imagesOf(10, 12);
  const one = await run(model, {}, images);
  const all = await run(model, { candidates: 'all' }, images);
  for (const [k, { record }] of all.entries()) {
    expect(record.l2).toBeLessThanOrEqual(one[k]!.record.l2! * (1 + 1e-6));
  }
  expect(all.some(({ record }, k) => record.l2! < 0.99 * one[k]!.record.l2!)).toBe(true);
});

describe.skipIf(!SHARED)('as plain loops in float64 have it, on MNIST', () => {
  it('FC500-150-10: the same distances, searched for independently', async () => {
    const model = realModel('fc500-150-10-mnist');
    const classifier = asClassifierOf(model);
    const images = await realImages('mnist', 3);
    for (const { record, image } of await run(model, {}, images)) {
      const x0 = [...image.pixels];
      const expected = lbfgs(classifier, x0, ranked(classifier.logits(x0))[1]!);
      expect(record).toMatchObject({ status: 'fooled', adversarial: expected.target });
      expect(record.l2! / expected.l2, record.source).toBeGreaterThan(0.97);
      expect(record.l2! / expected.l2, record.source).toBeLessThan(1.03);
    }
  });

  // At a minimiser of c |r| + J in a box, − ∇J is c r / |r|, less what would pull pixels out of the box. At kinks
  // of a network's pieces that holds of a mean of gradients only.
  it.each([
    ['fc500-150-10-mnist', 6],
    ['lenet-mnist', 3],
  ])('%s: results reach their class and are minimisers', async (name, count) => {
    const model = realModel(name);
    const classifier = asClassifierOf(model);
    const images = await realImages('mnist', count);
    for (const { record, image, adversarial } of await run(model, {}, images)) {
      const x = [...adversarial!];
      expect(ranked(classifier.logits(x))[0], record.source).toBe(record.adversarial);
      const { gradient } = lossAt(classifier, x, record.adversarial!);
      const pull = gradient.map((g, j) => ((g > 0 ? x[j]! > 0 : x[j]! < 1) ? -g : 0));
      const r = x.map((value, j) => value - image.pixels[j]!);
      const along = pull.reduce((sum, value, j) => sum + value * r[j]!, 0);
      expect(along / normOf(pull, 2) / normOf(r, 2), record.source).toBeGreaterThan(0.93);
    }
  });
});

it('results are the same, to the last bit, alone, in a full batch and where slots change hands', async () => {
  const model = convNet(5, 11);
  const images = imagesOf(5, 12);
  const wide = await run(model, {}, images, { batch: 8 });
  expect(new Set(wide.map(({ record }) => record.steps)).size).toBeGreaterThan(1);
  for (const [batch, count] of [
    [3, 5],
    [1, 2],
  ] as const) {
    const other = await run(model, {}, images.slice(0, count), { batch });
    for (const [k, { record, adversarial }] of other.entries()) {
      expect(record).toEqual(wide[k]!.record);
      expect(adversarial).toEqual(wide[k]!.adversarial);
    }
    expect(other).toHaveLength(count);
  }
});

it('the image that is handed out fools, is the one that was measured, and stays in the box', async () => {
  const model = convNet(5, 31);
  const { logits } = asClassifier(model);
  for (const { record, image, adversarial } of await run(model, {}, imagesOf(8, 32))) {
    const x = [...adversarial!];
    expect(ranked(logits(x))[0]).toBe(record.adversarial);
    expect(record.l2).toBeCloseTo(
      normOf(
        x.map((value, j) => value - image.pixels[j]!),
        2,
      ),
      5,
    );
    expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...x)).toBeLessThanOrEqual(1);
  }
});

it('images that cannot be moved or are NaN say so, and the others go on', async () => {
  const stuck = modelOf(3, (b, image) => {
    const dark = b.emit('sub', { a: flatten(b, image), b: b.scalar(2) }, {});
    return dense(b, b.emit('relu', { x: dark }, {}), 3, 41);
  });
  const [{ record: stalled }] = (await run(stuck, {}, imagesOf(1, 42))) as [AttackResult];
  expect(stalled).toMatchObject({ status: 'stalled', adversarial: null, l2: null, steps: 0 });

  const images = imagesOf(4, 52);
  images[1]!.pixels[7] = NaN;
  const results = await run(convNet(5, 51), {}, images);
  const whole = await run(convNet(5, 51), {}, [images[0]!, ...images.slice(2)]);
  expect(results[1]!.record).toMatchObject({ status: 'failed', predicted: null });
  expect(results.filter((_, k) => k !== 1).map(({ record }) => record)).toEqual(
    whole.map(({ record }) => record),
  );

  const [{ record: spent }] = (await run(convNet(5, 51), { maxSteps: 1 }, imagesOf(1, 52))) as [
    AttackResult,
  ];
  expect(spent).toMatchObject({ status: 'exhausted', steps: 1 });
  expect(spent.error).toBe('no minimiser was classified as its target in 1 gradients');
});
