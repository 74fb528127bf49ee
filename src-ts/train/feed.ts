// Brings batches to a program. A data set that the device can hold is uploaded once and batches are
// gathered there by index; of a larger one each batch is uploaded when its turn comes.
import { elementCount } from '../core/shape.ts';
import { floatTensor, intTensor, tensor } from '../core/tensor.ts';
import type { Executor, Program } from '../executor/executor.ts';
import type { LabelledImages } from './labelled-images.ts';
import { BATCH, type Source, type StepGraph } from './step.ts';

/** Bytes of a data set that are worth keeping on the device. */
const MOST_RESIDENT = 2 ** 28;
/** Images uploaded at a time. */
const UPLOAD = 1024;

/** A compiled step, and the images that its batches come from. */
export class Feed {
  readonly program: Program;
  readonly #images: LabelledImages;
  readonly #resident: boolean;
  #live = 0;

  private constructor(program: Program, images: LabelledImages, resident: boolean) {
    this.program = program;
    this.#images = images;
    this.#resident = resident;
  }

  /**
   * Compiles what `build` makes of a source of images, for batches of up to `batch` of them.
   * Throws DeviceLimitError when such a batch does not fit the device.
   */
  static async create<G extends StepGraph>(
    executor: Executor,
    images: LabelledImages,
    batch: number,
    build: (source: Source) => G,
  ): Promise<{ readonly feed: Feed; readonly step: G }> {
    const { imageShape, length } = images;
    const capacity = { [BATCH]: batch };
    const bytes = 4 * length * elementCount(imageShape);
    const whole = build({ rows: length, imageShape });
    const resident =
      bytes <= MOST_RESIDENT &&
      bytes <= executor.memory(whole.graph, { capacity, state: whole.state }).bufferLimit;
    const step = resident ? whole : build({ rows: batch, imageShape });
    const program = await executor.compile(step.graph, { capacity, state: step.state });
    const feed = new Feed(program, images, resident);
    if (resident) await feed.#upload(length);
    else feed.#writeIndex(Int32Array.from({ length: batch }, (_, i) => i));
    return { feed, step };
  }

  /** Makes the images of `index` the batch of the next run. */
  async load(index: Int32Array): Promise<void> {
    if (this.#resident) this.#writeIndex(index);
    else await this.#write(index, 0);
    if (index.length !== this.#live) this.program.setExtent(BATCH, index.length);
    this.#live = index.length;
  }

  /** Writes one number. */
  set(input: string, value: number, dtype: 'float32' | 'int32' = 'float32'): void {
    this.program.write(
      input,
      dtype === 'float32' ? floatTensor([1], [value]) : intTensor([1], [value]),
    );
  }

  async #upload(length: number): Promise<void> {
    for (let start = 0; start < length; start += UPLOAD) {
      const count = Math.min(UPLOAD, length - start);
      await this.#write(
        Int32Array.from({ length: count }, (_, i) => start + i),
        start,
      );
    }
  }

  async #write(index: Int32Array, row: number): Promise<void> {
    const { pixels, labels } = await this.#images.gather(index);
    const shape = [index.length, ...this.#images.imageShape];
    this.program.write('images', tensor('float32', shape, pixels), row);
    this.program.write('labels', tensor('int32', [index.length, 1], labels), row);
  }

  #writeIndex(index: Int32Array): void {
    this.program.write('index', tensor('int32', [index.length], index));
  }
}
