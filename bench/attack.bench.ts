// How many images a second does DeepFool attack, end to end, and where does a step's time go?
// `DEEPFOOL_SHARED` names a folder with models and data sets; without it the example is attacked.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DeepFoolAttack, type AttackResult } from '../src-ts/attack/deepfool.ts';
import { resolveOptions } from '../src-ts/attack/options.ts';
import type { AttackImage } from '../src-ts/attack/record.ts';
import { buildStepGraph, SYMBOLS } from '../src-ts/attack/step.ts';
import { floatTensor, type Tensor } from '../src-ts/core/tensor.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import type { Executor, Program } from '../src-ts/executor/executor.ts';
import { importOnnx, type ImportedModel } from '../src-ts/onnx/import-onnx.ts';
import { interpret } from '../test/reference/interpreter.ts';
import { runBench } from './harness.ts';
import type { Work } from './measure.ts';

const IMAGES = 256;
const BATCH = 64;
const CHECKED_IMAGES = 8;
const SAMPLES = 5;
const ROOT = join(import.meta.dirname, '..');

/** A model and the data set to attack it on. */
function chooseSubject(): { model: string; data: string } {
  const shared = process.env['DEEPFOOL_SHARED'] ?? join(ROOT, '../shared');
  const model = join(shared, 'models/lenet-mnist.onnx');
  if (existsSync(model)) return { model, data: join(shared, 'data/mnist') };
  const answer = readFileSync(join(ROOT, 'build/dataset.json'), 'utf8');
  const { fashionMnist } = JSON.parse(answer) as { fashionMnist: string };
  return { model: join(ROOT, 'examples/lenet-fashion-mnist.onnx'), data: fashionMnist };
}

async function loadImages(data: string): Promise<AttackImage[]> {
  const dataset = await openDataset(data);
  return Promise.all(Array.from({ length: IMAGES }, (_, index) => dataset.load(index)));
}

async function attackAll(attack: DeepFoolAttack, images: AttackImage[]): Promise<AttackResult[]> {
  const results = [];
  for await (const result of attack.attack(images)) results.push(result);
  return results;
}

/** Throws unless the model in plain loops gives sampled images the classes that the attack tells. */
async function check(executor: Executor, model: ImportedModel, images: AttackImage[]) {
  const attack = await DeepFoolAttack.create(executor, model, {}, { batch: BATCH, images: true });
  const results = await attackAll(attack, images.slice(0, CHECKED_IMAGES));
  attack.dispose();
  for (const { image, record, adversarial } of results) {
    const [before, after] = [image.pixels, adversarial!].map((x) => classOf(model, x));
    if (before === record.predicted && after === record.adversarial && before !== after) continue;
    throw new Error(`${image.source}: classes ${before} and ${after}, not those of the record`);
  }
}

function classOf(model: ImportedModel, pixels: Float32Array): number {
  const logits = interpret(model.graph, { image: imageBatch(model, 1, pixels) })['logits']!.data;
  return logits.indexOf(Math.max(...logits));
}

const imageBatch = ({ inputShape }: ImportedModel, count: number, pixels: Float32Array): Tensor =>
  floatTensor([count, inputShape.channels, inputShape.height, inputShape.width], pixels);

const repeat =
  (program: Program, output: string): Work =>
  async (times) => {
    program.run({ times });
    await program.read([output], { start: 0, end: 1 });
  };

/** The model alone on a full batch. */
async function forwardWork(executor: Executor, model: ImportedModel, batch: Tensor): Promise<Work> {
  const dim = model.graph.types.get(model.graph.inputs[0]!.id)!.shape[0]!;
  const symbol = typeof dim === 'number' ? 'N' : dim.symbol;
  const program = await executor.compile(model.graph, { capacity: { [symbol]: BATCH } });
  program.write('image', batch);
  program.setExtent(symbol, BATCH);
  return repeat(program, 'logits');
}

/** The first step of a full batch, again and again: without `state` a run leaves its inputs alone. */
async function stepWork(executor: Executor, model: ImportedModel, batch: Tensor): Promise<Work> {
  const { classes, inputShape } = model;
  const options = resolveOptions({}, { classes, channels: inputShape.channels });
  const { graph, state } = buildStepGraph(model.graph, options);
  const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, BATCH]));
  const program = await executor.compile(graph, { capacity });
  program.write('x0', batch);
  program.setExtent(SYMBOLS.slots, BATCH);
  return repeat(program, state['steps']!);
}

await runBench('attack', async ({ executor, measure, add }) => {
  const subject = chooseSubject();
  const name = basename(subject.model, '.onnx');
  const model = importOnnx(readFileSync(subject.model), { name });
  const images = await loadImages(subject.data);
  await check(executor, model, images);

  const attack = await DeepFoolAttack.create(executor, model, {}, { batch: BATCH });
  const records = (await attackAll(attack, images)).map(({ record }) => record);
  const all: Work = async () => {
    await attackAll(attack, images);
  };
  const [measurement] = await measure([all], { samples: SAMPLES, times: 1 });
  const fooled = records.filter(({ status }) => status === 'fooled').length;
  const steps = records.reduce((sum, record) => sum + record.steps, 0) / IMAGES;
  add({
    title: `DeepFool on ${name}, ${IMAGES} images, batch ${BATCH}`,
    unit: 'image',
    rows: [{ name: 'deepfool-webgpu', amount: IMAGES, measurement: measurement! }],
    notes: [
      `${fooled} of ${IMAGES} fooled in ${steps.toFixed(2)} steps on average; ${CHECKED_IMAGES} checked in plain loops before timing.`,
      `${((measurement!.cpu.median / IMAGES) * 1000).toFixed(2)} ms of CPU time an image.`,
      'Timed: uploads, every step, reading the records; not loading the images or compiling.',
    ],
  });

  const pixels = new Float32Array(images.slice(0, BATCH).flatMap((image) => [...image.pixels]));
  const batch = imageBatch(model, BATCH, pixels);
  const works = [await stepWork(executor, model, batch), await forwardWork(executor, model, batch)];
  const [step, forward] = await measure(works);
  const share = (100 * forward!.cpu.median) / step!.cpu.median;
  add({
    title: `First step of ${BATCH} images on ${name}`,
    unit: 'image',
    rows: [
      { name: 'whole step', amount: BATCH, measurement: step! },
      { name: 'forward alone', amount: BATCH, measurement: forward! },
    ],
    notes: [
      `Forward ${share.toFixed(0)} % of the CPU time; backward, choice of the face and update the rest.`,
    ],
  });
});
