// Quantization: a perturbation that is still one after rounding to 8 bits, and what that costs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  DeepFoolAttack,
  type AttackModel,
  type AttackResult,
} from '../../src-ts/attack/deepfool.ts';
import { Expressions } from '../../src-ts/ops/expressions.ts';
import { levelsWithin, snapToLevels } from '../../src-ts/attack/levels.ts';
import type { DeepFoolOptions } from '../../src-ts/attack/options.ts';
import { Recheck } from '../../src-ts/attack/recheck.ts';
import { batchDim } from '../../src-ts/core/shape.ts';
import { floatTensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { GraphBuilder } from '../../src-ts/ops/builder.ts';
import { runGraph } from '../executor/run-graph.ts';
import { asClassifier, convNet, flatten, imagesOf, modelOf } from './models.ts';

let executor: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
});
afterAll(() => {
  executor.dispose();
});

async function quantized(
  model: AttackModel,
  options: DeepFoolOptions,
  batch = 8,
): Promise<AttackResult[]> {
  const all = { ...options, quantize: true };
  const attack = await DeepFoolAttack.create(executor, model, all, { images: true, batch });
  const results: AttackResult[] = [];
  for await (const result of attack.attack(imagesOf(12, 5))) results.push(result);
  attack.dispose();
  return results;
}

const toLevels = (values: Float32Array): number[] =>
  Array.from(values, (value) => Math.round(255 * value));
const UNIT = Float32Array.from({ length: 256 }, (_, level) => level / 255);

it('gives every level the very float32 that decoding gives it', async () => {
  const b = new GraphBuilder();
  const x = b.input('x', { dtype: 'float32', shape: [batchDim('N'), 1, 256] });
  b.output('y', snapToLevels(new Expressions(b), x, [0, 255]));
  const offset = (k: number): number => [0, 0.49, -0.49][k % 3]!;
  const values = Array.from({ length: 768 }, (_, k) => (Math.floor(k / 3) + offset(k)) / 255);
  const { y } = await runGraph(executor, b.finish(), { x: floatTensor([3, 1, 256], values) });
  expect([...y!.data]).toEqual(Array.from({ length: 768 }, (_, k) => UNIT[Math.floor(k / 3)]));
});

it('finds the levels within bounds', () => {
  expect(levelsWithin(null)).toEqual([0, 255]);
  expect(levelsWithin([-1, 0.2])).toEqual([0, 51]);
  expect(levelsWithin([0.1 + 0.2, 5])).toEqual([77, 255]);
  expect(levelsWithin([0.5, 0.501])).toBeNull();
});

it.each<DeepFoolOptions>([
  { norm: 2 },
  { norm: 3, refine: true },
  { norm: Infinity },
  { norm: Infinity, refine: true, bounds: [0.1, 0.9] },
  { norm: 2, target: 2 },
])('hands out an image of 8 bits that fools, %j', async (options) => {
  const model = convNet(5, 11);
  const classifier = asClassifier(model);
  const results = (await quantized(model, options)).filter(
    ({ record }) => record.status === 'fooled',
  );
  expect(results.length).toBeGreaterThan(6);
  for (const { record, image, adversarial } of results) {
    expect(record.survives_8bit).toBe(true);
    expect(record.quantized_scale).toBeGreaterThanOrEqual(1);
    expect([...adversarial!]).toEqual(toLevels(adversarial!).map((level) => UNIT[level]));
    const [low, high] = options.bounds ?? [0, 1];
    expect(Math.min(...adversarial!)).toBeGreaterThanOrEqual(low - 1e-6);
    expect(Math.max(...adversarial!)).toBeLessThanOrEqual(high + 1e-6);
    const logits = classifier.logits([...adversarial!]);
    const seen = logits.indexOf(Math.max(...logits));
    expect(seen).toBe(record.quantized_adversarial);
    if (options.target === undefined) expect(seen).not.toBe(record.predicted);
    else expect(seen).toBe(options.target);
    const r = Array.from(adversarial!, (value, i) => value - image.pixels[i]!);
    expect(record.quantized_l2!).toBeCloseTo(Math.hypot(...r), 5);
    expect(record.quantized_linf!).toBeCloseTo(Math.max(...r.map(Math.abs)), 5);
  }
});

it('does not depend on the batch', async () => {
  const [one, many] = [
    await quantized(convNet(5, 11), { norm: 2 }, 1),
    await quantized(convNet(5, 11), { norm: 2 }, 8),
  ];
  expect(many.map(({ record }) => record)).toEqual(one.map(({ record }) => record));
});

/** Two classes, told apart by the first value: 0 below the boundary, 1 above. */
function threshold(boundary: number): AttackModel {
  return modelOf(2, (b, image) => {
    const x = flatten(b, image);
    const weights = new Float32Array(2 * 32);
    weights[32] = 1;
    const w = b.constant(floatTensor([2, 32], weights));
    const logits = b.emit('matmul', { a: x, b: w }, { transposeA: false, transposeB: true });
    const bias = b.constant(floatTensor([2], [0, -boundary]));
    return b.emit('add', { a: logits, b: bias }, {});
  });
}

it('lengthens what rounding takes back, and tells by how much', async () => {
  const start = {
    index: 0,
    source: 'grey',
    label: null,
    pixels: new Float32Array(32).fill(100 / 255),
  };
  const options = { quantize: true, overshoot: 0 } as const;
  const model = threshold(100.4 / 255); // r̂ is 0.4 of a level: only 0.5 reach the next one
  const attack = await DeepFoolAttack.create(executor, model, options, { images: true });
  for await (const { record, adversarial } of attack.attack([start])) {
    expect(record.quantized_scale).toBeCloseTo(1.25, 1);
    expect(record.quantized_linf! * 255).toBeCloseTo(1, 4);
    expect(record.l2! * 255).toBeCloseTo(0.4, 3);
    expect(toLevels(adversarial!)[0]).toBe(101);
  }
  attack.dispose();
});

it('says so where no scale works, and keeps what DeepFool found', async () => {
  const start = {
    index: 0,
    source: 'grey',
    label: null,
    pixels: new Float32Array(32).fill(100 / 255),
  };
  const bounds = [99 / 255, 100.9 / 255] as const; // no level between the boundary and the bound
  const options = { quantize: true, bounds };
  const model = threshold(100.6 / 255);
  const attack = await DeepFoolAttack.create(executor, model, options, { images: true });
  for await (const { record, adversarial } of attack.attack([start])) {
    expect(record).toMatchObject({
      ...{ status: 'fooled', adversarial: 1, survives_8bit: false },
      ...{ quantized_scale: null, quantized_l2: null, quantized_adversarial: null },
    });
    expect(adversarial![0]).toBeGreaterThan(100.6 / 255);
  }
  attack.dispose();
});

it('implies the bounds of an image, and refuses those without a level', async () => {
  const create = (options: DeepFoolOptions): Promise<DeepFoolAttack> =>
    DeepFoolAttack.create(executor, convNet(5, 11), { ...options, quantize: true });
  const attack = await create({});
  expect(attack.options.bounds).toEqual([0, 1]);
  attack.dispose();
  await expect(create({ bounds: [0.5, 0.501] })).rejects.toThrow(
    '--quantize: expected bounds with a 255th of [0, 1] between them, got 0.5,0.501',
  );
});

it('rechecks images as they are', async () => {
  const model = threshold(100.5 / 255);
  const { options } = await DeepFoolAttack.create(executor, model);
  const recheck = await Recheck.create(executor, model.graph, options, 4);
  const x0 = new Float32Array(32).fill(100 / 255);
  const images = [100, 101, 103].map((level) => ({
    x0,
    x: Float32Array.from(x0, (value, i) => (i === 0 ? level / 255 : value)),
    original: 0,
  }));
  const judged = await recheck.judge(images);
  expect(judged.map(({ predicted }) => predicted)).toEqual([0, 1, 1]);
  expect(judged.map(({ fooled }) => fooled)).toEqual([false, true, true]);
  expect(judged.map(({ l2 }) => Math.round(l2 * 255))).toEqual([0, 1, 3]);
  expect(judged[0]!.xLp).toBeCloseTo(Math.sqrt(32) * (100 / 255), 5);
  recheck.dispose();
});
