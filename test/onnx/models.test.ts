// Trained networks against onnxruntime. They lie outside the repository; without them only the demo
// model is run.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { randomTensor } from '../reference/random.ts';
import { expectClose, runGraph, runOnnxruntime } from './runtime.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SHARED = process.env['DEEPFOOL_SHARED'] ?? path.resolve(ROOT, '../shared');
const DEMO = path.join(ROOT, 'examples/lenet-fashion-mnist.onnx');
const present = existsSync(path.join(SHARED, 'models'));
if (!present) console.warn(`skipped: trained models, since ${SHARED}/models is not there`);

describe('logits equal onnxruntime:', () => {
  const models = ['fc500-150-10-mnist', 'lenet-mnist', 'lenet-cifar10', 'nin-cifar10'];
  const files = models.map((name) => path.join(SHARED, 'models', `${name}.onnx`));
  for (const file of [DEMO, ...(present ? files : [])]) {
    test(path.basename(file), async () => {
      const bytes = readFileSync(file);
      const model = importOnnx(bytes, { name: file });
      const { channels, height, width } = model.inputShape;
      const images = file.includes('nin') ? 1 : 2; // plain loops: seconds an image
      const x = randomTensor([images, channels, height, width], 17);
      const theirs = await runOnnxruntime(bytes, { input: x });
      expectClose(runGraph(model.graph, { image: x }), theirs);
    });
  }
});

describe.skipIf(!present)('structure of', () => {
  const read = (file: string) =>
    importOnnx(readFileSync(path.join(SHARED, file)), { name: path.basename(file) });

  test('the MobileNetV2 file', () => {
    const model = read('models/mobilenetv2-imagenet.onnx');
    expect(model).toMatchObject({ batchable: true, classes: 1000, notes: [], nodeCount: 101 });
  });

  test('a verification benchmark with input [1, 784, 1]', () => {
    const model = read('truth/mnist-net_256x2.onnx');
    expect(model.notes).toEqual([
      'input [1, 784, 1] read as 1 × 28 × 28',
      'fixed batch of 1 made N',
    ]);
  });

  test.each(['bvlc_alexnet', 'inception_v1'])('%s, with extra inputs', (name) => {
    const model = read(`conformance/light/test_light_${name}/model.onnx`);
    expect(model).toMatchObject({ batchable: true, classes: 1000 });
    expect(model.notes).toEqual(['fixed batch of 1 made N', 'Softmax at the end stepped over']);
  });
});
