// A training run as `deepfool train` makes it: a network, labelled images, checkpoints as it goes, and in
// the end an ONNX file.
import { existsSync } from 'node:fs';
import { DivergenceError, ModelError, OptionError } from '../core/errors.ts';
import { openDataset } from '../data/dataset.ts';
import { replaceFile, requireWritable } from '../data/output-file.ts';
import { parseRange } from '../data/range.ts';
import type { Dataset } from '../data/sample.ts';
import type { Graph } from '../graph/graph.ts';
import { buildNetwork, isNetworkName, NETWORKS } from '../networks/index.ts';
import { exportOnnx } from '../onnx/export/export-onnx.ts';
import { readCheckpoint, writeCheckpoint, type RunIdentity } from '../train/checkpoint.ts';
import type { LabelledImages } from '../train/labelled-images.ts';
import type { OptimizerSettings } from '../train/optimizer.ts';
import type { ScheduleSettings } from '../train/schedule.ts';
import type { Score } from '../train/evaluation.ts';
import {
  checkSettings,
  Training,
  type EpochReport,
  type TrainingSettings,
  type TrainingWatch,
} from '../train/training.ts';
import { openDevice, type Device } from './device.ts';
import { probeImage, type InputShape, type ReadOptions } from './images.ts';
import { matchModel, requireFit } from './match-model.ts';
import { readModel } from './model.ts';
import { openLabelledImages } from './training-images.ts';

/** What any kind of training is told. */
export interface TrainingOptions extends ReadOptions {
  /** Path of the data set. Its split `train` is trained on; `test` or `val`, if there, is scored. */
  readonly data: string;
  /** Which images of the test split are scored, as `range` has it. Default: all. */
  readonly testRange?: string;
  /** The ONNX file to write, after every epoch; the checkpoint lies beside it. */
  readonly out: string;
  /** Default 10. */
  readonly epochs?: number;
  /** Images in a step. Default 64. */
  readonly batch?: number;
  /** Learning rate. Default 0.01, for Adam 0.001. */
  readonly lr?: number;
  readonly optimizer?: 'sgd' | 'adam';
  /** Of SGD. Default 0.9. */
  readonly momentum?: number;
  /** Default 0. */
  readonly weightDecay?: number;
  /** Default `constant`. */
  readonly schedule?: ScheduleSettings['kind'];
  /** Epochs after which the schedule `step` multiplies the rate by `lrDecay`. */
  readonly lrSteps?: readonly number[];
  /** Default 0.1. */
  readonly lrDecay?: number;
  /** Mirrors images at random. Default false. */
  readonly flip?: boolean;
  /** Moves images by up to so many pixels at random. Default 0. */
  readonly shift?: number;
  /** What everything random is a function of. Default 0. */
  readonly seed?: number;
  /** Goes on from the checkpoint beside `out`, if there is one. */
  readonly resume?: boolean;
  readonly device?: Device | string;
}

export interface TrainingProgress extends Score {
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Images of this epoch. */
  readonly done: number;
  readonly total: number;
}

/** What a caller may want to see, or do, while a run goes on. */
export interface TrainWatch {
  /** Stops the run after a step; its checkpoint is written. */
  readonly signal?: AbortSignal;
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /**
   * After each epoch, with the network as it is then, and before the checkpoint: what is kept of an epoch
   * here is there when a run that was stopped goes on.
   */
  readonly onEpoch?: (report: EpochReport, network: Graph) => Promise<void> | void;
}

export interface TrainSummary {
  readonly model: string;
  readonly data: string;
  readonly images: number;
  readonly test_images: number;
  readonly epochs: number;
  readonly steps_per_epoch: number;
  /** Loss and error on the test images before the first epoch; null without them, and when resumed. */
  readonly before: Score | null;
  readonly history: readonly EpochReport[];
  readonly seed: number;
  readonly device: string;
  /** Name and hash of the table that kernel variants came from. */
  readonly tuning: string;
  readonly seconds: number;
  readonly out: string;
  readonly checkpoint: string;
  readonly interrupted: boolean;
  readonly notes: readonly string[];
}

/** A classifier and what it was called. */
export interface TrainingModel {
  readonly name: string;
  readonly graph: Graph;
  readonly classes: number;
  readonly inputShape: InputShape;
  readonly notes: readonly string[];
}

/**
 * Trains one of the built-in networks from random weights, or the model of an ONNX file from its own.
 * All that can be wrong with options, model, data and files is said before the first step.
 * @throws OptionError, DataError, ImageError, ModelError, OutputError, DeviceError, DeviceLimitError;
 * DivergenceError naming the step, and the checkpoint from before.
 */
export async function trainModel(
  source: string | Uint8Array,
  options: TrainingOptions,
  watch: TrainWatch = {},
): Promise<TrainSummary> {
  const settings = trainingSettings(options);
  await requireOutputs(options.out);
  const sets = await openSets(options.data);
  const model = await openTrainingModel(source, sets.training, options);
  const images = await openImages(sets, model, options);
  const identity = {
    ...settings,
    ...describeSource(model, options),
    images: images.training.length,
  };
  return runTraining({ model, images, settings, options, identity }, watch);
}

/** A run that is ready to start. */
export interface TrainingRun {
  readonly model: TrainingModel;
  readonly images: { readonly training: LabelledImages; readonly test: LabelledImages | null };
  readonly settings: TrainingSettings;
  readonly options: Pick<TrainingOptions, 'data' | 'out' | 'resume' | 'device'>;
  /** What a checkpoint must have been started with. */
  readonly identity: RunIdentity;
}

export function checkpointOf(out: string): string {
  return `${out}.checkpoint`;
}

/** Runs the epochs that are left, writing the network and the checkpoint after each. */
export async function runTraining(run: TrainingRun, watch: TrainWatch): Promise<TrainSummary> {
  const { model, images, settings, options, identity } = run;
  const path = checkpointOf(options.out);
  const isResumed = options.resume === true && existsSync(path);
  const from = isResumed ? await readCheckpoint(path, identity) : undefined;
  if (options.resume === true && !isResumed)
    watch.onNote?.(`${path}: no checkpoint, starts afresh`);
  const { device = 'auto' } = options;
  const executor = typeof device === 'string' ? await openDevice(device) : device;
  try {
    const startedAt = performance.now();
    const training = await Training.create(executor, model, images, settings, from);
    try {
      const notes = [...model.notes, ...frozenNote(training.frozen)];
      for (const note of notes) watch.onNote?.(note);
      const before = isResumed ? null : await training.score();
      const save = (): Promise<void> => saveRun(training, run, path);
      const interrupted = !(await runEpochs(training, settings, save, path, watch));
      return {
        model: model.name,
        data: options.data,
        images: images.training.length,
        test_images: images.test?.length ?? 0,
        epochs: settings.epochs,
        steps_per_epoch: training.stepsPerEpoch,
        before,
        history: training.history,
        seed: settings.seed,
        device: `${executor.info.name}${executor.info.software ? ' (software)' : ''}`,
        tuning: executor.tuning,
        seconds: (performance.now() - startedAt) / 1000,
        out: options.out,
        checkpoint: path,
        interrupted,
        notes,
      };
    } finally {
      training.dispose();
    }
  } finally {
    if (typeof device === 'string') executor.dispose();
  }
}

/** Whether all epochs were run. */
async function runEpochs(
  training: Training,
  { epochs }: TrainingSettings,
  save: () => Promise<void>,
  path: string,
  { signal, onProgress, onEpoch }: TrainWatch,
): Promise<boolean> {
  const watch: TrainingWatch = {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (progress) => onProgress?.({ ...progress, epochs }),
  };
  try {
    while (!training.isDone) {
      const report = await training.epoch(watch);
      if (report !== null) await onEpoch?.(report, await training.trained());
      await save();
      if (report === null) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof DivergenceError && existsSync(path)) {
      error.message += `\n  the last good checkpoint is ${path}`;
    }
    throw error;
  }
}

async function saveRun(training: Training, run: TrainingRun, path: string): Promise<void> {
  const snapshot = await training.snapshot();
  const network = await training.trained();
  await writeCheckpoint(path, snapshot, run.identity);
  await replaceFile(run.options.out, [exportOnnx(network, { name: 'classifier' })]);
}

function frozenNote(frozen: number): string[] {
  if (frozen === 0) return [];
  return [`${frozen} numbers are no weights of convolutions or products, and stay as they are`];
}

/** Settings with every default filled in; throws OptionError for one that is out of range. */
export function trainingSettings(options: Omit<TrainingOptions, 'data' | 'out'>): TrainingSettings {
  const { epochs = 10, batch = 64, optimizer = 'sgd', momentum, weightDecay = 0 } = options;
  const { flip = false, shift = 0, seed = 0 } = options;
  if (optimizer === 'adam' && momentum !== undefined) {
    throw new OptionError('--momentum: expected none with --optimizer adam, which has its own');
  }
  const update: OptimizerSettings =
    optimizer === 'sgd'
      ? { kind: 'sgd', momentum: momentum ?? 0.9, weightDecay }
      : { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay };
  const settings: TrainingSettings = {
    epochs,
    batch,
    rate: options.lr ?? (optimizer === 'sgd' ? 0.01 : 0.001),
    schedule: scheduleOf(options),
    optimizer: update,
    augmentation: { flip, shift },
    seed,
  };
  checkSettings(settings);
  return settings;
}

function scheduleOf({
  schedule = 'constant',
  lrSteps,
  lrDecay,
}: Omit<TrainingOptions, 'data' | 'out'>): ScheduleSettings {
  if (schedule === 'step') {
    if (lrSteps === undefined) {
      throw new OptionError('--lr-steps: expected epochs, as in 10,20, with --schedule step');
    }
    return { kind: 'step', after: lrSteps, factor: lrDecay ?? 0.1 };
  }
  if (lrSteps === undefined && lrDecay === undefined) return { kind: schedule };
  throw new OptionError(`--lr-steps, --lr-decay: expected none with --schedule ${schedule}`);
}

export async function requireOutputs(out: string): Promise<void> {
  if (!out.toLowerCase().endsWith('.onnx')) {
    throw new OptionError(`--out: expected a file name ending in .onnx, got "${out}"`);
  }
  await requireWritable(out);
}

export interface DatasetPair {
  readonly training: Dataset;
  readonly test: Dataset | null;
}

/** The split to train on and the one to score; a data set without splits is only trained on. */
export async function openSets(path: string): Promise<DatasetPair> {
  const scored = await openDataset(path);
  if (scored.split === null) return { training: scored, test: null };
  const training = await openDataset(path, { split: 'train' });
  return { training, test: scored.split === 'train' ? null : scored };
}

export async function openImages(
  { training, test }: DatasetPair,
  model: TrainingModel,
  options: ReadOptions & Pick<TrainingOptions, 'testRange'>,
): Promise<TrainingRun['images']> {
  const scored = { ...options, range: options.testRange ?? ':' };
  if (test !== null) parseRange(scored.range, test.length, 'test range');
  return {
    training: await openLabelledImages(training, model, options),
    test: test === null ? null : await openLabelledImages(test, model, scored),
  };
}

/** A built-in network by its name, or the model of a file, for the images of a data set. */
export async function openTrainingModel(
  source: string | Uint8Array,
  dataset: Dataset,
  options: ReadOptions & { readonly seed?: number },
): Promise<TrainingModel> {
  if (typeof source === 'string' && isNetworkName(source)) {
    const { image, classes } = NETWORKS[source];
    const [channels, height, width] = image;
    const described = { name: source, inputShape: { channels, height, width } };
    requireFit(described, dataset, await probeImage(dataset, options));
    return { ...described, classes, graph: buildNetwork(source, options.seed), notes: [] };
  }
  if (typeof source === 'string' && !existsSync(source)) {
    const names = Object.keys(NETWORKS).join(', ');
    throw new ModelError(
      `${source}: expected an ONNX file or one of ${names}; there is no such file`,
    );
  }
  const file = await readModel(source);
  return (await matchModel(file, dataset, { ...options, keepsDropout: true })).model;
}

/** What, besides the settings, makes two runs the same one. */
export function describeSource(
  { name }: TrainingModel,
  { data, range = ':', testRange = ':', resize, crop }: TrainingOptions,
): RunIdentity {
  return { model: name, data, range, testRange, resize: resize ?? null, crop: crop ?? null };
}
