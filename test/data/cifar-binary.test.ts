import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { put, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();

/** A record whose planes are constant. */
function record(labels: readonly number[], [red, green, blue]: readonly [number, number, number]) {
  const planes = [red, green, blue].map((level) => new Uint8Array(1024).fill(level));
  return Buffer.concat([Uint8Array.from(labels), ...planes]);
}

describe('CIFAR-10 binary', () => {
  test('joins the training batches in order and names the batch of each image', async () => {
    const path = join(folder.path, 'ten');
    await put(
      join(path, 'data_batch_1.bin'),
      Buffer.concat([0, 1].map((n) => record([n], [n, 0, 0]))),
    );
    await put(join(path, 'data_batch_2.bin'), record([9], [255, 51, 0]));
    await put(join(path, 'test_batch.bin'), record([5], [0, 0, 0]));
    await put(join(path, 'batches.meta.txt'), 'airplane\nautomobile\n\n');
    const train = await openDataset(path, { split: 'train' });
    expect(train).toMatchObject({ format: 'CIFAR-10 binary', split: 'train', length: 3 });
    expect(train.imageShape).toEqual([3, 32, 32]);
    expect(train.classNames).toEqual(['airplane', 'automobile']);
    const last = await train.load(2);
    expect(last).toMatchObject({ source: 'data_batch_2.bin[0]', label: 9 });
    expect([last.pixels[0], last.pixels[1024], last.pixels[2048]]).toEqual([
      1,
      Math.fround(0.2),
      0,
    ]);
    expect(await openDataset(path)).toMatchObject({ split: 'test', length: 1 });
  });

  test('turns colour into grey as PIL does', async () => {
    const path = await put(join(folder.path, 'grey.bin'), record([0], [200, 100, 50]));
    const { pixels, shape } = await (await openDataset(path)).load(0, { channels: 1 });
    expect(shape).toEqual([1, 32, 32]);
    expect(pixels[7]).toBe(Math.fround(124 / 255)); // 0.299·200 + 0.587·100 + 0.114·50 = 124.2
  });

  test('opens one batch file by itself', async () => {
    const path = await put(join(folder.path, 'one', 'test_batch.bin'), record([3], [1, 2, 3]));
    expect(await openDataset(path)).toMatchObject({ split: 'test', length: 1, path });
  });

  test('refuses a file that is not made of whole records', async () => {
    const path = await put(join(folder.path, 'cut.bin'), record([3], [1, 2, 3]).subarray(0, 3000));
    await expect(openDataset(path)).rejects.toThrow(
      `${path}: expected whole records of 3073 bytes (CIFAR-10) or 3074 (CIFAR-100), got 3000 bytes`,
    );
  });

  test('refuses a label that is no class, naming the record', async () => {
    const path = await put(join(folder.path, 'label.bin'), record([10], [1, 2, 3]));
    await expect((await openDataset(path)).load(0)).rejects.toThrow(
      'label.bin[0]: expected a label below 10, got 10',
    );
  });
});

describe('CIFAR-100 binary', () => {
  test('takes the fine label', async () => {
    const path = join(folder.path, 'hundred');
    await put(join(path, 'test.bin'), record([4, 72], [1, 2, 3]));
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'CIFAR-100 binary', split: 'test' });
    expect((await dataset.load(0)).label).toBe(72);
  });
});
