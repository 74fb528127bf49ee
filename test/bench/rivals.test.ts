import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tfjsDeepFool } from '../../bench/rivals/tfjs-deepfool.ts';
import { openTfjs } from '../../bench/rivals/tfjs.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { interpret } from '../reference/interpreter.ts';
import { randomTensor } from '../reference/random.ts';

it('a rival attacks the model that was imported', async () => {
  const file = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');
  const { graph } = importOnnx(readFileSync(file), { name: 'lenet-fashion-mnist' });
  const pixels = randomTensor([1, 1, 28, 28], 1).data as Float32Array;
  const rival = tfjsDeepFool(await openTfjs('wasm'), { graph, image: [1, 28, 28] });
  const [outcome] = await rival.attack([pixels], 1);
  const logits = interpret(graph, { image: floatTensor([1, 1, 28, 28], pixels) })['logits']!.data;
  const original = logits.indexOf(Math.max(...(logits as Float64Array)));
  expect(outcome!.adversarial).not.toBe(original);
  expect(outcome!.l2).toBeGreaterThan(0);
  expect(outcome!.l2).toBeLessThan(Math.hypot(...pixels));
});
