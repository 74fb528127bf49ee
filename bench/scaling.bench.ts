// What does a batch of images gain, and what does a larger image cost?
import { randomTensor } from '../test/reference/random.ts';
import { basicResNet } from '../test/networks/residual.ts';
import { TokenNet } from '../test/networks/tokens.ts';
import { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { compileFullStep } from './full-step.ts';
import { runBench, type Bench } from './harness.ts';
import { attackAll, loadSubject } from './subjects.ts';

const BATCHES = [1, 4, 16, 64, 256];
const IMAGES = 256;
const SIZES = [32, 64, 128, 224];
const SIZE_BATCH = 4;

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
    { samples: 4, times: 4 },
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

await runBench('scaling', async (bench) => {
  await scaleBatch(bench);
  await scaleImage(bench);
});
