// The attack on the device: held to the plain loops, to closed forms, and to itself in any company.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DeepFoolAttack,
  type AttackModel,
  type AttackResult,
  type RunSettings,
} from '../../src-ts/attack/deepfool.ts';
import { extentsFor } from '../../src-ts/attack/batch-size.ts';
import { resolveOptions, type DeepFoolOptions } from '../../src-ts/attack/options.ts';
import type { AttackImage } from '../../src-ts/attack/record.ts';
import { buildStepGraph } from '../../src-ts/attack/step.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { openWebGpu } from '../../src-ts/executor/webgpu/index.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { deepfool, dualNormOf, normOf } from '../reference/deepfool.ts';
import { randomTensor, seededRandom } from '../reference/random.ts';
import {
  affine,
  asClassifier,
  CHANNELS,
  convNet,
  dense,
  flatten,
  imagesOf,
  modelOf,
} from './models.ts';

const NORMS = [1, 1.5, 2, 3, Infinity];
const DEMO = join(import.meta.dirname, '../../examples/lenet-fashion-mnist.onnx');

let executor: Executor;
let tiled: Executor;
beforeAll(async () => {
  executor = await openWebGpu();
  tiled = await openWebGpu({ traits: { subgroupLanes: null } });
});
afterAll(() => {
  executor.dispose();
  tiled.dispose();
});

async function run(
  model: AttackModel,
  options: DeepFoolOptions,
  images: readonly AttackImage[],
  settings: RunSettings = {},
  on = executor,
): Promise<AttackResult[]> {
  const attack = await DeepFoolAttack.create(on, model, options, {
    images: true,
    batch: 16,
    ...settings,
  });
  const results: AttackResult[] = [];
  for await (const result of attack.attack(images)) results.push(result);
  attack.dispose();
  return results;
}

describe.each(NORMS)('for p = %f', (norm) => {
  it('does with each image what the plain loops do', async () => {
    const model = convNet(5, 11);
    const images = imagesOf(8, 12);
    const options = { norm, bounds: [-2, 3] } as const;
    const resolved = resolveOptions(options, { classes: 5, channels: CHANNELS });
    for (const { record, image, adversarial } of await run(model, options, images)) {
      const x0 = [...image.pixels];
      const expected = deepfool(asClassifier(model), x0, resolved);
      expect(record, record.source).toMatchObject({
        status: expected.status,
        predicted: expected.original,
        adversarial: expected.status === 'fooled' ? expected.adversarial : null,
        steps: expected.steps,
      });
      const apart = expected.x.map((value, j) => adversarial![j]! - value);
      expect(normOf(apart, Infinity)).toBeLessThan(2e-4);
    }
  });

  it.each([
    ['six classes', 6],
    ['one output', 1],
  ])(
    'an affine classifier with %s falls in one step at the closed-form distance',
    async (_, classes) => {
      const model = affine(classes, 21);
      const { logits, linearize } = asClassifier(model);
      const options = { norm, candidates: 'all', overshoot: 0.02 } as const;
      for (const { record, image } of await run(model, options, imagesOf(6, 22))) {
        const f = logits([...image.pixels]);
        const w = linearize([...image.pixels], [...f.keys()]);
        const own = record.predicted!;
        const distances = [...f.keys()].flatMap((k) => {
          if (classes === 1) return [Math.abs(f[0]!) / dualNormOf(w[0]!, norm)];
          const normal = w[k]!.map((g, j) => g - w[own]![j]!);
          return k === own ? [] : [(f[own]! - f[k]!) / dualNormOf(normal, norm)];
        });
        expect(record).toMatchObject({ status: 'fooled', steps: 1 });
        const moved =
          (norm === 2 ? record.l2 : norm === Infinity ? record.linf : record.lp)! / 1.02;
        expect(moved / Math.min(...distances)).toBeCloseTo(1, 4);
        expect(record.rho).toBeCloseTo((moved * 1.02) / normOf([...image.pixels], norm), 5);
      }
    },
  );
});

describe('records', () => {
  it('of fooled images describe the very image that is handed out', async () => {
    const model = convNet(5, 31);
    const { logits } = asClassifier(model);
    for (const { record, image, adversarial } of await run(model, {}, imagesOf(6, 32))) {
      const x = [...adversarial!];
      const r = x.map((value, j) => value - image.pixels[j]!);
      const f = logits(x);
      expect(record.status).toBe('fooled');
      expect(f.indexOf(Math.max(...f))).toBe(record.adversarial);
      expect(record.l2).toBeCloseTo(normOf(r, 2), 5);
      expect(record.linf).toBeCloseTo(normOf(r, Infinity), 5);
      expect([record.min, record.max]).toEqual([Math.min(...x), Math.max(...x)]);
      expect(record.error).toBeNull();
    }
  });

  it('stay inside bounds to the last bit', async () => {
    const results = await run(convNet(5, 31), { bounds: [0, 1] }, imagesOf(6, 32));
    for (const { adversarial } of results) {
      expect(Math.min(...adversarial!)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...adversarial!)).toBeLessThanOrEqual(1);
    }
  });

  it('of images that were not fooled have no norms and say why', async () => {
    const stuck = modelOf(3, (b, image) => {
      const dark = b.emit('sub', { a: flatten(b, image), b: b.scalar(2) }, {});
      return dense(b, b.emit('relu', { x: dark }, {}), 3, 41);
    });
    const [{ record: stalled }] = (await run(stuck, {}, imagesOf(1, 42))) as [AttackResult];
    expect(stalled).toMatchObject({ status: 'stalled', adversarial: null, l2: null, rho: null });
    expect(stalled.error).toBe("every candidate's gradient is zero after 0 steps");

    const options = { maxSteps: 1, overshoot: 0, norm: Infinity };
    const spent = await run(convNet(5, 61), options, imagesOf(8, 62));
    const exhausted = spent.filter(({ record }) => record.status === 'exhausted');
    expect(exhausted.length).toBeGreaterThan(0);
    for (const { record } of exhausted) {
      expect(record).toMatchObject({ steps: 1, linf: null, min: null });
      expect(record.error).toBe('the class did not change within 1 steps');
    }
  });

  it('of images with NaN say failed, and the others go on', async () => {
    const images = imagesOf(4, 52);
    images[1]!.pixels[7] = NaN;
    images[2]!.pixels[7] = Infinity;
    const results = await run(convNet(5, 51), {}, images);
    const whole = await run(convNet(5, 51), {}, [images[0]!, images[3]!]);
    const statuses = results.map(({ record }) => record.status);
    expect(statuses[1]).toBe('failed');
    expect(results[1]!.record.error).toBe('a logit or gradient is NaN or infinite at step 0');
    expect(results[1]!.record.predicted).toBeNull();
    expect([results[0]!.record, results[3]!.record]).toEqual(whole.map(({ record }) => record));
  });
});

describe('refusals', () => {
  it('an image of another size is refused by name', async () => {
    const image = { index: 0, source: 'small.png', label: null, pixels: new Float32Array(5) };
    await expect(run(convNet(5, 11), {}, [image])).rejects.toThrow(
      'small.png: the model takes 2 × 4 × 4 images, this one has 5 values',
    );
  });

  it('a model that ignores the image cannot be attacked', async () => {
    const blind = modelOf(3, (b, image) => {
      const zero = b.emit('sign', { x: flatten(b, image) }, {});
      return dense(b, zero, 3, 1);
    });
    await expect(run(blind, {}, imagesOf(1, 1))).rejects.toThrow(/do not depend on the image/);
  });
});

// ---- company -------------------------------------------------------------------------------------

/** Blobs of light on black, so that the images differ in how many steps they take. */
function blobs(count: number): AttackImage[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, index) => {
    const [x, y, width] = [28 * random(), 28 * random(), 2 + 8 * random()];
    const noise = randomTensor([784], index).data;
    const pixels = Float32Array.from({ length: 784 }, (_v, j) => {
      const far = ((j % 28) - x) ** 2 + (Math.floor(j / 28) - y) ** 2;
      return Math.min(1, Math.max(0, Math.exp(-far / width ** 2) + 0.05 * noise[j]!));
    });
    return { index, source: `blob ${index}`, label: null, pixels };
  });
}

/** The same device with a share of the buffer that the largest value of a whole step would take. */
function withBuffersOf(
  device: Executor,
  share: number,
  model: AttackModel,
  options: DeepFoolOptions,
): Executor {
  const { channels } = model.inputShape;
  const { lazy: _, ...rest } = resolveOptions(options, { classes: model.classes, channels });
  const step = buildStepGraph(model.graph, { ...rest, lazy: null });
  const whole = { capacity: extentsFor(8, step), state: step.state };
  const bufferLimit = share * device.memory(step.graph, whole).largestBuffer;
  return {
    info: device.info,
    tuning: device.tuning,
    notes: device.notes,
    compile: (graph, how) => device.compile(graph, how),
    describe: (graph, how, live) => device.describe(graph, how, live),
    memory: (graph, how) => ({ ...device.memory(graph, how), bufferLimit }),
    finish: () => device.finish(),
    dispose: () => undefined,
  };
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = seededRandom(3);
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

describe("an image's result is the same, to the last bit, in any company", () => {
  const demo = importOnnx(readFileSync(DEMO), { name: 'demo' });
  const inOrder = (results: readonly AttackResult[]): AttackResult[] =>
    [...results].sort((a, b) => a.record.index - b.record.index);

  it.each<[string, DeepFoolOptions, AttackModel, AttackImage[], () => Executor]>([
    ['p = 2', {}, demo, blobs(33), () => executor],
    ['p = ∞, inside bounds', { norm: Infinity, bounds: [0, 1] }, demo, blobs(12), () => executor],
    ['p = 2 with the kernels of GPUs', {}, convNet(5, 11), imagesOf(33, 12), () => tiled],
    ['lazily', { lazy: 1.3 }, demo, blobs(33), () => executor],
    ['lazily with the kernels of GPUs', { lazy: 1 }, convNet(9, 11), imagesOf(33, 12), () => tiled],
  ])('%s', async (_, options, model, images, on) => {
    const wide = await run(model, options, images, { batch: 32 }, on());
    expect(wide.map(({ record }) => record.index)).toEqual(images.map(({ index }) => index));
    const steps = new Set(wide.map(({ record }) => record.steps));
    expect(steps.size, 'images that take different numbers of steps').toBeGreaterThan(1);
    const sevens = await run(model, options, images, { batch: 7 }, on());
    const alone = await run(model, options, images.slice(0, 6), { batch: 1 }, on());
    const mixed = inOrder(await run(model, options, shuffled(images), { batch: 7 }, on()));
    for (const others of [sevens, mixed, alone]) {
      for (const [i, { record, adversarial }] of others.entries()) {
        expect(record).toEqual(wide[i]!.record);
        expect(adversarial).toEqual(wide[i]!.adversarial);
      }
    }
  });

  it.each([{}, { lazy: 2 }])(
    'on devices that hold fewer faces at a time, with %j',
    async (options) => {
      const wide = await run(demo, options, blobs(9), { batch: 8 });
      const tight = new Map<string, AttackResult[]>();
      for (const share of [0.6, 0.35]) {
        const smaller = withBuffersOf(executor, share, demo, options);
        const attack = await DeepFoolAttack.create(smaller, demo, options, { batch: 8 });
        tight.set(attack.rounds.join(), await run(demo, options, blobs(9), { batch: 8 }, smaller));
        expect(attack.batch).toBe(8);
        attack.dispose();
      }
      expect([...tight.keys()]).toEqual(
        'lazy' in options ? ['1,5,3', '1,3,3,2'] : ['5,4', '3,3,3'],
      );
      for (const results of tight.values()) expect(results).toEqual(wide);
    },
  );

  it('a model that takes one image at a time runs with a batch of one, to the same result', async () => {
    const images = imagesOf(4, 72);
    const single = await DeepFoolAttack.create(executor, convNet(5, 71, 1), {}, { batch: 16 });
    expect(single.batch).toBe(1);
    const records = [];
    for await (const { record } of single.attack(images)) records.push(record);
    single.dispose();
    const batched = await run(convNet(5, 71), {}, images);
    for (const [i, record] of records.entries()) {
      const { status, predicted, adversarial, steps, l2 } = batched[i]!.record;
      expect(record).toMatchObject({ status, predicted, adversarial, steps });
      expect(record.l2! / l2!).toBeCloseTo(1, 4);
    }
  });
});
