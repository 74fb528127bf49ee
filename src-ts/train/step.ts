// One training step as a graph: a batch of images through the network, the loss, its gradient by every
// parameter, and the optimiser's update. Parameters and what the optimiser keeps for them are inputs that
// the step replaces by its outputs, so that the loop around it only runs it again.
import { gradient } from '../autodiff/gradient.ts';
import { ModelError } from '../core/errors.ts';
import { batchDim } from '../core/shape.ts';
import { outputNamed, type Graph, type Node } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from '../ops/expressions.ts';
import type { LiftedModel } from '../passes/lift-parameters.ts';
import { augment, type Augmentation } from './augment.ts';
import { softmaxCrossEntropy, type Loss } from './loss.ts';
import type { Optimizer } from './optimizer.ts';

/** The live count of a batch. */
export const BATCH = 'N';

/** Where a batch comes from: `rows` images on the device, of which it is those that `index` names. */
export interface Source {
  readonly rows: number;
  readonly imageShape: readonly [channels: number, height: number, width: number];
}

export interface StepGraph {
  readonly graph: Graph;
  /** Inputs that each run replaces, by the output they take. */
  readonly state: Readonly<Record<string, string>>;
}

export interface TrainingStep extends StepGraph {
  /** Of each parameter: the inputs that hold what the optimiser keeps for it. */
  readonly kept: readonly string[];
  /** Whether the step has an input `seed`. */
  readonly random: boolean;
}

/** Sums over the batches run so far. */
export const SUMS = ['loss', 'wrong'] as const;

/** `velocity of fc1.weight` */
export function keptName(kept: string, parameter: string): string {
  return `${kept} of ${parameter}`;
}

/** The network's loss on batches, summed up over runs: inputs `loss` [1] and `wrong` [1]. */
export function buildEvaluation({ graph, parameters }: LiftedModel, source: Source): StepGraph {
  const step = new StepBuilder(source);
  const ids = step.parameters(parameters);
  const { loss } = step.forward(graph, ids, step.images);
  step.sumUp(loss);
  return step.finish();
}

/**
 * The training step of a model. Besides the state its inputs are `images`, `labels`, `index`, `share`
 * (1 / images in the batch), `step` and `seed` (int32 [1]), and the optimiser's numbers; the state
 * `diverged` is the first step whose loss was not finite, or −1.
 */
export function buildTrainingStep(
  { graph, parameters }: LiftedModel,
  source: Source,
  optimizer: Optimizer,
  augmentation: Augmentation,
): TrainingStep {
  const step = new StepBuilder(source);
  const { e, b } = step;
  const isDropping = graph.nodes.some(({ kind }) => kind === 'dropout');
  const random = isDropping || augmentation.flip || augmentation.shift > 0;
  const seed = random ? b.input('seed', { dtype: 'int32', shape: [1] }) : null;
  const ids = step.parameters(parameters);
  const images = seed === null ? step.images : augment(e, step.images, seed, augmentation);
  const { logits, loss } = step.forward(graph, ids, images, seed);
  step.sumUp(loss);
  step.noteDivergence(loss);

  const wrt = parameters.map(({ name }) => ids[name]!);
  const gradients = gradient(b, { seeds: [{ of: logits, cotangent: loss.cotangent }], wrt });
  const numbers = Object.fromEntries(
    Object.keys(optimizer.numbers(0, 1)).map((name) => [name, step.number(name)]),
  );
  const kept: string[] = [];
  for (const [k, { name, value }] of parameters.entries()) {
    const found = gradients[k];
    if (found === null || found === undefined) {
      throw new ModelError(`"${name}" cannot be trained: the logits have no gradient by it`);
    }
    const type = { dtype: 'float32', shape: value.shape } as const;
    const own = optimizer.keeps.map((each) => [each, b.input(keptName(each, name), type)] as const);
    const at = { w: ids[name]!, gradient: found, kept: Object.fromEntries(own), numbers };
    const next = optimizer.update(e, at);
    step.replace(name, next.w);
    for (const [each] of own) {
      step.replace(keptName(each, name), next.kept[each]!);
      kept.push(keptName(each, name));
    }
  }
  return { ...step.finish(), kept, random };
}

class StepBuilder {
  readonly b = new GraphBuilder();
  readonly e = new Expressions(this.b);
  readonly images: ValueId;
  readonly #labels: ValueId;
  readonly #share: ValueId;
  readonly #state: Record<string, string> = {};

  constructor({ rows, imageShape }: Source) {
    const images = this.b.input('images', { dtype: 'float32', shape: [rows, ...imageShape] });
    const labels = this.b.input('labels', { dtype: 'int32', shape: [rows, 1] });
    const index = this.b.input('index', { dtype: 'int32', shape: [batchDim(BATCH)] });
    this.images = this.e.rows(images, index);
    this.#labels = this.e.rows(labels, index);
    this.#share = this.number('share');
  }

  /** An input of one float32. */
  number(name: string): ValueId {
    return this.b.input(name, { dtype: 'float32', shape: [1] });
  }

  parameters(parameters: LiftedModel['parameters']): Readonly<Record<string, ValueId>> {
    const entries = parameters.map(({ name, value: { dtype, shape } }) => [
      name,
      this.b.input(name, { dtype, shape }),
    ]);
    return Object.fromEntries(entries) as Record<string, ValueId>;
  }

  /** Appends the network, values dropped at random where it says so and a seed is given. */
  forward(
    graph: Graph,
    parameters: Readonly<Record<string, ValueId>>,
    images: ValueId,
    seed: ValueId | null = null,
  ): { logits: ValueId; loss: Loss } {
    let dropouts = 0;
    const replace = (node: Node, moved: (id: ValueId) => ValueId): ValueId | null => {
      if (node.kind !== 'dropout') return null;
      const x = moved(node.inputs.x);
      return seed === null ? x : this.#dropped(x, node.attrs.ratio, seed, dropouts++);
    };
    const moved = this.b.inline(graph, { ...parameters, image: images }, replace);
    const logits = moved.get(outputNamed(graph, 'logits'))!;
    return { logits, loss: softmaxCrossEntropy(this.e, logits, this.#labels, this.#share) };
  }

  /** Adds the batch's loss and errors to the states `loss` and `wrong`. */
  sumUp({ each, wrong }: Loss): void {
    for (const [name, list] of [
      ['loss', each],
      ['wrong', wrong],
    ] as const) {
      const { dtype } = this.b.typeOf(list);
      const before = this.b.input(name, { dtype, shape: [1] });
      const sum = this.b.emit('reduce_sum', { x: list }, { axes: [0] });
      this.replace(name, this.e.add(before, this.e.flat(sum, 1)));
    }
  }

  /** Keeps in `diverged` the first value of `step` with a loss that is not finite. */
  noteDivergence({ each }: Loss): void {
    const { e, b } = this;
    const one = { dtype: 'int32', shape: [1] } as const;
    const [step, before] = [b.input('step', one), b.input('diverged', one)];
    const total = e.flat(b.emit('reduce_sum', { x: each }, { axes: [0] }), 1);
    const now = e.where(b.emit('is_finite', { x: total }, {}), e.int(-1), step);
    this.replace('diverged', e.where(e.less(before, e.int(0)), now, before));
  }

  replace(input: string, next: ValueId): void {
    const output = `next ${input}`;
    this.b.output(output, next);
    this.#state[input] = output;
  }

  finish(): StepGraph {
    return { graph: this.b.finish(), state: this.#state };
  }

  /** x with each value 0 with probability `ratio`, and the others scaled so that the mean stays. */
  #dropped(x: ValueId, ratio: number, seed: ValueId, position: number): ValueId {
    const { e, b } = this;
    const { shape } = b.typeOf(x);
    const uniform = b.emit('random_uniform', { seed }, { shape, salt: FIRST_DROPOUT + position });
    const isDropped = e.less(uniform, e.number(ratio));
    return e.mul(x, e.where(isDropped, e.number(0), e.number(1 / (1 - ratio))));
  }
}

const FIRST_DROPOUT = 16; // salts below it are the augmentation's
