// What a network says at points of image space, and how it changes there.
import type { Device } from '../api/device.ts';
import { compileFitting } from '../attack/capacity.ts';
import type { AttackModel } from '../attack/deepfool.ts';
import { buildForward } from '../attack/forward.ts';
import { gradient } from '../autodiff/gradient.ts';
import { NotDifferentiableError } from '../core/errors.ts';
import { batchDim } from '../core/shape.ts';
import { floatTensor } from '../core/tensor.ts';
import type { Program } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';

/** A point of image space: pixels [C, H, W]. */
export type Point = Float32Array;

/** f(x) + ∇f(x)ᵀ(· − x) */
export interface Linearization {
  readonly at: Point;
  /** f_k(x) */
  readonly logits: readonly number[];
  /** ∇f_k(x) */
  readonly gradients: readonly Point[];
}

const SYMBOL = 'N';
const NO_NORMALIZATION = { mean: null, std: null };

/** The class of the largest logit. */
export const classOf = (logits: readonly number[]): number => logits.indexOf(Math.max(...logits));

/** A network's logits and gradients on one device. */
export class Probe {
  readonly #model: AttackModel;
  readonly #forward: Program;
  readonly #backward: Program;
  readonly #batch: number;

  private constructor(model: AttackModel, forward: Program, backward: Program, batch: number) {
    this.#model = model;
    this.#forward = forward;
    this.#backward = backward;
    this.#batch = batch;
  }

  /** Throws DeviceLimitError when not even one image fits, NotDifferentiableError as `gradient` does. */
  static async open(device: Device, model: AttackModel): Promise<Probe> {
    const compile = (graph: Graph, batch?: number): ReturnType<typeof compileFitting> =>
      compileFitting(device, { graph, symbols: [SYMBOL] }, batch);
    const { program: backward, fits } = await compile(buildGraph(model, true));
    const { program: forward } = await compile(buildGraph(model, false), fits);
    return new Probe(model, forward, backward, fits);
  }

  /** The logits at each point. */
  async logits(points: readonly Point[]): Promise<number[][]> {
    const all: number[][] = [];
    for (let start = 0; start < points.length; start += this.#batch) {
      const some = points.slice(start, start + this.#batch);
      const read = this.#run(this.#forward, some, ['logits']);
      all.push(...rowsOf((await read)['logits']!.data, some.length).map((row) => [...row]));
    }
    return all;
  }

  /** The network as linear functions around a point, of all classes. */
  async linearize(at: Point): Promise<Linearization> {
    const { classes } = this.#model;
    const gradients: Point[] = [];
    let logits: number[] = [];
    for (let start = 0; start < classes; start += this.#batch) {
      const count = Math.min(this.#batch, classes - start);
      const seeds = new Float32Array(count * classes);
      for (let k = 0; k < count; k++) seeds[k * classes + start + k] = 1;
      this.#backward.write('cotangent', floatTensor([count, classes], seeds));
      const points = Array<Point>(count).fill(at);
      const read = await this.#run(this.#backward, points, ['logits', 'gradient']);
      logits = [...rowsOf(read['logits']!.data, count)[0]!];
      gradients.push(...rowsOf(read['gradient']!.data, count));
    }
    return { at, logits, gradients };
  }

  dispose(): void {
    this.#forward.dispose();
    this.#backward.dispose();
  }

  #run(program: Program, points: readonly Point[], names: readonly string[]) {
    const { channels, height, width } = this.#model.inputShape;
    const count = points.length;
    const size = channels * height * width;
    const pixels = new Float32Array(count * size);
    for (const [k, point] of points.entries()) pixels.set(point, k * size);
    program.setExtent(SYMBOL, count);
    program.write('image', floatTensor([count, channels, height, width], pixels));
    program.run({ bounds: { [SYMBOL]: count } });
    return program.read(names, { start: 0, end: count });
  }
}

/** From `image` to `logits`; with `cotangent` [N, classes], to the `gradient` of its product with them. */
function buildGraph({ graph, inputShape, classes }: AttackModel, differentiated: boolean): Graph {
  const { channels, height, width } = inputShape;
  const images = batchDim(SYMBOL);
  const b = new GraphBuilder();
  const image = b.input('image', { dtype: 'float32', shape: [images, channels, height, width] });
  const { logits } = buildForward(b, graph, NO_NORMALIZATION, image, images);
  b.output('logits', logits);
  if (!differentiated) return b.finish();
  const cotangent = b.input('cotangent', { dtype: 'float32', shape: [images, classes] });
  const [found] = gradient(b, { seeds: [{ of: logits, cotangent }], wrt: [image] });
  if (found === null || found === undefined)
    throw new NotDifferentiableError('the logits do not depend on the image');
  b.output('gradient', found);
  return b.finish();
}

/** The rows of a batch, as copies. */
function rowsOf(data: ArrayLike<number> & { slice: unknown }, count: number): Float32Array[] {
  const size = data.length / count;
  const values = Float32Array.from(data);
  return Array.from({ length: count }, (_, k) => values.slice(k * size, (k + 1) * size));
}
