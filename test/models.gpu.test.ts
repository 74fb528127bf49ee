// Whole models, forward on the device, against onnxruntime. Models and images lie in the folder that
// DEEPFOOL_SHARED names; the demo model is our own, and is always held to it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatTensor, type Tensor } from '../src-ts/core/tensor.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import type { Executor } from '../src-ts/executor/executor.ts';
import { openWebGpu } from '../src-ts/executor/webgpu/index.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { expectAsInterpreted, runGraph } from './executor/run-graph.ts';
import { randomTensor } from './reference/random.ts';

const shared = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../shared');
const present = existsSync(join(shared, 'models'));
if (!present) console.log(`skipped: models against onnxruntime (no ${shared}/models)`);
const DEMO = join(import.meta.dirname, '../examples/lenet-fashion-mnist.onnx');

let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

/** onnxruntime's logits for one image after the other, in the shape the file declares. */
async function runReference(
  file: string,
  images: readonly Float32Array[],
  image: readonly number[],
): Promise<number[][]> {
  const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
  const [port] = session.inputMetadata;
  const declared = port?.isTensor === true ? port.shape : ['N', ...image];
  const shape = declared.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
  const rows: number[][] = [];
  for (const pixels of images) {
    const feeds = { [session.inputNames[0]!]: new OrtTensor('float32', pixels, shape) };
    const results = await session.run(feeds);
    rows.push(Array.from(results[session.outputNames[0]!]!.data as Float32Array));
  }
  await session.release();
  return rows;
}

async function expectSameLogits(
  file: string,
  model: ImportedModel,
  images: readonly Float32Array[],
): Promise<void> {
  const { channels, height, width } = model.inputShape;
  const shape = [channels, height, width];
  const pixels = images.flatMap((image) => [...image]);
  const batch = floatTensor([images.length, ...shape], pixels);
  const { logits } = await runGraph(executor, model.graph, { image: batch }, { spare: 1 });
  const expected = await runReference(file, images, shape);
  expect(logits!.shape).toEqual([images.length, model.classes]);
  for (const [i, row] of expected.entries()) {
    const came = [...logits!.data.slice(i * row.length, (i + 1) * row.length)];
    const scale = Math.max(...row.map(Math.abs));
    const worst = Math.max(...row.map((value, k) => Math.abs(came[k]! - value)));
    expect(worst / scale, `image ${i}`).toBeLessThan(1e-3);
    expect(came.indexOf(Math.max(...came)), `class of image ${i}`).toBe(
      row.indexOf(Math.max(...row)),
    );
  }
}

const normalized = (pixels: Float32Array): Float32Array => {
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const plane = pixels.length / 3;
  return pixels.map((value, j) => {
    const channel = Math.floor(j / plane);
    return (value - mean[channel]!) / std[channel]!;
  });
};

describe.skipIf(!present)('logits of real images are those of onnxruntime', () => {
  it.each([
    ['models/fc500-150-10-mnist', 'mnist', 3],
    ['models/lenet-mnist', 'mnist', 3],
    ['models/lenet-fashion-mnist', 'mnist', 3],
    ['truth/mnist-net_256x2', 'mnist', 3],
    ['models/lenet-cifar10', 'cifar10', 3],
    ['models/nin-cifar10', 'cifar10', 3],
    ['models/mobilenetv2-imagenet', 'imagenet/crops', 2],
  ])('%s on %s', async (name, data, count) => {
    const file = join(shared, `${name}.onnx`);
    const dataset = await openDataset(join(shared, 'data', data));
    const imageShape = dataset.imageShape;
    const model = importOnnx(readFileSync(file), { name, imageShape });
    const { channels } = model.inputShape;
    const samples = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        dataset.load(i, { channels: channels === 1 ? 1 : 3 }),
      ),
    );
    const images = samples.map(({ pixels }) =>
      data.startsWith('imagenet') ? normalized(pixels) : pixels,
    );
    await expectSameLogits(file, model, images);
  });
});

describe('the demo model', () => {
  const image = (count: number): Tensor =>
    floatTensor(
      [count, 1, 28, 28],
      Array.from(randomTensor([count, 784], 1).data, (value) => (value + 1) / 2),
    );

  it('has the logits of onnxruntime', async () => {
    const model = importOnnx(readFileSync(DEMO), { name: 'demo' });
    const { data } = image(2);
    const halves = [data.slice(0, 784), data.slice(784)].map((half) => Float32Array.from(half));
    await expectSameLogits(DEMO, model, halves);
  });

  it('has the logits of the interpreter', async () => {
    const model = importOnnx(readFileSync(DEMO), { name: 'demo' });
    const options = { spare: 1, tolerance: 1e-5 };
    await expectAsInterpreted(executor, model.graph, { image: image(2) }, options);
  });
});
