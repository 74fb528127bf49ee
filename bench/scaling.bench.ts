// What does a batch of images gain, what does a larger image cost, and how much memory do batches take?
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { randomTensor } from '../test/reference/random.ts';
import { basicResNet } from '../test/networks/residual.ts';
import { TokenNet } from '../test/networks/tokens.ts';
import { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { compileFullStep } from './full-step.ts';
import { runBench, type Bench } from './harness.ts';
import type { PeakMemory } from './peak-memory.ts';
import { attackAll, loadSubject, locateSubject } from './subjects.ts';

const BATCHES = [1, 4, 16, 64, 256];
const IMAGES = 256;
const SIZES = [32, 64, 128, 224];
const SIZE_BATCH = 4;
/** What a run may hold at its peak: so many times the planned bound, and so many bytes. */
const [ALLOWED_TIMES, ALLOWED_BYTES] = [1.2, 150e6];

async function scaleBatch({ executor, measure, add }: Bench): Promise<void> {
  const { model, images, options, name } = await loadSubject('lenet-mnist', IMAGES);
  const attacks: DeepFoolAttack[] = [];
  for (const batch of BATCHES) {
    attacks.push(await DeepFoolAttack.create(executor, model, options, { batch }));
  }
  const works = attacks.map((attack) => () => attackAll(attack, images));
  const results = [];
  for (const work of works) results.push(JSON.stringify(await work()));
  if (new Set(results).size > 1) throw new Error('results depend on the batch');
  const measurements = await measure(works, { samples: 3, times: 1, warm: true });
  const rows = measurements
    .map((measurement, i) => ({ name: `batch ${BATCHES[i]!}`, amount: IMAGES, measurement }))
    .reverse();
  const cpu = measurements.map((measurement) => measurement.cpu.median);
  const slower = (100 * (cpu.at(-1)! - Math.min(...cpu))) / cpu.at(-1)!;
  add({
    title: `DeepFool on ${name}, ${IMAGES} images, by batch`,
    unit: 'image',
    rows,
    notes: [
      `By CPU time, batch ${BATCHES.at(-1)!} attacks ${slower.toFixed(1)} % fewer images a second than the best.`,
      'Results are the same to the bit.',
    ],
  });
}

/** A residual network of four blocks with random weights, for images of one size. */
function networkFor(size: number): ImportedModel {
  const scale = { size, width: 1 / 4, depth: 1, classes: 10 };
  const net = new TokenNet(scale, { opset: 13, batchNorm: 'folded', batch: 'batch' });
  const logits = basicResNet([1, 1, 1, 1])(net);
  const bytes = net.finish(logits, 'output', ['batch', scale.classes]);
  return importOnnx(bytes, { name: `resnet ${size}` });
}

async function scaleImage({ executor, measure, add }: Bench): Promise<void> {
  const steps = [];
  for (const size of SIZES) {
    const step = await compileFullStep(executor, networkFor(size), {}, SIZE_BATCH);
    const image = randomTensor([3, size, size], size).data as Float32Array;
    step.write(Array.from({ length: SIZE_BATCH }, () => image));
    steps.push(step);
  }
  const measurements = await measure(
    steps.map((step) => step.run),
    { samples: 3, times: 2 },
  );
  add({
    title: `One step of ${SIZE_BATCH} images, residual network of 4 blocks, by size`,
    unit: 'Mpixel',
    rows: measurements.map((measurement, i) => {
      const size = SIZES[i]!;
      return { name: `${size} × ${size}`, amount: (SIZE_BATCH * size ** 2) / 1e6, measurement };
    }),
    notes: ['Random weights; every step has all images and all K − 1 = 9 gradients.'],
  });
}

function peakMemory(file: string, batch: number): PeakMemory {
  const script = join(import.meta.dirname, 'peak-memory.ts');
  const args = ['--import', './scripts/typescript.mjs', script, file, String(batch)];
  const cwd = join(import.meta.dirname, '..');
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`batch ${batch}: ${stderr.trim()}`);
  return JSON.parse(stdout) as PeakMemory;
}

function compareMemory({ addFacts }: Bench): void {
  const { file, name } = locateSubject('lenet-mnist');
  const mega = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const rows = BATCHES.map((batch) => {
    const { bound, planned, before, peak } = peakMemory(file, batch);
    const allowed = ALLOWED_TIMES * bound + ALLOWED_BYTES;
    const cells = [bound, planned, before, peak, peak - before, allowed].map(mega);
    return [`batch ${batch}`, ...cells, ((peak - before) / allowed).toFixed(2)];
  });
  addFacts({
    title: `Memory of an attack on ${name}, MB`,
    columns: ['bound', 'planned', 'before', 'peak', 'more', 'allowed', 'of allowed'],
    rows,
    notes: [
      `Allowed: ${ALLOWED_TIMES} times the bound, the most that lives at one time, and ${mega(ALLOWED_BYTES)} MB.`,
      'A process each. Before: resident after an attack with batch 1, with Node, the compiler of our sources, the',
      'driver and the kernels it has compiled; more: what the batch adds to that at its peak.',
    ],
  });
}

await runBench('scaling', async (bench) => {
  await scaleBatch(bench);
  await scaleImage(bench);
  compareMemory(bench);
});
