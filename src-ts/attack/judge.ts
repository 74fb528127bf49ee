// Images given to the model once more: what it takes them for, and whether that counts as fooled.
import { batchDim, isStatic, type BatchDim, type Dtype } from '../core/shape.ts';
import { InternalError } from '../core/errors.ts';
import { floatTensor, type Tensor } from '../core/tensor.ts';
import type { Executor, Program } from '../executor/executor.ts';
import { typeOf, type Graph } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from '../ops/expressions.ts';
import { buildForward } from './forward.ts';
import { normOf } from './norms.ts';
import type { ResolvedOptions } from './options.ts';

const SYMBOL = 'N';

/** An image, what was made of it, and the class it had. */
export interface Adversarial {
  readonly x0: Float32Array;
  readonly x: Float32Array;
  readonly original: number;
}

/** A graph under construction over a batch of images and lists with a number for each. */
export class JudgeBuilder {
  readonly builder = new GraphBuilder();
  readonly e = new Expressions(this.builder);
  readonly #images: BatchDim = batchDim(SYMBOL);
  readonly #imageShape: readonly number[];
  readonly #model: Graph;
  readonly #options: ResolvedOptions;

  constructor(model: Graph, options: ResolvedOptions) {
    this.#imageShape = imageShapeOf(model);
    this.#model = model;
    this.#options = options;
  }

  images(name: string): ValueId {
    const shape = [this.#images, ...this.#imageShape];
    return this.builder.input(name, { dtype: 'float32', shape });
  }

  list(name: string, dtype: Dtype): ValueId {
    return this.builder.input(name, { dtype, shape: [this.#images] });
  }

  /** The class of each image, and whether it is another than `original`, or the target. */
  judge(x: ValueId, original: ValueId): { readonly predicted: ValueId; readonly fooled: ValueId } {
    const { builder: b, e } = this;
    const { target } = this.#options;
    const { logits } = buildForward(b, this.#model, this.#options, x, this.#images);
    const predicted = e.flat(b.emit('argmax', { x: logits }, {}), this.#images);
    const finite = e.flat(e.all(b.emit('is_finite', { x: logits }, {})), this.#images);
    const changed =
      target === null
        ? b.emit('not', { x: e.equal(predicted, original) }, {})
        : e.equal(predicted, e.int(target));
    return { predicted, fooled: b.emit('and', { a: changed, b: finite }, {}) };
  }

  /** Adds the norms of a perturbation to the outputs. */
  measure(r: ValueId): void {
    this.builder.output('l2', normOf(this.e, r, 2));
    this.builder.output('linf', normOf(this.e, r, Infinity));
    this.builder.output('lp', normOf(this.e, r, this.#options.norm));
  }
}

/** A judging graph on a device. */
export class JudgeProgram {
  readonly #program: Program;
  readonly #shape: readonly number[];

  private constructor(program: Program, shape: readonly number[]) {
    this.#program = program;
    this.#shape = shape;
  }

  /** Compiles for at most `batch` images of the model. */
  static async create(
    executor: Executor,
    model: Graph,
    { graph, state = {} }: { readonly graph: Graph; readonly state?: Record<string, string> },
    batch: number,
  ): Promise<JudgeProgram> {
    const program = await executor.compile(graph, { capacity: { [SYMBOL]: batch }, state });
    return new JudgeProgram(program, imageShapeOf(model));
  }

  /** Uploads images, a row each. */
  writeImages(name: string, images: readonly Float32Array[]): void {
    for (const [row, pixels] of images.entries()) {
      this.#program.write(name, floatTensor([1, ...this.#shape], pixels), row);
    }
  }

  writeList(name: string, list: Tensor): void {
    this.#program.write(name, list);
  }

  /** Runs on the first `count` images, `times` over, and reads. */
  run<Name extends string>(
    count: number,
    times: number,
    names: readonly Name[],
  ): Promise<Readonly<Record<Name, Tensor>>> {
    this.#program.setExtent(SYMBOL, count);
    this.#program.run({ times, bounds: { [SYMBOL]: count } });
    return this.#program.read(names, { start: 0, end: count });
  }

  dispose(): void {
    this.#program.dispose();
  }
}

function imageShapeOf(model: Graph): readonly number[] {
  const [, ...shape] = typeOf(model, model.inputs[0]!.id).shape;
  if (!isStatic(shape)) throw new InternalError('the model has a dynamic image size');
  return shape;
}
