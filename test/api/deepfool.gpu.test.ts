// The library on a device, with the example's classifier and images made up here.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deepfool,
  listDevices,
  loadModel,
  openDataset,
  openDevice,
  type Device,
  type Model,
} from '../../src-ts/index.ts';
import { idx, png, put, temporaryFolder } from '../data/fixtures.ts';
import { FLOAT, floats, onnxFile } from '../onnx/onnx-file.ts';

const MODEL = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
const folder = temporaryFolder();
let device: Device;
let model: Model;

beforeAll(async () => {
  device = await openDevice();
  model = await loadModel(MODEL);
});
afterAll(() => {
  device.dispose();
});

/** A bright rectangle on black, each index another one. */
function drawing(index: number): Float32Array {
  const [width, height] = [6 + ((index * 5) % 16), 8 + ((index * 3) % 14)];
  return new Float32Array(784).map((_, at) => {
    const [x, y] = [at % 28, Math.floor(at / 28)];
    return Math.abs(x - 14) * 2 < width && Math.abs(y - 14) * 2 < height ? 0.8 : 0;
  });
}

it('lists the device that it opens', async () => {
  expect((await listDevices()).map(({ name }) => name)).toContain(device.info.name);
});

it('fools a linear classifier in one step, at the distance of its boundary', async () => {
  // Two classes over two pixels: f1 − f0 = 3a + 4b − 1, so (0, 0) is 1/5 away from the boundary.
  const bytes = onnxFile({
    inputs: { x: [FLOAT, ['N', 1, 1, 2]] },
    outputs: { y: [FLOAT, ['N', 2]] },
    constants: { w: floats([2, 2], [0, 3, 0, 4]), b: floats([2], [0, -1]) },
    nodes: [
      { op: 'Flatten', in: ['x'], out: ['flat'] },
      { op: 'Gemm', in: ['flat', 'w', 'b'], out: ['y'] },
    ],
  });
  const linear = await loadModel(bytes);
  const images = [Float32Array.of(0, 0)];
  const [result] = await deepfool(linear, images, { device, overshoot: 0.5 }).collect();
  expect(result!.record).toMatchObject({
    predicted: 0,
    adversarial: 1,
    status: 'fooled',
    steps: 1,
  });
  expect(result!.record.l2).toBeCloseTo(0.3, 6);
  expect([...result!.adversarial!]).toEqual([
    expect.closeTo(0.18, 6) as number,
    expect.closeTo(0.24, 6) as number,
  ]);
});

it('gives the same results whatever the batch, in the order of the images', async () => {
  const images = [...Array(9).keys()].map(drawing);
  const records = [];
  for (const batch of [1, 4, 9]) {
    const results = await deepfool(model, images, { device, batch, norm: Infinity }).collect();
    records.push(results.map(({ record }) => record));
  }
  expect(records[1]).toEqual(records[0]);
  expect(records[2]).toEqual(records[0]);
  expect(records[0]!.map(({ index }) => index)).toEqual([...Array(9).keys()]);
});

it('keeps within bounds and returns the image it judged', async () => {
  const options = { device, bounds: [0, 1] } as const;
  for (const { record, image, adversarial } of await deepfool(
    model,
    [drawing(1), drawing(2)],
    options,
  ).collect()) {
    expect(record.status).toBe('fooled');
    expect(Math.min(...adversarial!)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...adversarial!)).toBeLessThanOrEqual(1);
    const r = adversarial!.map((value, at) => value - image!.pixels[at]!);
    expect(Math.hypot(...r)).toBeCloseTo(record.l2!, 5);
  }
});

it('goes on after an image that cannot be read', async () => {
  const data = join(folder.path, 'images');
  await put(join(data, 'a.png'), png(200, 28, 28));
  await put(join(data, 'b.png'), 'no image');
  await put(join(data, 'c.png'), png(90, 28, 28));
  const results = deepfool(model, await openDataset(data), { device, batch: 1 });
  const seen = [];
  for await (const { record, image } of results) {
    seen.push([record.source, record.status, record.error, image === null]);
  }
  expect(seen).toEqual([
    ['a.png', 'fooled', null, false],
    ['b.png', 'failed', 'unknown format; JPEG, PNG and WebP are read', true],
    ['c.png', 'fooled', null, false],
  ]);
});

it('leaves out wrongly classified images with onlyCorrect', async () => {
  const [first] = await deepfool(model, [drawing(0)], { device }).collect();
  const predicted = first!.record.predicted!;
  const data = join(folder.path, 'labelled');
  const pixels = [...drawing(0), ...drawing(0)].map((value) => Math.round(255 * value));
  const wrong = (predicted + 1) % 10;
  await put(join(data, 't10k-images-idx3-ubyte'), idx([2, 28, 28], pixels));
  await put(join(data, 't10k-labels-idx1-ubyte'), idx([2], [wrong, predicted]));
  const dataset = await openDataset(data);
  const left = await deepfool(model, dataset, { device, onlyCorrect: true }).collect();
  expect(left.map(({ record: { index } }) => index)).toEqual([1]);
});

it('attacks a model that takes one image at a time', async () => {
  // The sum over the first axis mixes images, so that the file's batch of 1 cannot be any other.
  const bytes = onnxFile({
    inputs: { x: [FLOAT, [1, 1, 1, 2]] },
    outputs: { y: [FLOAT, [1, 2]] },
    constants: { w: floats([2, 2], [0, 3, 0, 4]), b: floats([2], [0, -1]) },
    nodes: [
      { op: 'Softmax', in: ['x'], out: ['same'], attrs: { axis: 0 } },
      { op: 'Mul', in: ['same', 'x'], out: ['again'] },
      { op: 'Flatten', in: ['again'], out: ['flat'] },
      { op: 'Gemm', in: ['flat', 'w', 'b'], out: ['y'] },
    ],
  });
  const single = await loadModel(bytes);
  expect(single.batchable).toBe(false);
  const images = [Float32Array.of(0, 0), Float32Array.of(0.1, 0)];
  const results = await deepfool(single, images, { device, batch: 8 }).collect();
  expect(results.map(({ record }) => record.status)).toEqual(['fooled', 'fooled']);
});

describe('what it refuses', () => {
  it('is told when the first result is asked for', async () => {
    const pending = deepfool(model, [drawing(0)], { device, norm: 0.5 });
    await expect(pending.collect()).rejects.toThrow(
      '--norm: expected a number ≥ 1, or inf, got 0.5',
    );
    await expect(deepfool(model, [new Float32Array(3)], { device }).collect()).rejects.toThrow(
      'this one has 3 values',
    );
    await expect(openDevice('no such device')).rejects.toThrow('no such adapter; found');
  });
});
