// Fine-tuning runs as steps of an experiment. Table 3 and figures 6, 7 and 9 share them: a run is trained
// once, and the network after each of its epochs is judged once by each method. Perturbations are made once
// from the original network and shared by all α. All of it goes on where it was stopped.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attackDataset } from '../api/attack-dataset.ts';
import { finetuneModel } from '../api/finetune.ts';
import type { PerturberName } from '../api/perturbations.ts';
import { scoreModel } from '../api/score.ts';
import { checkpointOf } from '../api/train.ts';
import { replaceFile } from '../data/output-file.ts';
import { exportOnnx } from '../onnx/export/export-onnx.ts';
import { InterruptedError, type ExperimentContext } from './experiment.ts';
import type { Network } from './networks.ts';
import {
  BATCH,
  DIET_TITLES,
  EPOCHS,
  LR_FACTOR,
  MOMENTUM,
  planOf,
  SEED,
  type Diet,
  type Judge,
  type Plan,
} from './protocol.ts';
import type { Findings } from './write-result.ts';

export interface Variant {
  readonly diet: Diet;
  /** Multiplies the perturbations. Default 1. */
  readonly alpha?: number;
  /** Multiplies the learning rate. Default 0.5. */
  readonly lrFactor?: number;
}

/** A network after some extra epochs. */
export interface Point {
  readonly epoch: number;
  /** Test error in percent. */
  readonly error: number;
  /** ρ̂ as the judge finds it. */
  readonly rho: number | null;
  /** Of the images judged, how many were fooled. */
  readonly fooled: number;
}

/** A network before its extra epochs and after each. */
export interface Curve {
  readonly network: Network;
  readonly variant: Required<Variant>;
  readonly judge: Judge;
  readonly points: readonly Point[];
  /** What was said of the perturbations. */
  readonly notes: readonly string[];
}

/** A run as its step is kept; the networks are files in its folder. */
interface Run {
  /** Test errors in percent after each epoch. */
  readonly errors: readonly number[];
  readonly notes: readonly string[];
  /** Processor time in seconds. */
  readonly cpu: number;
}

/** A run and what it is known by. */
interface TrainedRun extends Run {
  readonly name: string;
  readonly settings: object;
  /** Of the networks after each epoch. */
  readonly folder: string;
  readonly variant: Required<Variant>;
}

export interface NetworkRuns {
  readonly network: Network;
  readonly plan: Plan;
  readonly curves: readonly Curve[];
}

/**
 * Trains each network further in each way, and judges it by each judge; networks that this size of run
 * leaves out are left out.
 * @throws InterruptedError when the run was stopped.
 */
export async function finetuneAll(
  context: ExperimentContext,
  variants: readonly Variant[],
  judges: readonly Judge[] = ['deepfool'],
  planFor: typeof planOf = planOf,
): Promise<NetworkRuns[]> {
  const runs: NetworkRuns[] = [];
  for (const network of context.networks) {
    const plan = planFor(network.model, context.quick);
    if (plan === null) continue;
    const curves: Curve[] = [];
    for (const variant of variants) {
      const run = await finetune(context, network, plan, variant);
      for (const judge of judges) curves.push(await judgeRun(context, network, plan, run, judge));
    }
    runs.push({ network, plan, curves });
  }
  return runs;
}

/** What results tell of the runs they are made from. */
export function describeRuns(
  runs: readonly NetworkRuns[],
): Pick<Findings, 'settings' | 'notes' | 'seeds'> {
  const [{ variant: { lrFactor } } = { variant: { lrFactor: LR_FACTOR } }] = runs.flatMap(
    ({ curves }) => curves,
  );
  return {
    settings: {
      networks: runs.map(({ network: { model } }) => model).join(', '),
      ...{ epochs: EPOCHS, batch: BATCH, optimizer: 'SGD', momentum: MOMENTUM },
      learning_rate: runs.map(({ plan }) => plan.rate * lrFactor).join(', '),
      images: runs.map(({ network, plan }) => `${network.name}: ${plan.words}`).join('; '),
    },
    notes: [...new Set(runs.flatMap(({ curves }) => curves.flatMap(notesOf)))],
    seeds: `${SEED}: the order of images, and Dropout`,
  };
}

const notesOf = ({ network, variant: { diet, alpha }, notes }: Curve): string[] =>
  notes.map((note) => `${network.name}, on ${DIET_TITLES[diet]}, α = ${alpha}: ${note}`);

/** Trains a network further, or takes what was kept of that. */
async function finetune(
  context: ExperimentContext,
  network: Network,
  plan: Plan,
  { diet, alpha = 1, lrFactor = LR_FACTOR }: Variant,
): Promise<TrainedRun> {
  const variant = { diet, alpha, lrFactor };
  const { training, scored, rate } = plan;
  const settings = {
    ...{ ...subjectOf(context, network), ...variant, rate, training, scored },
    ...{ epochs: EPOCHS, batch: BATCH, momentum: MOMENTUM, seed: SEED },
  };
  const name = nameOf(network, variant);
  const folder = await context.folder.stepFolder(name, settings);
  const run = await context.folder.step<Run>(name, settings, () =>
    train(context, network, plan, variant, folder),
  );
  return { ...run, name, settings, folder, variant };
}

/** Measures the robustness of a network before its extra epochs and after each. */
async function judgeRun(
  context: ExperimentContext,
  network: Network,
  plan: Plan,
  { errors, notes, name, settings, folder, variant }: TrainedRun,
  judge: Judge,
): Promise<Curve> {
  const original = join(context.models, `${network.model}.onnx`);
  const error = await originalError(context, network, plan, original);
  const judged = { ...subjectOf(context, network), judged: plan.judged, judge };
  const before = await judgeNetwork(context, `${network.model}-by-${judge}`, judged, original);
  const points: Point[] = [{ epoch: 0, error, ...before }];
  for (const [k, after] of errors.entries()) {
    const epoch = k + 1;
    const step = `${name}-epoch${epoch}-by-${judge}`;
    const which = { ...settings, ...judged, epoch };
    const found = await judgeNetwork(context, step, which, epochFile(folder, epoch));
    points.push({ epoch, error: after, ...found });
  }
  return { network, variant, judge, points, notes };
}

/** What the results for a network are a function of, besides their own settings. */
function subjectOf(
  { device: { info, tuning } }: ExperimentContext,
  { model, data }: Network,
): { model: string; data: string; device: string; tuning: string } {
  return { model, data, device: info.name, tuning };
}

/** `lenet-mnist-on-deepfool-alpha2` */
function nameOf({ model }: Network, { diet, alpha, lrFactor }: Required<Variant>): string {
  const slow = lrFactor === LR_FACTOR ? '' : `-lr${lrFactor}`;
  return `${model}-on-${diet}${alpha === 1 ? '' : `-alpha${alpha}`}${slow}`;
}

async function train(
  context: ExperimentContext,
  network: Network,
  { training, scored, rate }: Plan,
  { diet, alpha, lrFactor }: Required<Variant>,
  folder: string,
): Promise<Run> {
  const { models, data, device, watch } = context;
  const title = `${network.name} on ${DIET_TITLES[diet]}, α = ${alpha}, rate ${rate} · ${lrFactor}`;
  watch.onNote?.(title);
  const out = join(folder, 'network.onnx');
  const options = {
    ...{ data: join(data, network.data), range: training, testRange: scored, device, out },
    ...{ adversarial: diet, alpha, lr: rate, lrFactor, momentum: MOMENTUM, batch: BATCH },
    ...{ epochs: EPOCHS, seed: SEED, resume: existsSync(checkpointOf(out)) },
    ...(diet === 'none'
      ? {}
      : { perturbations: await perturbationsOf(context, network, diet, training) }),
  };
  const before = process.cpuUsage();
  const summary = await finetuneModel(join(models, `${network.model}.onnx`), options, {
    ...(watch.signal === undefined ? {} : { signal: watch.signal }),
    onEpoch: async ({ epoch, test }, graph) => {
      await replaceFile(epochFile(folder, epoch), [exportOnnx(graph, { name: 'classifier' })]);
      watch.onNote?.(`${title}: epoch ${epoch}, test error ${percent(test!.error)} %`);
    },
  });
  if (summary.interrupted) throw new InterruptedError();
  const { user, system } = process.cpuUsage(before);
  const errors = summary.history.map(({ test }) => percent(test!.error));
  return { errors, notes: summary.notes, cpu: (user + system) / 1e6 };
}

/** The file of a network's perturbations: the same one for every run on them. */
async function perturbationsOf(
  context: ExperimentContext,
  network: Network,
  method: PerturberName,
  training: string,
): Promise<string> {
  const settings = { ...subjectOf(context, network), method, training };
  const name = `${network.model}-${method}-perturbations`;
  return join(await context.folder.stepFolder(name, settings), 'all.perturbations');
}

/** Test error in percent of the network as it is. */
function originalError(
  context: ExperimentContext,
  network: Network,
  { scored }: Plan,
  path: string,
): Promise<number> {
  const { folder, data, device } = context;
  const settings = { ...subjectOf(context, network), scored };
  return folder.step(`${network.model}-error`, settings, async () => {
    const options = { data: join(data, network.data), range: scored, device };
    return percent((await scoreModel(path, options)).error);
  });
}

type Judgement = Pick<Point, 'rho' | 'fooled'>;

/** ρ̂ of a network by a method. */
function judgeNetwork(
  { folder, data, device, watch }: ExperimentContext,
  name: string,
  settings: { data: string; judged: string; judge: Judge },
  path: string,
): Promise<Judgement> {
  return folder.step<Judgement>(name, settings, async () => {
    watch.onNote?.(name);
    const { judged: range, judge: method } = settings;
    const run = { data: join(data, settings.data), split: 'test', range, method, device };
    const { rho_mean: rho, fooled, interrupted } = await attackDataset(path, run, watch);
    if (interrupted) throw new InterruptedError();
    return { rho, fooled };
  });
}

const epochFile = (folder: string, epoch: number): string => join(folder, `epoch-${epoch}.onnx`);

const percent = (share: number): number => Number((100 * share).toFixed(4));
