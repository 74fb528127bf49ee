// Whole runs on a device: they learn, the same seed gives the same bits, also after a stop and from images
// that are uploaded batch by batch, and what diverges is stopped.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensor } from '../../src-ts/core/tensor.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { exportOnnx } from '../../src-ts/onnx/export/export-onnx.ts';
import {
  Training,
  type EpochReport,
  type Snapshot,
  type TrainingSettings,
} from '../../src-ts/train/training.ts';
import { expectClose, runOnnxruntime } from '../onnx/runtime.ts';
import { runGraph } from '../executor/run-graph.ts';
import { openFamily } from '../reference/on-device.ts';
import { randomTensor } from '../reference/random.ts';
import { CLASSES, IMAGE, SETTINGS, stripes, tinyNetwork } from './tiny.ts';

const IMAGES = { training: stripes(60, 1), test: stripes(30, 2) };
let executor: Executor;
beforeAll(async () => {
  executor = await openFamily('subgroup');
});

interface Options {
  readonly settings?: Partial<TrainingSettings>;
  readonly dropout?: number;
  readonly from?: Snapshot;
  readonly device?: Executor;
}

async function start({ settings, dropout, from, device }: Options): Promise<Training> {
  const model = { graph: tinyNetwork(dropout), classes: CLASSES };
  const all = { ...SETTINGS, ...settings };
  return Training.create(device ?? executor, model, IMAGES, all, from);
}

interface Outcome {
  readonly history: readonly EpochReport[];
  readonly tensors: Readonly<Record<string, Tensor>>;
}

async function finish(training: Training): Promise<Outcome> {
  while (!training.isDone) await training.epoch();
  const { history, tensors } = await training.snapshot();
  training.dispose();
  return { history, tensors };
}

const RANDOM: Options = {
  settings: { augmentation: { flip: true, shift: 1 }, schedule: { kind: 'cosine' } },
  dropout: 0.2,
};

describe('a run', () => {
  it('learns', async () => {
    const { history } = await finish(await start({ settings: { epochs: 6 } }));
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(history[5]!.training.loss).toBeLessThan(history[0]!.training.loss / 2);
    expect(history[5]!.test!.error).toBeLessThan(0.1);
  });

  it('learns with Adam, Dropout, augmentation and a schedule', async () => {
    const optimizer = {
      kind: 'adam',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
    } as const;
    const schedule = { kind: 'step', after: [3], factor: 0.1 } as const;
    const settings = { ...RANDOM.settings, optimizer, schedule, rate: 0.02, epochs: 4 };
    const { history } = await finish(await start({ ...RANDOM, settings }));
    expect(history.map(({ rate }) => rate)).toEqual([0.02, 0.02, 0.02, 0.002]);
    expect(history[3]!.training.loss).toBeLessThan(history[0]!.training.loss);
    expect(history[3]!.test!.error).toBeLessThan(0.4);
  });

  it.each([
    ['plain', {}],
    ['with everything random', RANDOM],
  ])('gives the same bits for the same seed, and others for another: %s', async (_, options) => {
    const first = await finish(await start(options));
    expect(await finish(await start(options))).toEqual(first);
    const other = await finish(
      await start({ ...options, settings: { ...options.settings, seed: 2 } }),
    );
    expect(other.tensors).not.toEqual(first.tensors);
  });

  it('that was stopped in an epoch goes on from its snapshot and ends with the same bits', async () => {
    const whole = await finish(await start(RANDOM));
    const stopped = await start(RANDOM);
    await stopped.epoch();
    let asked = 0;
    const signal = {
      get aborted() {
        return ++asked > 3;
      },
    } as AbortSignal;
    expect(await stopped.epoch({ signal })).toBeNull();
    const snapshot = await stopped.snapshot();
    expect(snapshot.steps).toBe(stopped.stepsPerEpoch + 3);
    stopped.dispose();
    expect(await finish(await start({ ...RANDOM, from: snapshot }))).toEqual(whole);
  });

  it('gives the same bits when batches are uploaded one by one', async () => {
    const whole = await finish(await start(RANDOM));
    const small: Executor = {
      ...executor,
      compile: (graph, options) => executor.compile(graph, options),
      memory: (graph, options) => ({ ...executor.memory(graph, options), bufferLimit: 1000 }),
    };
    expect(await finish(await start({ ...RANDOM, device: small }))).toEqual(whole);
  });

  it('tells how far it is', async () => {
    const training = await start({});
    const told: { done: number; loss: number }[] = [];
    const report = await training.epoch({ onProgress: (progress) => void told.push(progress) });
    training.dispose();
    expect(told.at(-1)).toEqual({ epoch: 1, done: 60, total: 60, ...report!.training });
  });

  it('that diverges is stopped with the step', async () => {
    const training = await start({ settings: { rate: 1e30 } });
    await expect(training.epoch()).rejects.toThrow(
      /training diverged at step [23] \(epoch 1\): the loss is not finite\n {2}use a smaller --lr/,
    );
    await expect(training.snapshot()).rejects.toThrow(/holds a number that is not finite/);
    training.dispose();
  });
});

it('a trained network gives in onnxruntime the logits that it gives here', async () => {
  const training = await start(RANDOM);
  await training.epoch();
  const graph = await training.trained();
  training.dispose();
  const image = randomTensor([7, ...IMAGE], 3);
  const own = await runGraph(executor, graph, { image });
  expectClose(own['logits']!, await runOnnxruntime(exportOnnx(graph), { image }), 1e-5);
});

describe('is refused before any work:', () => {
  it.each<[string, Partial<TrainingSettings>, string]>([
    ['no epochs', { epochs: 0 }, '--epochs: expected a whole number ≥ 1, got 0'],
    ['half a batch', { batch: 0.5 }, '--batch: expected a whole number ≥ 1, got 0.5'],
    ['a rate of 0', { rate: 0 }, '--lr: expected a number > 0, got 0'],
    [
      'a momentum of 1',
      { optimizer: { kind: 'sgd', momentum: 1, weightDecay: 0 } },
      '--momentum: expected a number from 0 to below 1, got 1',
    ],
  ])('%s', async (_, settings, message) => {
    await expect(start({ settings })).rejects.toThrow(message);
  });
});
