// The loss and error of a network on labelled images.
import type { Tensor } from '../core/tensor.ts';
import type { Executor } from '../executor/executor.ts';
import type { LiftedModel } from '../passes/lift-parameters.ts';
import { Feed } from './feed.ts';
import type { LabelledImages } from './labelled-images.ts';
import { buildEvaluation, SUMS } from './step.ts';

export interface Score {
  /** Mean over the images of −log of the probability of their label. */
  readonly loss: number;
  /** Share of images whose largest logit is not their label's. */
  readonly error: number;
}

export class Evaluation {
  readonly #feed: Feed;
  readonly #images: LabelledImages;
  readonly #batch: number;

  private constructor(feed: Feed, images: LabelledImages, batch: number) {
    this.#feed = feed;
    this.#images = images;
    this.#batch = batch;
  }

  /** Throws DeviceLimitError when a batch does not fit the device. */
  static async create(
    executor: Executor,
    model: LiftedModel,
    images: LabelledImages,
    batch: number,
  ): Promise<Evaluation> {
    const most = Math.min(batch, images.length);
    const { feed } = await Feed.create(executor, images, most, (source) =>
      buildEvaluation(model, source),
    );
    return new Evaluation(feed, images, most);
  }

  /** The score of the network with these parameters. */
  async score(parameters: Readonly<Record<string, Tensor>>): Promise<Score> {
    const { program } = this.#feed;
    for (const [name, value] of Object.entries(parameters)) program.write(name, value);
    this.#feed.set('loss', 0);
    this.#feed.set('wrong', 0, 'int32');
    const { length } = this.#images;
    for (let start = 0; start < length; start += this.#batch) {
      const count = Math.min(this.#batch, length - start);
      await this.#feed.load(Int32Array.from({ length: count }, (_, i) => start + i));
      program.run();
    }
    const { loss, wrong } = await program.read(SUMS);
    return { loss: loss!.data[0]! / length, error: wrong!.data[0]! / length };
  }

  dispose(): void {
    this.#feed.program.dispose();
  }
}
