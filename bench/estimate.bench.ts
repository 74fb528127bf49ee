// Is the estimate of `deepfool info --estimate` right where it can be checked: on this software adapter?
// The rates of each kernel are measured first, on networks with random weights; then attacks on real
// models are estimated from their plans alone, and timed.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { estimateOn } from '../src-ts/api/estimate.ts';
import { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import type { AttackImage } from '../src-ts/attack/record.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import { measuredMachine, type MeasuredRates } from '../src-ts/executor/estimate.ts';
import type { WebGpuExecutor } from '../src-ts/executor/webgpu/index.ts';
import { importOnnx } from '../src-ts/onnx/import-onnx.ts';
import { calibrate } from './calibrate.ts';
import { runBench } from './harness.ts';
import { formatNumber } from './statistics.ts';

const SHARED = process.env['DEEPFOOL_SHARED'] ?? join(import.meta.dirname, '../../shared');
const SUBJECTS = [
  { model: 'lenet-mnist', data: 'mnist', images: 256 },
  { model: 'mobilenetv2-imagenet', data: 'imagenet/crops', images: 16 },
];

interface Outcome {
  readonly steps: number;
  /** By CPU time: what all cores would do if they were free. */
  readonly perSecond: number;
  readonly batch: number;
}

async function loadImages(data: string, count: number): Promise<AttackImage[]> {
  const dataset = await openDataset(join(SHARED, 'data', data));
  return Promise.all(Array.from({ length: count }, (_, index) => dataset.load(index)));
}

async function attackAll(attack: DeepFoolAttack, images: readonly AttackImage[]): Promise<number> {
  let steps = 0;
  for await (const { record } of attack.attack(images)) steps += record.steps;
  return steps / images.length;
}

/** Attacks images twice: once to compile what is compiled at first use, once by the clock. */
async function measureAttack(
  executor: WebGpuExecutor,
  model: ReturnType<typeof importOnnx>,
  images: readonly AttackImage[],
): Promise<Outcome> {
  const attack = await DeepFoolAttack.create(executor, model, {}, { batch: images.length / 4 });
  await attackAll(attack, images);
  const before = process.cpuUsage();
  const steps = await attackAll(attack, images);
  const { user, system } = process.cpuUsage(before);
  attack.dispose();
  const seconds = (user + system) / 1e6 / availableParallelism();
  return { steps, perSecond: images.length / seconds, batch: attack.batch };
}

async function compare(
  executor: WebGpuExecutor,
  rates: MeasuredRates,
  { model: name, data, images: count }: (typeof SUBJECTS)[number],
): Promise<(string | number)[]> {
  const file = join(SHARED, 'models', `${name}.onnx`);
  const model = importOnnx(readFileSync(file), { name });
  const outcome = await measureAttack(executor, model, await loadImages(data, count));
  const { steps, batch, perSecond } = outcome;
  const machine = { name: 'lavapipe', machine: measuredMachine(rates), assumptions: [] };
  const device = { traits: { subgroupLanes: 8 }, bufferLimit: 2 ** 27 };
  const estimate = estimateOn({ ...machine, device }, model, { batch, steps });
  const error = estimate.images_per_second / perSecond - 1;
  const cells = [count, batch, formatNumber(steps), estimate.images_per_second, perSecond];
  return [name, ...cells, `${error > 0 ? '+' : ''}${(100 * error).toFixed(0)} %`];
}

await runBench('estimate', async ({ executor, addFacts }) => {
  const found = SUBJECTS.filter(({ model }) => existsSync(join(SHARED, 'models', `${model}.onnx`)));
  if (found.length === 0) throw new Error(`no models in ${SHARED}: set DEEPFOOL_SHARED`);
  const rates = await calibrate(executor);
  const rows = [];
  for (const subject of found) rows.push(await compare(executor, rates, subject));
  addFacts({
    title: 'Images a second, estimated and measured',
    columns: ['images', 'batch', 'steps', 'estimated', 'measured', 'error'],
    rows,
    notes: [
      'Rates of each kernel come from networks with random weights, measured in this run; the estimate',
      'knows of the benched model its plan and its mean number of steps. Both by CPU time.',
    ],
  });
});
