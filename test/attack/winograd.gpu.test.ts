// Winograd's convolutions under an attack: on real images, the same classes in the same steps, and
// perturbations of the same size within the tolerance of the golden files.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeepFoolAttack } from '../../src-ts/attack/deepfool.ts';
import type { AttackImage, AttackRecord } from '../../src-ts/attack/record.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const file = join(shared, 'models/nin-cifar10.onnx');
const present = existsSync(file);
if (!present) console.log(`skipped: an attack by Winograd's convolutions (no ${file})`);
const IMAGES = 6;

async function attackAll(
  images: readonly AttackImage[],
  winograd: boolean,
): Promise<AttackRecord[]> {
  const executor = await openWebGpu({ traits: { winograd } });
  const model = importOnnx(readFileSync(file), { name: 'nin-cifar10' });
  const attack = await DeepFoolAttack.create(executor, model, {}, { batch: IMAGES });
  const records: AttackRecord[] = [];
  for await (const { record } of attack.attack(images)) records.push(record);
  attack.dispose();
  executor.dispose();
  return records;
}

describe.skipIf(!present)('NIN on CIFAR-10', () => {
  it('is fooled the same way by either convolution', async () => {
    const dataset = await openDataset(join(shared, 'data/cifar10'));
    const images = await Promise.all(Array.from({ length: IMAGES }, (_, i) => dataset.load(i)));
    const direct = await attackAll(images, false);
    const winograd = await attackAll(images, true);
    const outcome = ({ predicted, adversarial, steps }: AttackRecord) => [
      predicted,
      adversarial,
      steps,
    ];
    expect(winograd.map(outcome)).toEqual(direct.map(outcome));
    const differences = winograd.map(({ l2 }, i) => Math.abs(l2! / direct[i]!.l2! - 1));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-4);
    expect(Math.max(...differences), 'they are different kernels').toBeGreaterThan(0);
  });
});
