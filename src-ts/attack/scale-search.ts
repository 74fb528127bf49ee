// A search for a scale s on the ray x0 + s·(x − x0) through an adversarial image x, on the device and
// for many images at once: each run judges one scale of every image, and keeps the smallest that fools.
import { floatTensor, intTensor } from '../core/tensor.ts';
import type { Executor } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import type { ValueId } from '../graph/op-set.ts';
import type { Expressions } from '../ops/expressions.ts';
import { JudgeBuilder, JudgeProgram, type Adversarial } from './judge.ts';
import type { ResolvedOptions } from './options.ts';

/** What tells one search from another. */
export interface SearchRule {
  /** The scale to judge, from the largest that does not fool and the smallest that does (0: none). */
  readonly next: (e: Expressions, low: ValueId, high: ValueId) => ValueId;
  /** What becomes of the image at that scale before it is judged. */
  readonly place: (e: Expressions, x: ValueId) => ValueId;
}

/** A fooled image to search from. */
export interface Searched extends Adversarial {
  /** Its class. */
  readonly adversarial: number;
}

/** Where a search begins and how many scales it judges. */
export interface SearchRange {
  readonly low: number;
  readonly high: number;
  readonly runs: number;
}

/** What a search ends with. */
export interface Scaled {
  /** The smallest scale seen to fool; `high` of the range when there was none, and then x is the same. */
  readonly scale: number;
  readonly l2: number;
  readonly linf: number;
  readonly lp: number;
  /** The class of the image. */
  readonly adversarial: number;
  readonly image: Float32Array;
}

/** One run as a graph: judges a scale of each image and moves `low` or `high` there. */
function buildRun(
  model: Graph,
  options: ResolvedOptions,
  rule: SearchRule,
): { graph: Graph; state: Record<string, string> } {
  const run = new JudgeBuilder(model, options);
  const { builder, e } = run;
  const x0 = run.images('x0');
  const x1 = run.images('x1');
  const best = run.images('best');
  const low = run.list('low', 'float32');
  const high = run.list('high', 'float32');
  const original = run.list('original', 'int32');
  const adversarial = run.list('adversarial', 'int32');

  const scale = rule.next(e, low, high);
  const x = rule.place(e, e.add(x0, e.mul(e.like(scale, x0), e.sub(x1, x0))));
  const { predicted, fooled } = run.judge(x, original);
  const next = {
    low: e.where(fooled, low, scale),
    high: e.where(fooled, scale, high),
    best: e.where(e.like(fooled, x), x, best),
    adversarial: e.where(fooled, predicted, adversarial),
  };
  for (const [name, id] of Object.entries(next)) builder.output(`next ${name}`, id);
  run.measure(e.sub(next.best, x0));
  const state = Object.fromEntries(Object.keys(next).map((name) => [name, `next ${name}`]));
  return { graph: builder.finish(), state };
}

/** A search compiled for one model, one set of options and one device. */
export class ScaleSearch {
  readonly #program: JudgeProgram;

  private constructor(program: JudgeProgram) {
    this.#program = program;
  }

  static async create(
    executor: Executor,
    model: Graph,
    options: ResolvedOptions,
    batch: number,
    rule: SearchRule,
  ): Promise<ScaleSearch> {
    const run = buildRun(model, options, rule);
    return new ScaleSearch(await JudgeProgram.create(executor, model, run, batch));
  }

  /** Searches for at most a batch of images. */
  async search(
    images: readonly Searched[],
    { low, high, runs }: SearchRange,
  ): Promise<readonly Scaled[]> {
    const count = images.length;
    if (count === 0) return [];
    const program = this.#program;
    const x = images.map((image) => image.x);
    program.writeImages(
      'x0',
      images.map(({ x0 }) => x0),
    );
    program.writeImages('x1', x);
    program.writeImages('best', x);
    for (const name of ['original', 'adversarial'] as const) {
      program.writeList(
        name,
        intTensor(
          [count],
          images.map((image) => image[name]),
        ),
      );
    }
    program.writeList('low', floatTensor([count], new Float32Array(count).fill(low)));
    program.writeList('high', floatTensor([count], new Float32Array(count).fill(high)));
    const names = ['high', 'l2', 'linf', 'lp', 'best', 'adversarial'] as const;
    const read = await program.run(count, runs, names);
    const size = x[0]!.length;
    return images.map((_, row) => ({
      scale: read.high.data[row]!,
      l2: read.l2.data[row]!,
      linf: read.linf.data[row]!,
      lp: read.lp.data[row]!,
      adversarial: read.adversarial.data[row]!,
      image: read.best.data.slice(row * size, (row + 1) * size) as Float32Array,
    }));
  }

  dispose(): void {
    this.#program.dispose();
  }
}
