// Lazy candidates and rounds of products on a real model and real images, from the folder that
// DEEPFOOL_SHARED names; without it these tests are skipped, and one line says so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../../src-ts/attack/options.ts';
import type { AttackImage, AttackRecord } from '../../src-ts/attack/record.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { importOnnx, type ImportedModel } from '../../src-ts/onnx/import-onnx.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const present = existsSync(join(shared, 'models')) && existsSync(join(shared, 'data/mnist'));
if (!present) console.log(`skipped: lazy candidates on MNIST (no ${shared}/models or data/mnist)`);

const IMAGES = 40;
let executor: Executor;
let model: ImportedModel;
let images: AttackImage[];
beforeAll(async () => {
  if (!present) return;
  executor = await openWebGpu();
  model = importOnnx(readFileSync(join(shared, 'models/lenet-mnist.onnx')), { name: 'lenet' });
  const dataset = await openDataset(join(shared, 'data/mnist'));
  images = await Promise.all(Array.from({ length: IMAGES }, (_, i) => dataset.load(i)));
});
afterAll(() => {
  if (present) executor.dispose();
});

/** Records in the order of the images' numbers. */
async function attack(
  options: DeepFoolOptions,
  batch = 32,
  subjects: readonly AttackImage[] = images,
): Promise<AttackRecord[]> {
  const run = await DeepFoolAttack.create(executor, model, options, { batch });
  const records: AttackRecord[] = [];
  for await (const { record } of run.attack(subjects)) records.push(record);
  run.dispose();
  return records.sort((a, b) => a.index - b.index);
}

describe.skipIf(!present)('lazily, LeNet on MNIST', () => {
  it.each([2, Infinity])('loses nothing where nothing is left out, p = %f', async (norm) => {
    const whole = await attack({ norm });
    expect(whole.every(({ products, steps }) => products === 9 * steps)).toBe(true);
    expect(await attack({ norm, lazy: 1e9 })).toEqual(whole);
  });

  it('takes less than half the products with a slack of 2, and hardly another step', async () => {
    const [whole, lazy] = [await attack({}), await attack({ lazy: 2 })];
    const total = (records: AttackRecord[]): number =>
      records.reduce((sum, { products }) => sum + products, 0);
    expect(total(lazy)).toBeLessThan(total(whole) / 2);
    const same = lazy.filter(({ steps, adversarial, l2 }, i) => {
      const other = whole[i]!;
      const apart = Math.abs(l2! / other.l2! - 1);
      return steps === other.steps && adversarial === other.adversarial && apart < 1e-4;
    });
    expect(same.length).toBeGreaterThanOrEqual(IMAGES - 1);
  });

  it('gives an image the same bits in any company', async () => {
    const wide = await attack({ lazy: 1.1 });
    expect(await attack({ lazy: 1.1 }, 7, images.toReversed())).toEqual(wide);
    expect(await attack({ lazy: 1.1 }, 1, images.slice(0, 5))).toEqual(wide.slice(0, 5));
  });
});
