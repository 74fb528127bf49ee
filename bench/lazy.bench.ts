// How much does leaving out candidates that are estimated to be far save, and how many results does it
// change? `DEEPFOOL_SHARED` names a folder with models and data sets (default: ../shared); without it
// the example is attacked.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DeepFoolAttack, type RunSettings } from '../src-ts/attack/deepfool.ts';
import type { DeepFoolOptions } from '../src-ts/attack/options.ts';
import type { AttackImage, AttackRecord } from '../src-ts/attack/record.ts';
import { openDataset } from '../src-ts/data/dataset.ts';
import { importOnnx } from '../src-ts/onnx/import-onnx.ts';
import { runBench, type Bench } from './harness.ts';
import type { Work } from './measure.ts';

/** So much that nothing is left out. */
const NO_END = 1e9;
/** Calls of a work that are not counted: Benchmark.js is given one to warm up, and one to count by. */
const WARM_UPS = 2;
const WARM_UP_IMAGES = 2;
/** A norm that is further off than this is another result. */
const TOLERANCE = 1e-4;
const ROOT = join(import.meta.dirname, '..');
const SHARED = process.env['DEEPFOOL_SHARED'] ?? join(ROOT, '../shared');
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

interface Subject {
  readonly model: string;
  readonly data: string;
  readonly images: number;
  readonly samples: number;
  readonly slacks: readonly number[];
  readonly options: DeepFoolOptions;
}

function chooseSubjects(): Subject[] {
  const small = { images: 500, samples: 5, slacks: [1.5, 2], options: {} };
  if (!existsSync(join(SHARED, 'models'))) {
    const answer = readFileSync(join(ROOT, 'build/dataset.json'), 'utf8');
    const { fashionMnist } = JSON.parse(answer) as { fashionMnist: string };
    const model = join(ROOT, 'examples/lenet-fashion-mnist.onnx');
    return [{ ...small, model, data: fashionMnist }];
  }
  const named = (model: string, data: string): Pick<Subject, 'model' | 'data'> => ({
    model: join(SHARED, 'models', `${model}.onnx`),
    data: join(SHARED, 'data', data),
  });
  return [
    { ...small, ...named('lenet-mnist', 'mnist') },
    {
      ...named('mobilenetv2-imagenet', 'imagenet/crops'),
      // A second slack would take minutes more.
      ...{ images: 32, samples: 3, slacks: [2], options: IMAGENET },
    },
  ];
}

async function loadImages({ data, images }: Subject, channels: number): Promise<AttackImage[]> {
  const dataset = await openDataset(data);
  const all = Array.from({ length: images }, (_, i) =>
    dataset.load(i, { channels: channels as 1 }),
  );
  return Promise.all(all);
}

async function attackAll(
  attack: DeepFoolAttack,
  images: readonly AttackImage[],
): Promise<AttackRecord[]> {
  const records = [];
  for await (const { record } of attack.attack(images)) records.push(record);
  return records;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const productsPerStep = (records: readonly AttackRecord[]): number =>
  mean(records.map(({ products }) => products)) / mean(records.map(({ steps }) => steps));

const isSame = (a: AttackRecord, b: AttackRecord): boolean =>
  a.status === b.status && a.steps === b.steps && a.adversarial === b.adversarial;

/** How much larger a norm is than another; 0 where neither image was fooled. */
const excess = (a: AttackRecord, b: AttackRecord): number => (a.l2 ?? 1) / (b.l2 ?? 1) - 1;

/** What leaving out candidates changed, in a line. */
function compare(slack: number, records: AttackRecord[], whole: AttackRecord[]): string {
  const pairs = records.map((record, i) => [record, whole[i]!] as const);
  const differ = pairs.filter(([a, b]) => !isSame(a, b) || Math.abs(excess(a, b)) > TOLERANCE);
  const worst = Math.max(0, ...differ.map(([a, b]) => Math.abs(excess(a, b))));
  const larger = mean(records.map(({ l2 }) => l2 ?? 0)) / mean(whole.map(({ l2 }) => l2 ?? 0)) - 1;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return (
    `lazy ${slack}: ${productsPerStep(records).toFixed(2)} products a step instead of ` +
    `${productsPerStep(whole).toFixed(2)}; ${differ.length} of ${records.length} results differ ` +
    `(${percent(differ.length / records.length)}), by ${percent(worst)} at most; mean norm ` +
    `${larger < 0 ? '−' : '+'}${percent(Math.abs(larger))}.`
  );
}

await runBench('lazy', async ({ executor, measure, add }: Bench) => {
  for (const subject of chooseSubjects()) {
    const name = basename(subject.model, '.onnx');
    const model = importOnnx(readFileSync(subject.model), { name });
    const images = await loadImages(subject, model.inputShape.channels);
    const create = (more: DeepFoolOptions, settings: RunSettings = {}): Promise<DeepFoolAttack> =>
      DeepFoolAttack.create(executor, model, { ...subject.options, ...more }, settings);

    const whole = await create({});
    const lazy = await Promise.all(subject.slacks.map((slack) => create({ lazy: slack })));
    const few = images.slice(0, WARM_UP_IMAGES);
    const endless = await create({ lazy: NO_END });
    const [expected, came] = [await attackAll(whole, few), await attackAll(endless, few)];
    endless.dispose();
    if (JSON.stringify(came) !== JSON.stringify(expected)) {
      throw new Error(`${name}: results differ where nothing is left out`);
    }

    const found = new Map<DeepFoolAttack, AttackRecord[]>();
    const work = (attack: DeepFoolAttack): Work => {
      let calls = 0;
      return async () => {
        const some = calls++ < WARM_UPS ? few : images;
        found.set(attack, await attackAll(attack, some));
      };
    };
    const attacks = [...lazy.toReversed(), whole];
    const times = { samples: subject.samples, times: 1 };
    const measurements = await measure(attacks.map(work), times);
    const rows = attacks.map(({ options }, i) => ({
      name: options.lazy === null ? 'all candidates' : `lazy ${options.lazy}`,
      amount: images.length,
      measurement: measurements[i]!,
    }));
    add({
      title: `DeepFool on ${name}, ${images.length} images, batch ${whole.batch}`,
      unit: 'image',
      rows,
      notes: [
        ...lazy.map((each) => compare(each.options.lazy!, found.get(each)!, found.get(whole)!)),
        `Rounds of ${lazy[0]!.rounds.join(', ')} classes, otherwise of ${whole.rounds.join(', ')}; with a slack of ${NO_END} the same bits.`,
      ],
    });
    for (const attack of attacks) attack.dispose();
  }
});
