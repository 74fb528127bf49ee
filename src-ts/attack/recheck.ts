// Images that went through a file, judged as they came back: are they still adversarial, and how far
// are they now from the images they were made of?
import { intTensor } from '../core/tensor.ts';
import type { Executor } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import { JudgeBuilder, JudgeProgram, type Adversarial } from './judge.ts';
import { normOf } from './norms.ts';
import type { ResolvedOptions } from './options.ts';

/** What the model makes of one image. */
export interface Rechecked {
  /** Its class. */
  readonly predicted: number;
  /** Whether that is another class than the original one, or the target. */
  readonly fooled: boolean;
  /** Norms of x − x0. */
  readonly l2: number;
  readonly linf: number;
  readonly lp: number;
  /** The p-norm of x0. */
  readonly xLp: number;
}

function buildRecheck(model: Graph, options: ResolvedOptions): Graph {
  const run = new JudgeBuilder(model, options);
  const { builder, e } = run;
  const x0 = run.images('x0');
  const x = run.images('x');
  const { predicted, fooled } = run.judge(x, run.list('original', 'int32'));
  builder.output('predicted', predicted);
  builder.output('fooled', e.toInt(fooled));
  run.measure(e.sub(x, x0));
  builder.output('x_lp', normOf(e, x0, options.norm));
  return builder.finish();
}

/** The check compiled for one model, one set of options and one device. */
export class Recheck {
  /** Images judged at a time. */
  readonly batch: number;
  readonly #program: JudgeProgram;

  private constructor(program: JudgeProgram, batch: number) {
    this.#program = program;
    this.batch = batch;
  }

  static async create(
    executor: Executor,
    model: Graph,
    options: ResolvedOptions,
    batch: number,
  ): Promise<Recheck> {
    const run = { graph: buildRecheck(model, options) };
    return new Recheck(await JudgeProgram.create(executor, model, run, batch), batch);
  }

  /** Judges at most a batch of images. */
  async judge(images: readonly Adversarial[]): Promise<readonly Rechecked[]> {
    const count = images.length;
    if (count === 0) return [];
    const program = this.#program;
    program.writeImages(
      'x0',
      images.map(({ x0 }) => x0),
    );
    program.writeImages(
      'x',
      images.map(({ x }) => x),
    );
    program.writeList(
      'original',
      intTensor(
        [count],
        images.map(({ original }) => original),
      ),
    );
    const names = ['predicted', 'fooled', 'l2', 'linf', 'lp', 'x_lp'] as const;
    const read = await program.run(count, 1, names);
    return images.map((_, row) => ({
      predicted: read.predicted.data[row]!,
      fooled: read.fooled.data[row] === 1,
      l2: read.l2.data[row]!,
      linf: read.linf.data[row]!,
      lp: read.lp.data[row]!,
      xLp: read.x_lp.data[row]!,
    }));
  }

  dispose(): void {
    this.#program.dispose();
  }
}
