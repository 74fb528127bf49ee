// `deepfool train` and `deepfool finetune`, from a data set to a file that onnxruntime runs.
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { finetuneModel, type FinetuneSummary } from '../../src-ts/api/finetune.ts';
import { trainModel, type TrainSummary } from '../../src-ts/api/train.ts';
import { readTensorFile } from '../../src-ts/data/tensor-file.ts';
import type { Executor } from '../../src-ts/executor/executor.ts';
import { importOnnx } from '../../src-ts/onnx/import-onnx.ts';
import { idx, put, temporaryFolder } from '../data/fixtures.ts';
import { runGraph } from '../executor/run-graph.ts';
import { expectClose, runOnnxruntime } from '../onnx/runtime.ts';
import { openFamily } from '../reference/on-device.ts';
import { randomTensor, seededRandom } from '../reference/random.ts';
import { run } from './run.ts';

const folder = temporaryFolder();
const NET = 'fc500-150-10';
const SIDE = 28;
const COUNT = { train: 300, t10k: 60 };
let data = '';
let device: Executor;

/** Bars: the label says in which of ten bands an image is bright. */
async function putSplit(where: string, split: 'train' | 't10k', label = (k: number) => k % 10) {
  const random = seededRandom(split.length);
  const count = COUNT[split];
  const pixels = Array.from({ length: count * SIDE * SIDE }, (_, at) => {
    const [image, row] = [Math.floor(at / SIDE ** 2), Math.floor(at / SIDE) % SIDE];
    return Math.floor(random() * 120) + (Math.floor(row / 2.8) === image % 10 ? 130 : 0);
  });
  const labels = Array.from({ length: count }, (_, k) => label(k));
  await put(join(where, `${split}-images-idx3-ubyte`), idx([count, SIDE, SIDE], pixels));
  await put(join(where, `${split}-labels-idx1-ubyte`), idx([count], labels));
}

beforeAll(async () => {
  device = await openFamily('subgroup'); // one for all: kernels are compiled once
  data = join(folder.path, 'bars');
  await putSplit(data, 'train');
  await putSplit(data, 't10k');
});

const at = (name: string): string => join(folder.path, name);
const common = (): string[] => ['--data', data, '--batch', '20', '--lr', '0.02', '--seed', '3'];

it('trains a network that onnxruntime agrees with, and tells how', async () => {
  const out = at('trained.onnx');
  const { status, out: text } = await run(
    'train',
    NET,
    ...common(),
    '--epochs',
    '2',
    '--out',
    out,
    '--json',
  );
  expect(status).toBe(0);
  const summary = JSON.parse(text) as TrainSummary;
  expect(summary).toMatchObject({ model: NET, images: 300, test_images: 60, epochs: 2, seed: 3 });
  expect(summary.history.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(summary.before!.error).toBeGreaterThan(0.5);
  expect(summary.history[1]!.test!.error).toBeLessThan(0.1);
  const image = randomTensor([5, 1, SIDE, SIDE], 1);
  const bytes = readFileSync(out);
  const { graph } = importOnnx(bytes, { name: out });
  const own = await runGraph(device, graph, { image });
  expectClose(own['logits']!, await runOnnxruntime(bytes, { image }), 1e-5);
});

it('goes on after a stop and ends with the same bits', async () => {
  const options = { data, device, batch: 20, lr: 0.02, epochs: 2, shift: 1 };
  const whole = await trainModel(NET, { ...options, out: at('whole.onnx') });
  const out = at('parts.onnx');
  const stop = new AbortController();
  const stopped = await trainModel(
    NET,
    { ...options, out },
    {
      signal: stop.signal,
      onEpoch: () => {
        stop.abort();
      },
    },
  );
  expect(stopped).toMatchObject({ interrupted: true, checkpoint: `${out}.checkpoint` });
  expect(stopped.history).toHaveLength(1);
  const { status, err } = await run(
    ...['train', NET, '--data', data, '--batch', '20', '--lr', '0.03', '--epochs', '2'],
    ...['--shift', '1', '--out', out, '--resume'],
  );
  expect(err).toContain('is of a run with rate 0.02, this one has 0.03');
  expect(status).toBe(2);
  const resumed = await trainModel(NET, { ...options, out, resume: true });
  expect(resumed.history).toEqual(whole.history);
  expect(readFileSync(out).equals(readFileSync(at('whole.onnx')))).toBe(true);
});

describe('fine-tuning', () => {
  const model = (): string => at('trained.onnx');
  const options = () => ({ data, device, batch: 20, lr: 0.01, epochs: 1 });

  it('trains on images perturbed once, and shares them between runs', async () => {
    const out = at('robust.onnx');
    const first = await finetuneModel(model(), { ...options(), out });
    expect(first).toMatchObject({
      adversarial: 'deepfool',
      alpha: 1,
      perturbations: `${out}.perturbations`,
    });
    expect(first.fooled).toBeGreaterThan(280);
    expect(first.history[0]!.rate).toBe(0.005);
    // On perturbed images the network begins by being wrong.
    expect(first.history[0]!.training.error).toBeGreaterThan(0.1);
    const { tensors } = await readTensorFile(`${out}.perturbations`);
    expect(tensors['perturbations']!.shape).toEqual([300, 1, SIDE, SIDE]);
    let perturbed = 0;
    const shared = { perturbations: `${out}.perturbations`, alpha: 2, out: at('robust2.onnx') };
    const second = await finetuneModel(
      model(),
      { ...options(), ...shared },
      {
        onPerturbed: () => {
          perturbed++;
        },
      },
    );
    expect(perturbed).toBe(0);
    expect(second.fooled).toBe(first.fooled);
    expect(readFileSync(shared.out).equals(readFileSync(out))).toBe(false);
  });

  it('adds the ε of fast gradient sign that misleads 90 % to every image, and names it', async () => {
    const out = at('signs.onnx');
    const noted: string[] = [];
    const watch = { onNote: (note: string) => void noted.push(note) };
    const told = { ...options(), adversarial: 'fgsm' as const, out };
    const summary = await finetuneModel(model(), told, watch);
    const epsilon = Number(/^ε = (\S+) is the smallest that misleads 90 %/.exec(noted[0]!)?.[1]);
    const { tensors } = await readTensorFile(`${out}.perturbations`);
    const values = tensors['perturbations']!.data as Float32Array;
    const image = (k: number) => values.subarray(k * SIDE ** 2, (k + 1) * SIDE ** 2);
    for (let k = 0; k < 300; k++) {
      expect(image(k).reduce((most, r) => Math.max(most, Math.abs(r)), 0)).toBeCloseTo(epsilon, 4);
    }
    expect(summary.fooled).toBeGreaterThanOrEqual(270);
    expect(summary.notes.slice(0, 2)).toEqual(noted.slice(0, 2));
    const again = await finetuneModel(model(), { ...told, resume: true }, watch);
    expect(again).toMatchObject({ fooled: summary.fooled, notes: summary.notes });
  });

  it('adds the ε that is told, in the form that saturates too', async () => {
    const out = at('saturated.onnx');
    const common = { ...options(), out, epsilon: 0.05 };
    const summary = await finetuneModel(model(), { ...common, adversarial: 'fgsm-float32' });
    expect(summary.notes[0]).toMatch(/^ε = 0.05000, as told, misleads/);
    const { tensors, metadata } = await readTensorFile(`${out}.perturbations`);
    expect(metadata['method']).toBe('fgsm-float32 with ε = 0.05');
    const values = tensors['perturbations']!.data as Float32Array;
    expect(values.reduce((most, r) => Math.max(most, Math.abs(r)), 0)).toBeCloseTo(0.05, 6);
    const refused = finetuneModel(model(), { ...common, adversarial: 'deepfool' });
    await expect(refused).rejects.toThrow('--epsilon: expected --adversarial fgsm');
  });

  it('refuses perturbations of another model', async () => {
    await copyFile(at('robust.onnx'), at('other.onnx'));
    const { status, err } = await run(
      ...['finetune', at('other.onnx'), ...common(), '--out', at('x.onnx')],
      ...['--perturbations', at('robust.onnx.perturbations')],
    );
    expect(err).toContain('is of another network');
    expect(status).toBe(2);
  });

  it('trains on clean images for comparison', async () => {
    const out = at('clean.onnx');
    const { status, out: text } = await run(
      ...[
        'finetune',
        model(),
        ...common(),
        '--epochs',
        '1',
        '--adversarial',
        'none',
        '--out',
        out,
        '--json',
      ],
    );
    expect(status).toBe(0);
    const summary = JSON.parse(text) as FinetuneSummary;
    expect(summary).toMatchObject({ adversarial: 'none', fooled: null, perturbations: null });
    expect(summary.history[0]!.training.error).toBeLessThan(0.1);
    expect(existsSync(`${out}.perturbations`)).toBe(false);
  });
});

it('stops when it diverges, and names the last good checkpoint', async () => {
  const out = at('diverged.onnx');
  const options = { data, device, batch: 20, epochs: 2, out };
  const stop = new AbortController();
  await trainModel(
    NET,
    { ...options, lr: 0.02 },
    {
      signal: stop.signal,
      onEpoch: () => {
        stop.abort();
      },
    },
  );
  const good = readFileSync(`${out}.checkpoint`);
  const { status, err } = await run(
    ...[
      'train',
      NET,
      '--data',
      data,
      '--batch',
      '20',
      '--epochs',
      '2',
      '--lr',
      '1e20',
      '--out',
      out,
    ],
  );
  expect(err).toMatch(/training diverged at step \d+ \(epoch 1\): the loss is not finite/);
  expect(err).toContain(`the last good checkpoint is ${out}.checkpoint`);
  expect(status).toBe(1);
  expect(readFileSync(`${out}.checkpoint`).equals(good)).toBe(true);
});

describe('is refused before any work:', () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { status, err } = await run('train', ...args);
    expect(status).not.toBe(0);
    return err;
  };

  it('a label that the network has no class for', async () => {
    const where = at('labels');
    await putSplit(where, 'train', (k) => (k === 7 ? 12 : 0));
    const err = await refused(NET, '--data', where, '--out', at('l.onnx'));
    expect(err).toContain('train-images-idx3-ubyte[7]: expected a label from 0 to 9, got 12');
    expect(existsSync(at('l.onnx'))).toBe(false);
  });

  it('images without labels', async () => {
    const where = at('unlabelled');
    await putSplit(where, 'train');
    await rm(join(where, 'train-labels-idx1-ubyte'));
    const err = await refused(NET, '--data', where, '--out', at('u.onnx'));
    expect(err).toContain('expected a label, the data set has none for it');
  });

  it.each<[string, () => string[], string]>([
    [
      'images of another size',
      () => ['lenet-cifar10', '--out', at('a.onnx')],
      'expected images of 3 × 32 × 32',
    ],
    [
      'a network that does not exist',
      () => ['lenet', '--out', at('a.onnx')],
      'expected an ONNX file or one of fc500-150-10',
    ],
    [
      'a folder that does not exist',
      () => [NET, '--out', at('no/a.onnx')],
      'its folder does not exist',
    ],
    [
      'a file that is no .onnx',
      () => [NET, '--out', at('a.bin')],
      'expected a file name ending in .onnx',
    ],
    [
      'a negative rate',
      () => [NET, '--out', at('a.onnx'), '--lr', '-1'],
      '--lr: expected a number > 0, got -1',
    ],
    [
      'steps of another schedule',
      () => [NET, '--out', at('a.onnx'), '--lr-steps', '2'],
      'expected none with --schedule constant',
    ],
  ])('%s', async (_, args, message) => {
    expect(await refused(...args(), '--data', data)).toContain(message);
  });
});
