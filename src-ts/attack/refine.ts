// Refinement of a result: a bisection along r̂ between a point that is not fooled and the one that is.
// DeepFool overshoots the boundary on purpose; this finds how far along its direction is enough. The
// result is never larger than DeepFool's, and is again a point whose logits were seen.
import { batchDim, isStatic } from '../core/shape.ts';
import { floatTensor, intTensor } from '../core/tensor.ts';
import { InternalError } from '../core/errors.ts';
import type { Executor, Program } from '../executor/executor.ts';
import { typeOf, type Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { Expressions } from '../ops/expressions.ts';
import { buildForward } from './forward.ts';
import { normOf } from './norms.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * Halvings of [0, 1]: to a thousandth of r̂. Finer ones end within float32's rounding of the boundary,
 * where another runtime may see the other class.
 */
const HALVINGS = 10;
const SYMBOL = 'N';

/** One refined image. */
export interface Refined {
  /** The part of r̂ that is enough; 1 when none smaller was found, and then all else is DeepFool's. */
  readonly share: number;
  readonly l2: number;
  readonly linf: number;
  readonly lp: number;
  /** Its class. */
  readonly adversarial: number;
  readonly image: Float32Array;
}

/** A fooled image to refine. */
export interface Refinable {
  readonly x0: Float32Array;
  readonly x: Float32Array;
  readonly original: number;
  readonly adversarial: number;
}

/** One halving as a graph: x at the middle of (low, high), and the half that still fools. */
function buildHalving(
  model: Graph,
  options: ResolvedOptions,
): { graph: Graph; state: Record<string, string> } {
  const b = new GraphBuilder();
  const e = new Expressions(b);
  const [, ...imageShape] = typeOf(model, model.inputs[0]!.id).shape;
  if (!isStatic(imageShape)) throw new InternalError('the model has a dynamic image size');
  const images = batchDim(SYMBOL);
  const pixels = { dtype: 'float32', shape: [images, ...imageShape] } as const;
  const numbers = { dtype: 'float32', shape: [images] } as const;
  const classes = { dtype: 'int32', shape: [images] } as const;
  const x0 = b.input('x0', pixels);
  const x1 = b.input('x1', pixels);
  const best = b.input('best', pixels);
  const low = b.input('low', numbers);
  const high = b.input('high', numbers);
  const original = b.input('original', classes);
  const adversarial = b.input('adversarial', classes);

  const middle = e.mul(e.add(low, high), e.number(0.5));
  const x = e.add(x0, e.mul(e.like(middle, x0), e.sub(x1, x0)));
  const { logits } = buildForward(b, model, options, x, images);
  const predicted = e.flat(b.emit('argmax', { x: logits }, {}), images);
  const finite = e.flat(e.all(b.emit('is_finite', { x: logits }, {})), images);
  const { target } = options;
  const changed =
    target === null
      ? b.emit('not', { x: e.equal(predicted, original) }, {})
      : e.equal(predicted, e.int(target));
  const fooled = b.emit('and', { a: changed, b: finite }, {});
  const kept = e.where(e.like(fooled, x), x, best);
  const r = e.sub(kept, x0);
  const next = {
    low: e.where(fooled, low, middle),
    high: e.where(fooled, middle, high),
    best: kept,
    adversarial: e.where(fooled, predicted, adversarial),
  };
  for (const [name, id] of Object.entries(next)) b.output(`next ${name}`, id);
  b.output('l2', normOf(e, r, 2));
  b.output('linf', normOf(e, r, Infinity));
  b.output('lp', normOf(e, r, options.norm));
  const state = Object.fromEntries(Object.keys(next).map((name) => [name, `next ${name}`]));
  return { graph: b.finish(), state };
}

/** Refinement compiled for one model, one set of options and one device. */
export class Refinement {
  readonly #program: Program;
  readonly #shape: readonly number[];

  private constructor(program: Program, shape: readonly number[]) {
    this.#program = program;
    this.#shape = shape;
  }

  static async create(
    executor: Executor,
    model: Graph,
    options: ResolvedOptions,
    batch: number,
  ): Promise<Refinement> {
    const { graph, state } = buildHalving(model, options);
    const program = await executor.compile(graph, { capacity: { [SYMBOL]: batch }, state });
    const [, ...shape] = typeOf(model, model.inputs[0]!.id).shape;
    return new Refinement(program, shape as number[]);
  }

  /** Refines at most a batch of images. */
  async refine(images: readonly Refinable[]): Promise<Refined[]> {
    const count = images.length;
    if (count === 0) return [];
    const program = this.#program;
    for (const [row, { x0, x }] of images.entries()) {
      const shape = [1, ...this.#shape];
      program.write('x0', floatTensor(shape, x0), row);
      program.write('x1', floatTensor(shape, x), row);
      program.write('best', floatTensor(shape, x), row);
    }
    const ints = (of: (image: Refinable) => number): ReturnType<typeof intTensor> =>
      intTensor([count], images.map(of));
    program.write(
      'original',
      ints(({ original }) => original),
    );
    program.write(
      'adversarial',
      ints(({ adversarial }) => adversarial),
    );
    program.write('low', floatTensor([count], new Float32Array(count)));
    program.write('high', floatTensor([count], new Float32Array(count).fill(1)));
    program.setExtent(SYMBOL, count);
    program.run({ times: HALVINGS, bounds: { [SYMBOL]: count } });
    const names = ['high', 'l2', 'linf', 'lp', 'best', 'adversarial'] as const;
    const read = await program.read(names, { start: 0, end: count });
    const size = images[0]!.x0.length;
    return images.map((_, row) => ({
      share: read['high']!.data[row]!,
      l2: read['l2']!.data[row]!,
      linf: read['linf']!.data[row]!,
      lp: read['lp']!.data[row]!,
      adversarial: read['adversarial']!.data[row]!,
      image: read['best']!.data.slice(row * size, (row + 1) * size) as Float32Array,
    }));
  }

  dispose(): void {
    this.#program.dispose();
  }
}
