// Runs DeepFool over a stream of images (`slot-stream.ts`): what is written into a slot, which few
// numbers a slot are read behind a step, and what a record is made of.
import { ModelError, OptionError, ShapeError } from '../core/errors.ts';
import { floatTensor, intTensor, type Tensor } from '../core/tensor.ts';
import type { Executor, Program } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import { compileLargest, extentsFor, type Compiled } from './batch-size.ts';
import { resolveOptions, type DeepFoolOptions, type ResolvedOptions } from './options.ts';
import { Quantization } from './quantize.ts';
import {
  recordOf,
  type Afterwards,
  type AttackImage,
  type AttackRecord,
  type ImageReading,
} from './record.ts';
import { Refinement } from './refine.ts';
import { handled, streamThroughSlots } from './slot-stream.ts';
import type { Occupant } from './slots.ts';
import { STATUSES, SYMBOLS, type StepGraph } from './step.ts';

/** A classifier as attacks see it. */
export interface AttackModel {
  /** From `image` [N, C, H, W] to `logits` [N, classes]. */
  readonly graph: Graph;
  readonly inputShape: {
    readonly channels: number;
    readonly height: number;
    readonly width: number;
  };
  /** Outputs of the model; 1 for a binary classifier. */
  readonly classes: number;
}

export interface AttackResult {
  readonly record: AttackRecord;
  /** The image as attacked. */
  readonly image: AttackImage;
  /**
   * The adversarial image, the very one whose logits were seen; null unless asked for with `images`;
   * the refined one with `refine`, with `quantize` the one of 8 bits where there is one.
   */
  readonly adversarial: Float32Array | null;
}

export interface RunSettings {
  /** Images attacked at a time. By default as many as the device's buffers hold, 64 at most. */
  readonly batch?: number;
  /** Whether results carry the adversarial images. Default false. */
  readonly images?: boolean;
}

/** DeepFool compiled for one model, one set of options and one device. */
export class DeepFoolAttack {
  readonly options: ResolvedOptions;
  /** Images attacked at a time: what was asked for, or less where the device's buffers end. */
  readonly batch: number;
  readonly refusal: Error | null;
  readonly #model: AttackModel;
  readonly #step: StepGraph;
  readonly #program: Program;
  readonly #refinement: Refinement | null;
  readonly #quantization: Quantization | null;
  readonly #images: boolean;

  private constructor(
    model: AttackModel,
    options: ResolvedOptions,
    { step, program, fits, refusal }: Compiled,
    { refinement, quantization }: Searches,
    images: boolean,
  ) {
    this.#model = model;
    this.options = options;
    this.#step = step;
    this.#program = program;
    this.#refinement = refinement;
    this.#quantization = quantization;
    this.batch = fits;
    this.refusal = refusal;
    this.#images = images;
  }

  /**
   * Builds and compiles the attack.
   * Throws OptionError for options out of range, ModelError for a model that cannot be attacked,
   * DeviceLimitError or OutOfMemoryError when not even one image fits the device.
   */
  static async create(
    executor: Executor,
    model: AttackModel,
    options: DeepFoolOptions = {},
    { batch, images = false }: RunSettings = {},
  ): Promise<DeepFoolAttack> {
    const { channels } = model.inputShape;
    if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1)) {
      throw new OptionError(`--batch: expected a whole number ≥ 1, got ${batch}`);
    }
    const resolved = resolveOptions(options, { classes: model.classes, channels });
    if (model.classes < 1) throw new ModelError('the model has no outputs');
    const compiled = await compileLargest(executor, model.graph, resolved, batch);
    try {
      const searches = await compileSearches(executor, model.graph, resolved, compiled.fits);
      return new DeepFoolAttack(model, resolved, compiled, searches, images);
    } catch (error) {
      compiled.program.dispose();
      throw error;
    }
  }

  /**
   * Attacks images; results come in the order of the images. An image that is done leaves its slot to
   * the next one while the others go on, so that the device works on full batches to the end.
   */
  async *attack(
    images: AsyncIterable<AttackImage> | Iterable<AttackImage>,
  ): AsyncGenerator<AttackResult> {
    yield* streamThroughSlots(images, {
      batch: this.batch,
      clear: () => {
        this.#clearSlots();
      },
      fill: (slot, image) => {
        this.#writeSlot(slot, image);
      },
      step: (live) => this.#runStep(live),
      isDone: (read, slot) => isDone(read['status']!.data[slot]!),
      finish: (done, read) => this.#resultsOf(done, read),
    });
  }

  /** Classes an image in each round of a step's products: one round unless memory or `lazy` asks for more. */
  get rounds(): readonly number[] {
    return this.#step.rounds;
  }

  dispose(): void {
    this.#program.dispose();
    this.#refinement?.dispose();
    this.#quantization?.dispose();
  }

  /** Marks all slots as done, whatever an earlier stream has left in them. */
  #clearSlots(): void {
    this.#program.setExtent(SYMBOLS.slots, this.batch);
    const done = STATUSES.indexOf('failed');
    this.#program.write('status', intTensor([this.batch], new Int32Array(this.batch).fill(done)));
  }

  #writeSlot(slot: number, { pixels, source }: AttackImage): void {
    const { channels, height, width } = this.#model.inputShape;
    const shape = [1, channels, height, width];
    const size = channels * height * width;
    if (pixels.length !== size) {
      throw new ShapeError(
        `${source}: the model takes ${channels} × ${height} × ${width} images, ` +
          `this one has ${pixels.length} values`,
      );
    }
    const zero = intTensor([1], [0]);
    this.#program.write('x0', floatTensor(shape, pixels), slot);
    this.#program.write('r', floatTensor(shape, new Float32Array(size)), slot);
    this.#program.write('steps', zero, slot);
    this.#program.write('products', zero, slot);
    this.#program.write('status', zero, slot); // 'new'
  }

  #runStep(live: number): Promise<Reading> {
    this.#program.run({ bounds: extentsFor(live, this.#step) });
    return this.#program.read(READ_EACH_STEP);
  }

  /** The results of images that a step that has been read finished. */
  #resultsOf(done: readonly Occupant[], read: Reading): Promise<AttackResult>[] {
    const found = done.map((occupant) => this.#foundIn(occupant, read));
    const afterwards = handled(this.#search(found));
    return found.map((each) => this.#resultOf(each, afterwards));
  }

  /** What the searches along r̂ make of the fooled images: first shorter, then fit for 8 bits. */
  async #search(found: readonly Found[]): Promise<ReadonlyMap<Found, Afterwards>> {
    if (this.#refinement === null && this.#quantization === null) return new Map();
    const fooled = found.filter(({ reading }) => reading.status === 'fooled');
    const images = await Promise.all(
      fooled.map(async ({ image, reading: { original, adversarial }, x }) => {
        return { x0: image.pixels, x: (await x)!, original, adversarial };
      }),
    );
    const refined = await this.#refinement?.refine(images);
    const shorter = images.map((image, k) => ({ ...image, x: refined?.[k]?.image ?? image.x }));
    const quantized = await this.#quantization?.quantize(shorter);
    return new Map(
      fooled.map((each, k) => [
        each,
        { refined: refined?.[k] ?? null, quantized: quantized?.[k] ?? null },
      ]),
    );
  }

  #foundIn({ image, slot }: Occupant, read: Reading): Found {
    const columns = this.#step.measures;
    const measures = Object.fromEntries(
      columns.map((name, k) => [name, read['measures']!.data[slot * columns.length + k]!]),
    );
    const reading: ImageReading = {
      status: STATUSES[read['status']!.data[slot]!]!,
      original: read['original']!.data[slot]!,
      adversarial: read['adversarial']!.data[slot]!,
      steps: read['steps']!.data[slot]!,
      products: read['products']!.data[slot]!,
      measures,
    };
    const wanted = this.#images || this.#refinement !== null || this.#quantization !== null;
    return { image, reading, x: handled(wanted ? this.#readImage(slot) : Promise.resolve(null)) };
  }

  /** Reads the slot's image; enqueued now, before the slot is given to another. */
  async #readImage(slot: number): Promise<Float32Array> {
    const read = await this.#program.read(['x'], { start: slot, end: slot + 1 });
    return read['x']!.data as Float32Array;
  }

  async #resultOf(
    found: Found,
    afterwards: Promise<ReadonlyMap<Found, Afterwards>>,
  ): Promise<AttackResult> {
    const { image, reading, x } = found;
    const after = (await afterwards).get(found);
    const record = recordOf(image, reading, this.options, after);
    if (!this.#images) return { image, record, adversarial: null };
    const best = after?.quantized ?? after?.refined ?? null;
    return { image, record, adversarial: best?.image ?? (await x) };
  }
}

/** The searches that were asked for. */
interface Searches {
  readonly refinement: Refinement | null;
  readonly quantization: Quantization | null;
}

async function compileSearches(
  executor: Executor,
  model: Graph,
  options: ResolvedOptions,
  batch: number,
): Promise<Searches> {
  const subject = [executor, model, options, batch] as const;
  const refinement = options.refine ? await Refinement.create(...subject) : null;
  try {
    const quantization = options.quantize ? await Quantization.create(...subject) : null;
    return { refinement, quantization };
  } catch (error) {
    refinement?.dispose();
    throw error;
  }
}

/** What the device found for one image, before refinement. */
interface Found {
  readonly image: AttackImage;
  readonly reading: ImageReading;
  readonly x: Promise<Float32Array | null>;
}

/** What is read behind a step, by name. */
type Reading = Readonly<Record<string, Tensor>>;

const READ_EACH_STEP = ['status', 'original', 'adversarial', 'steps', 'products', 'measures'];

const isDone = (code: number): boolean => code > STATUSES.indexOf('running');
