import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { numberImages, probeImage, readImages } from '../../src-ts/api/images.ts';
import { openDataset } from '../../src-ts/data/dataset.ts';
import type { Dataset, Sample } from '../../src-ts/data/sample.ts';
import { png, put, temporaryFolder } from '../data/fixtures.ts';

const folder = temporaryFolder();
const SHAPE = { channels: 1, height: 2, width: 2 };
let dataset: Dataset;

beforeAll(async () => {
  await put(join(folder.path, 'cat', 'a.png'), 'no image');
  await put(join(folder.path, 'cat', 'b.png'), png(51));
  await put(join(folder.path, 'dog', 'c.png'), png(102, 3, 2));
  await put(join(folder.path, 'dog', 'd.png'), png(255));
  dataset = await openDataset(folder.path);
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

it('reads images in order; those that are broken or too large arrive as reasons', async () => {
  const items = await collect(readImages(dataset, SHAPE));
  expect(items.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
  expect(items[0]).toMatchObject({ source: 'cat/a.png', label: null });
  expect(items[0]).toHaveProperty('reason', 'unknown format; JPEG, PNG and WebP are read');
  expect(items[1]).toMatchObject({ source: 'cat/b.png', label: 0 });
  expect(items[1]).toHaveProperty('pixels', new Float32Array(4).fill(Math.fround(0.2)));
  expect(items[2]).toEqual({
    index: 2,
    source: 'dog/c.png',
    label: 1,
    reason: 'the image is 1 × 2 × 3, the model takes 1 × 2 × 2',
  });
  expect(items[3]).toMatchObject({ source: 'dog/d.png', label: 1 });
});

it('keeps no more images in flight than it is told', async () => {
  let [open, most] = [0, 0];
  const sample = async (index: number): Promise<Sample> => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => setTimeout(resolve, (index % 3) + 1));
    open--;
    return { index, source: '', label: null, pixels: new Float32Array(4), shape: [1, 2, 2] };
  };
  const slow: Dataset = { ...dataset, length: 20, load: sample };
  const items = await collect(readImages(slow, SHAPE, { ahead: 4, range: '2:18' }));
  expect(items.map(({ index }) => index)).toEqual([...Array(16).keys()].map((k) => k + 2));
  expect(most).toBe(4);
});

it('probes with the first image that can be read', async () => {
  expect((await probeImage(dataset, {})).source).toBe('cat/b.png');
  await expect(probeImage(dataset, { range: '0:1' })).rejects.toThrow('the image cannot be read: ');
});

it('numbers images that are given one by one', async () => {
  const pixels = new Float32Array(4);
  const numbered = await collect(numberImages([pixels, { pixels, label: 3, source: 'b' }]));
  expect(numbered).toEqual([
    { index: 0, source: 'image 0', label: null, pixels },
    { index: 1, source: 'b', label: 3, pixels },
  ]);
});
