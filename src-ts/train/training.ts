// Drives training: for each epoch an order of the images, for each step a batch and the numbers that the
// step graph asks for. Everything random is a function of the seed and of the position in the run, so
// that a run that goes on from a snapshot ends with the bits of one that was never stopped.
import { DivergenceError, InternalError, ModelError, OptionError } from '../core/errors.ts';
import { permutation, randomWord } from '../core/random.ts';
import { typeOf, type Graph } from '../graph/graph.ts';
import { allocate, type Tensor } from '../core/tensor.ts';
import type { Executor } from '../executor/executor.ts';
import { liftParameters, lowerParameters, type LiftedModel } from '../passes/lift-parameters.ts';
import type { Augmentation } from './augment.ts';
import { Evaluation, type Score } from './evaluation.ts';
import { Feed } from './feed.ts';
import type { LabelledImages } from './labelled-images.ts';
import { createOptimizer, type Optimizer, type OptimizerSettings } from './optimizer.ts';
import { rateOf, type ScheduleSettings } from './schedule.ts';
import { buildTrainingStep, SUMS, type TrainingStep } from './step.ts';

/** A classifier as training sees it: from `image` [N, C, H, W] to `logits` [N, classes]. */
export interface TrainableModel {
  readonly graph: Graph;
  readonly classes: number;
}

export interface TrainingSettings {
  readonly epochs: number;
  /** Images in a step; the last of an epoch may have fewer. */
  readonly batch: number;
  /** The learning rate that the schedule starts from. */
  readonly rate: number;
  readonly schedule: ScheduleSettings;
  readonly optimizer: OptimizerSettings;
  readonly augmentation: Augmentation;
  readonly seed: number;
}

export interface EpochReport {
  /** Counted from 1. */
  readonly epoch: number;
  readonly rate: number;
  /** Over the epoch's images as they came: augmented, and before the steps that followed. */
  readonly training: Score;
  /** After the epoch; null without test images. */
  readonly test: Score | null;
}

/** All that a run needs to go on: what is on the device, and where it is. */
export interface Snapshot {
  /** Steps done. */
  readonly steps: number;
  /** Parameters, what the optimiser keeps for them, and the sums of an unfinished epoch. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly history: readonly EpochReport[];
}

export interface TrainingWatch {
  /** Stops after the step that is being enqueued. */
  readonly signal?: AbortSignal;
  /** Images done in this epoch and the mean loss and error over them. */
  readonly onProgress?: (progress: { epoch: number; done: number; total: number } & Score) => void;
}

/** Steps between two looks at the sums. */
const LOOK_EVERY = 16;
/** Second words of the keys under which random numbers are drawn. */
const KEYS = { order: 1, step: 2 } as const;
const NOT_DIVERGED = -1;

/** A training run on a device. */
export class Training {
  readonly stepsPerEpoch: number;
  readonly #model: LiftedModel;
  readonly #settings: TrainingSettings;
  readonly #optimizer: Optimizer;
  readonly #images: LabelledImages;
  readonly #feed: Feed;
  readonly #step: TrainingStep;
  readonly #evaluation: Evaluation | null;
  readonly #history: EpochReport[];
  /** What was last written to the step's inputs of one number. */
  readonly #numbers = new Map<string, number>();
  #steps: number;

  private constructor(
    parts: {
      model: LiftedModel;
      settings: TrainingSettings;
      optimizer: Optimizer;
      images: LabelledImages;
      feed: Feed;
      step: TrainingStep;
      evaluation: Evaluation | null;
    },
    { steps, history }: Pick<Snapshot, 'steps' | 'history'>,
  ) {
    this.#model = parts.model;
    this.#settings = parts.settings;
    this.#optimizer = parts.optimizer;
    this.#images = parts.images;
    this.#feed = parts.feed;
    this.#step = parts.step;
    this.#evaluation = parts.evaluation;
    this.#steps = steps;
    this.#history = [...history];
    this.stepsPerEpoch = Math.ceil(parts.images.length / parts.settings.batch);
  }

  /**
   * Compiles a run of `model` on training images, scored on test images after each epoch, from the start
   * or from a snapshot of such a run.
   * @throws ModelError for a model that cannot be trained, NotDifferentiableError naming the node,
   * DeviceLimitError when a batch does not fit the device, OptionError for settings out of range.
   */
  static async create(
    executor: Executor,
    model: TrainableModel,
    images: { readonly training: LabelledImages; readonly test: LabelledImages | null },
    settings: TrainingSettings,
    from?: Snapshot,
  ): Promise<Training> {
    checkSettings(settings);
    const lifted = liftTrainable(model);
    const batch = Math.min(settings.batch, images.training.length);
    const optimizer = createOptimizer(settings.optimizer);
    const { feed, step } = await Feed.create(executor, images.training, batch, (source) =>
      buildTrainingStep(lifted, source, optimizer, settings.augmentation),
    );
    const evaluation =
      images.test === null
        ? null
        : await Evaluation.create(executor, lifted, images.test, settings.batch);
    const parts = { model: lifted, settings, optimizer, images: images.training, feed, step };
    const training = new Training({ ...parts, evaluation }, from ?? { steps: 0, history: [] });
    training.#writeState(from?.tensors ?? training.#initialState());
    return training;
  }

  /** Epochs done so far. */
  get history(): readonly EpochReport[] {
    return this.#history;
  }

  get isDone(): boolean {
    return this.#steps >= this.#settings.epochs * this.stepsPerEpoch;
  }

  /** Numbers in constants that are not trained. */
  get frozen(): number {
    return this.#model.frozen;
  }

  /**
   * Runs to the end of the current epoch and scores the network; null when the signal stopped it before.
   * @throws DivergenceError when a loss is not finite, naming the step.
   */
  async epoch({ signal, onProgress }: TrainingWatch = {}): Promise<EpochReport | null> {
    const { batch, epochs, schedule, seed } = this.#settings;
    const epoch = Math.floor(this.#steps / this.stepsPerEpoch);
    const rate = rateOf(schedule, this.#settings.rate, epoch, epochs);
    const total = this.#images.length;
    const order = permutation(total, [randomWord([seed, KEYS.order], epoch), 0]);
    let behind: Promise<Score | null> = Promise.resolve(null);
    const look = (done: number): Promise<void> => {
      const before = behind;
      behind = this.#look(epoch, done);
      behind.catch(() => undefined); // seen when its turn comes
      return before.then((score) => {
        if (score !== null) onProgress?.({ epoch: epoch + 1, done, total, ...score });
      });
    };
    for (let k = this.#steps % this.stepsPerEpoch; k < this.stepsPerEpoch; k++) {
      if (signal?.aborted === true) return null;
      await this.#runStep(order.subarray(k * batch, (k + 1) * batch), rate);
      const isLast = k + 1 === this.stepsPerEpoch;
      if ((k + 1) % LOOK_EVERY === 0 || isLast) await look(Math.min(total, (k + 1) * batch));
    }
    const training = (await behind)!;
    onProgress?.({ epoch: epoch + 1, done: total, total, ...training });
    const test = (await this.#evaluation?.score(await this.#readParameters())) ?? null;
    const report = { epoch: epoch + 1, rate, training, test };
    this.#history.push(report);
    this.#resetSums();
    return report;
  }

  /** The score of the network as it is on the test images; null without any. */
  async score(): Promise<Score | null> {
    return (await this.#evaluation?.score(await this.#readParameters())) ?? null;
  }

  /**
   * What the run needs to go on from here.
   * @throws DivergenceError when a parameter is not finite: such a snapshot would be of no use.
   */
  async snapshot(): Promise<Snapshot> {
    const names = [...this.#parameterNames(), ...this.#step.kept, ...SUMS];
    const tensors = await this.#feed.program.read(names);
    this.#requireFinite(tensors);
    return { steps: this.#steps, tensors, history: [...this.#history] };
  }

  /** The network with its parameters as they are now. */
  async trained(): Promise<Graph> {
    const parameters = await this.#readParameters();
    this.#requireFinite(parameters);
    return lowerParameters(this.#model.graph, parameters);
  }

  dispose(): void {
    this.#feed.program.dispose();
    this.#evaluation?.dispose();
  }

  async #runStep(index: Int32Array, rate: number): Promise<void> {
    await this.#feed.load(index);
    const { seed } = this.#settings;
    const numbers = this.#optimizer.numbers(rate, this.#steps + 1);
    for (const [name, value] of Object.entries({ ...numbers, share: 1 / index.length })) {
      this.#set(name, value);
    }
    this.#set('step', this.#steps, 'int32');
    if (this.#step.random) this.#set('seed', randomWord([seed, KEYS.step], this.#steps), 'int32');
    this.#feed.program.run();
    this.#steps++;
  }

  #set(name: string, value: number, dtype: 'float32' | 'int32' = 'float32'): void {
    if (this.#numbers.get(name) === value) return;
    this.#numbers.set(name, value);
    this.#feed.set(name, value, dtype);
  }

  /** The score over the epoch's first `done` images. */
  async #look(epoch: number, done: number): Promise<Score> {
    const { loss, wrong, diverged } = await this.#feed.program.read([...SUMS, 'diverged']);
    const at = diverged!.data[0]!;
    if (at !== NOT_DIVERGED) throw new DivergenceError(at + 1, epoch + 1);
    return { loss: loss!.data[0]! / done, error: wrong!.data[0]! / done };
  }

  #parameterNames(): string[] {
    return this.#model.parameters.map(({ name }) => name);
  }

  #readParameters(): Promise<Readonly<Record<string, Tensor>>> {
    return this.#feed.program.read(this.#parameterNames());
  }

  #initialState(): Record<string, Tensor> {
    const { graph } = this.#step;
    const state: Record<string, Tensor> = {};
    for (const { name, value } of this.#model.parameters) state[name] = value;
    for (const { name, id } of graph.inputs) {
      if (!this.#step.kept.includes(name)) continue;
      const shape = typeOf(graph, id).shape as readonly number[];
      const count = shape.reduce((product, size) => product * size, 1);
      state[name] = { dtype: 'float32', shape, data: allocate('float32', count) };
    }
    return state;
  }

  #writeState(tensors: Readonly<Record<string, Tensor>>): void {
    this.#resetSums();
    this.#feed.set('diverged', NOT_DIVERGED, 'int32');
    for (const [name, value] of Object.entries(tensors)) this.#feed.program.write(name, value);
    const missing = [...this.#parameterNames(), ...this.#step.kept].find(
      (name) => !(name in tensors),
    );
    if (missing !== undefined) throw new InternalError(`the snapshot has no "${missing}"`);
  }

  #resetSums(): void {
    this.#feed.set('loss', 0);
    this.#feed.set('wrong', 0, 'int32');
  }

  #requireFinite(tensors: Readonly<Record<string, Tensor>>): void {
    for (const [name, { data }] of Object.entries(tensors)) {
      if (data.every(Number.isFinite)) continue;
      const epoch = Math.ceil(this.#steps / this.stepsPerEpoch);
      throw new DivergenceError(this.#steps, epoch, `"${name}" holds a number that is not finite`);
    }
  }
}

function liftTrainable({ graph, classes }: TrainableModel): LiftedModel {
  if (classes < 2) {
    throw new ModelError(`training: expected a model with 2 outputs or more, got ${classes}`);
  }
  if (typeOf(graph, graph.inputs[0]!.id).shape[0] === 1) {
    throw new ModelError(
      'training: expected a model of batches, this one takes one image at a time',
    );
  }
  const lifted = liftParameters(graph);
  if (lifted.parameters.length > 0) return lifted;
  throw new ModelError('training: the model has no weights in convolutions or matrix products');
}

/** @throws OptionError naming the first setting that is out of range. */
export function checkSettings({
  epochs,
  batch,
  rate,
  augmentation,
  optimizer,
  seed,
}: TrainingSettings): void {
  const whole = (name: string, value: number, least: number): void => {
    if (Number.isInteger(value) && value >= least) return;
    throw new OptionError(`--${name}: expected a whole number ≥ ${least}, got ${value}`);
  };
  const within = (name: string, value: number, holds: boolean, range: string): void => {
    if (Number.isFinite(value) && holds) return;
    throw new OptionError(`--${name}: expected a number ${range}, got ${value}`);
  };
  whole('epochs', epochs, 1);
  whole('batch', batch, 1);
  whole('seed', seed, 0);
  whole('shift', augmentation.shift, 0);
  within('lr', rate, rate > 0, '> 0');
  const { weightDecay } = optimizer;
  within('weight-decay', weightDecay, weightDecay >= 0, '≥ 0');
  if (optimizer.kind === 'adam') return;
  const { momentum } = optimizer;
  within('momentum', momentum, momentum >= 0 && momentum < 1, 'from 0 to below 1');
}
