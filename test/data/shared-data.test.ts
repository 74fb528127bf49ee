// The real data sets, read from the folder that DEEPFOOL_SHARED names. They are too large for the
// repository; without them these tests are skipped, and one line says so.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { type Dataset, openDataset } from '../../src-ts/data/dataset.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const present = existsSync(join(shared, 'data'));
if (!present) console.log(`skipped: MNIST, CIFAR-10 and ImageNet samples (no ${shared}/data)`);

interface GoldenRow {
  readonly index: number;
  readonly source: string;
  readonly label: number;
  readonly norm: number; // ‖x‖₂ in the pixels of [0, 1]: tells any change of the image
}

function golden(name: string): GoldenRow[] {
  const text = readFileSync(join(shared, 'golden', `${name}.csv`));
  const rows = parse<Record<string, string>>(text, { columns: true });
  return rows.map((row) => ({
    index: Number(row['index']),
    source: row['source'] ?? '',
    label: Number(row['label']),
    norm: Number(row['x_l2']),
  }));
}

/** Compares labels, sources and norms; the tolerance is relative. */
async function expectGolden(dataset: Dataset, rows: readonly GoldenRow[], tolerance: number) {
  for (const { index, source, label, norm } of rows) {
    const sample = await dataset.load(index);
    expect(sample.label, sample.source).toBe(label);
    if (source !== '') expect(sample.source).toBe(source);
    const l2 = Math.sqrt(sample.pixels.reduce((sum, value) => sum + value * value, 0));
    expect(Math.abs(l2 / norm - 1), sample.source).toBeLessThan(tolerance);
  }
}

describe.skipIf(!present)('the shared data sets', () => {
  test('MNIST agrees with the golden files, image by image', async () => {
    const dataset = await openDataset(join(shared, 'data/mnist'));
    expect(dataset).toMatchObject({ format: 'IDX', split: 'test', length: 10_000 });
    expect(dataset.imageShape).toEqual([1, 28, 28]);
    await expectGolden(dataset, golden('lenet-mnist-p2-stabilizer0'), 1e-7);
    expect((await openDataset(join(shared, 'data/mnist'), { split: 'train' })).length).toBe(60_000);
  });

  test('CIFAR-10 in tar files agrees with the golden files, image by image', async () => {
    const dataset = await openDataset(join(shared, 'data/cifar10'), { split: 'test' });
    expect(dataset).toMatchObject({
      format: 'tar of class folders',
      split: 'test',
      length: 10_000,
    });
    expect(dataset.classNames).toEqual(
      'airplane automobile bird cat deer dog frog horse ship truck'.split(' '),
    );
    await expectGolden(dataset, golden('lenet-cifar10-p2-stabilizer1e-4'), 1e-7);
    expect(await dataset.load(9999)).toMatchObject({ label: 9, shape: [3, 32, 32] });
  });

  test('ImageNet crops agree with the golden files, image by image', async () => {
    const dataset = await openDataset(join(shared, 'data/imagenet/crops'));
    expect(dataset.length).toBe(32);
    // That file's norms were summed in float32, which costs up to 1.5e-5 over 150,528 pixels.
    await expectGolden(dataset, golden('mobilenetv2-imagenet-p2-stabilizer0'), 3e-5);
  });

  test('ImageNet samples become the crops when they are scaled and cropped', async () => {
    const dataset = await openDataset(join(shared, 'data/imagenet'));
    expect(dataset.length).toBe(200);
    expect(dataset.classNames).toHaveLength(1000);
    const crops = await openDataset(join(shared, 'data/imagenet/crops'));
    const sample = await dataset.load(0, { resize: 256, crop: 224, channels: 3 });
    expect(sample).toMatchObject({ source: 'n01440764_tench.JPEG', label: 0 });
    expect(sample.pixels).toEqual((await crops.load(0)).pixels);
  });
});
