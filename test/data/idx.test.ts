import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src-ts/core/errors.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import { idx, put, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();
const images = idx([2, 2, 3], [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]);
const labels = idx([2], [7, 9]);

async function mnistLike(name: string): Promise<string> {
  const path = join(folder.path, name);
  await put(join(path, 't10k-images-idx3-ubyte.gz'), gzipSync(images));
  await put(join(path, 't10k-labels-idx1-ubyte.gz'), gzipSync(labels));
  await put(join(path, 'train-images-idx3-ubyte'), idx([1, 2, 3], [9, 9, 9, 9, 9, 9]));
  await put(join(path, 'train-labels-idx1-ubyte'), idx([1], [3]));
  return path;
}

describe('a folder of IDX files', () => {
  test('opens its test split unless another is asked for', async () => {
    const path = await mnistLike('splits');
    const dataset = await openDataset(path);
    expect(dataset).toMatchObject({ format: 'IDX', split: 'test', length: 2 });
    expect(dataset.imageShape).toEqual([1, 2, 3]);
    const train = await openDataset(path, { split: 'train' });
    expect(train).toMatchObject({ split: 'train', length: 1 });
    expect((await train.load(0)).label).toBe(3);
  });

  test('gives pixels in [0, 1], the label and a source that names file and position', async () => {
    const dataset = await openDataset(await mnistLike('pixels'), { split: 't10k' });
    const sample = await dataset.load(0);
    expect(sample).toMatchObject({ index: 0, label: 7, source: 't10k-images-idx3-ubyte[0]' });
    expect(sample.shape).toEqual([1, 2, 3]);
    expect([...sample.pixels]).toEqual(
      [0, 51, 102, 153, 204, 255].map((v) => Math.fround(v / 255)),
    );
    expect((await dataset.load(1)).source).toBe('t10k-images-idx3-ubyte[1]');
  });

  test('repeats grey when three channels are asked for', async () => {
    const dataset = await openDataset(await mnistLike('channels'));
    const { pixels, shape } = await dataset.load(0, { channels: 3 });
    expect(shape).toEqual([3, 2, 3]);
    expect(pixels.slice(6, 12)).toEqual(pixels.slice(0, 6));
    expect(pixels.slice(12)).toEqual(pixels.slice(0, 6));
  });

  test('lists the splits that are there when the one asked for is not', async () => {
    const path = await mnistLike('no-val');
    await expect(openDataset(path, { split: 'val' })).rejects.toThrow(
      new OptionError(`${path}: expected a split that is there (test, train), got "val"`),
    );
  });
});

describe('a single IDX file', () => {
  test('finds its labels beside it, packed or not', async () => {
    const path = await put(join(folder.path, 'mixed', 'my-images-idx3-ubyte'), images);
    expect((await (await openDataset(path)).load(1)).label).toBeNull();
    await put(join(folder.path, 'mixed', 'my-labels-idx1-ubyte.gz'), gzipSync(labels));
    expect((await (await openDataset(path)).load(1)).label).toBe(9);
  });

  test('is refused when it holds labels', async () => {
    const path = await put(join(folder.path, 'only', 'labels'), labels);
    await expect(openDataset(path)).rejects.toThrow(
      `${path}: expected images (3 dimensions), got 1, which is how labels are stored`,
    );
  });

  test('is refused when it is cut short or too long, with both counts of bytes', async () => {
    const short = await put(join(folder.path, 'short'), images.subarray(0, 20));
    await expect(openDataset(short)).rejects.toThrow(
      new DataError(`${short}: cut short: expected 28 bytes for 2×2×3 uint8, got 20`),
    );
    const long = await put(join(folder.path, 'long'), Buffer.concat([images, images]));
    await expect(openDataset(long)).rejects.toThrow('too long: expected 28 bytes');
    const header = await put(join(folder.path, 'header'), images.subarray(0, 9));
    await expect(openDataset(header)).rejects.toThrow('expected an IDX header of 16 bytes, got 9');
  });

  test('is refused when its gzip stream ends early', async () => {
    const noise = idx(
      [1, 64, 64],
      Array.from({ length: 4096 }, (_, i) => (i * i * 31) % 251),
    );
    const path = await put(join(folder.path, 'cut.gz'), gzipSync(noise).subarray(0, 300));
    await expect(openDataset(path)).rejects.toThrow(`${path}: expected a whole gzip file`);
  });

  test('is refused when its elements are not bytes', async () => {
    const path = await put(join(folder.path, 'floats'), Uint8Array.of(0, 0, 13, 3, 0, 0, 0, 0));
    await expect(openDataset(path)).rejects.toThrow('expected IDX elements of type 8 (uint8), got');
  });

  test('is refused when it holds no image', async () => {
    const path = await put(join(folder.path, 'none'), idx([0, 28, 28], []));
    await expect(openDataset(path)).rejects.toThrow(`${path}: expected images, got 0×28×28`);
  });

  test('is refused when the counts of images and labels differ', async () => {
    const path = await put(join(folder.path, 'counts', 'train-images-idx3-ubyte'), images);
    const beside = join(folder.path, 'counts', 'train-labels-idx1-ubyte');
    await put(beside, idx([3], [1, 2, 3]));
    await expect(openDataset(path)).rejects.toThrow(
      `${beside}: expected 2 labels, one for each image of train-images-idx3-ubyte, got 3`,
    );
  });

  test('has no splits to choose from', async () => {
    const path = await put(join(folder.path, 'single'), images);
    await expect(openDataset(path, { split: 'test' })).rejects.toThrow(OptionError);
  });
});

describe('reading an IDX image', () => {
  test('refuses an index outside the data set', async () => {
    const path = await put(join(folder.path, 'bounds'), images);
    const dataset = await openDataset(path);
    for (const index of [-1, 2, 0.5, NaN]) {
      await expect(dataset.load(index)).rejects.toThrow(
        new DataError(`${path}: expected an index from 0 to 1, got ${index}`),
      );
    }
  });

  test('refuses to scale, unless the size asked for is the size there is', async () => {
    const path = await put(join(folder.path, 'square'), idx([1, 2, 2], [1, 2, 3, 4]));
    const dataset = await openDataset(path);
    await expect(dataset.load(0, { resize: 32 })).rejects.toThrow(
      new OptionError(
        `${path}: resize expected none, since raw images keep their 2×2 pixels, got 32`,
      ),
    );
    expect((await dataset.load(0, { resize: 2, crop: 2 })).shape).toEqual([1, 2, 2]);
  });
});
