// How much do slots that are refilled at once gain over fixed batches of the same size? Fixed batches wait
// until the last of their images is done; what the done ones cost meanwhile depends on who wrote the loop.
import { DeepFoolAttack } from '../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../src-ts/attack/options.ts';
import type { AttackRecord } from '../src-ts/attack/record.ts';
import { compileFullStep } from './full-step.ts';
import { runBench, type Bench } from './harness.ts';
import { attackAll, loadSubject } from './subjects.ts';

const IMAGES = 256;
const BATCH = 32;
const SAMPLES = 3;

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );

/** Throws unless both ways found the same, to the bit. */
function checkSame(ours: readonly AttackRecord[], fixed: readonly AttackRecord[]): void {
  if (JSON.stringify(ours) !== JSON.stringify(fixed)) {
    throw new Error('results depend on the way images are batched');
  }
}

function histogramOf(values: readonly number[]): [value: number, count: number][] {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  return distinct.map((value) => [value, values.filter((each) => each === value).length]);
}

interface Mix {
  readonly title: string;
  readonly options: DeepFoolOptions;
}

/** Untargeted steps hardly vary; towards one class, whatever the image shows, they do. */
const MIXES: readonly Mix[] = [
  { title: 'untargeted', options: {} },
  { title: 'towards class 3', options: { target: 3 } },
];

async function compareOn({ title: mix, options: more }: Mix, bench: Bench): Promise<void> {
  const { executor, measure, add, addFacts } = bench;
  const subject = await loadSubject('lenet-mnist', IMAGES);
  const { model, images, name } = subject;
  const options = { ...subject.options, ...more };
  const attack = await DeepFoolAttack.create(executor, model, options, { batch: BATCH });
  const step = await compileFullStep(executor, model, options, BATCH);
  const batches = chunks(images, BATCH);

  const continuous = (): Promise<AttackRecord[]> => attackAll(attack, images);
  const fixed = async (): Promise<AttackRecord[]> => {
    const records = [];
    for (const batch of batches) records.push(...(await attackAll(attack, batch)));
    return records;
  };
  const records = await continuous();
  checkSame(records, await fixed());
  const steps = records.map((record) => record.steps);
  const slowest = chunks(steps, BATCH).map((some) => Math.max(...some));
  const computedOn = async (): Promise<void> => {
    for (const [i, batch] of batches.entries()) {
      step.write(batch.map(({ pixels }) => pixels));
      await step.run(slowest[i]!);
    }
  };
  await computedOn();

  const works = [continuous, computedOn, fixed];
  const measurements = await measure(works, { samples: SAMPLES, times: 1, warm: true });
  const names = ['continuous', 'fixed, done images computed on', 'fixed, done images drop out'];
  add({
    title: `DeepFool on ${name}, ${mix}, ${IMAGES} images, batch ${BATCH}`,
    unit: 'image',
    rows: measurements.map((measurement, i) => ({ name: names[i]!, amount: IMAGES, measurement })),
    notes: [
      'Results of all ways are the same to the bit.',
      'Computed on: as many full steps a batch as its slowest image takes, without a look at the last point.',
      'Dropping out is our own loop, given one batch at a time: its steps cost what their live images cost.',
    ],
  });
  const mean = steps.reduce((sum, count) => sum + count, 0) / steps.length;
  const waits = slowest.reduce((sum, count) => sum + count, 0) / slowest.length;
  addFacts({
    title: `steps of an image, ${mix}`,
    columns: ['images'],
    rows: histogramOf(steps).map(([count, number]) => [String(count), String(number)]),
    notes: [
      `${mean.toFixed(2)} steps on average; the slowest image of a batch takes ${waits.toFixed(2)} on average.`,
    ],
  });
  attack.dispose();
  step.dispose();
}

await runBench('batching', async (bench) => {
  for (const mix of MIXES) await compareOn(mix, bench);
});
