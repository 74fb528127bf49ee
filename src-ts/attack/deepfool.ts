// Runs DeepFool over a stream of images: fills slots, runs the step graph until every image of the
// batch is done, and hands out one record an image. Within a batch nothing waits for the host: steps
// are enqueued ahead, and the number of images still active is read behind them.
import { DeviceLimitError, ModelError, OptionError, ShapeError } from '../core/errors.ts';
import type { Extents } from '../core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../core/tensor.ts';
import type { Executor, Program } from '../executor/executor.ts';
import type { Graph } from '../graph/graph.ts';
import { resolveOptions, type DeepFoolOptions, type ResolvedOptions } from './options.ts';
import { recordOf, type AttackImage, type AttackRecord, type ImageReading } from './record.ts';
import { Refinement, type Refined } from './refine.ts';
import { buildStepGraph, STATUSES, SYMBOLS, type StepGraph } from './step.ts';

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
   * the refined one with `refine`.
   */
  readonly adversarial: Float32Array | null;
}

export interface RunSettings {
  /** Images attacked at a time. By default as many as the device's buffers hold, 64 at most. */
  readonly batch?: number;
  /** Whether results carry the adversarial images. Default false. */
  readonly images?: boolean;
}

const DEFAULT_BATCH = 64;
/** Bytes of device memory that a batch of the default size may take. */
const MEMORY_BUDGET = 1.5 * 2 ** 30;
/** Steps enqueued beyond the last whose live count is known. */
const STEPS_IN_FLIGHT = 2;

/** DeepFool compiled for one model, one set of options and one device. */
export class DeepFoolAttack {
  readonly options: ResolvedOptions;
  /** Images attacked at a time: what was asked for, or less where the device's buffers end. */
  readonly batch: number;
  readonly #model: AttackModel;
  readonly #step: StepGraph;
  readonly #program: Program;
  readonly #refinement: Refinement | null;
  readonly #images: boolean;

  private constructor(
    model: AttackModel,
    options: ResolvedOptions,
    step: StepGraph,
    program: Program,
    refinement: Refinement | null,
    batch: number,
    images: boolean,
  ) {
    this.#model = model;
    this.options = options;
    this.#step = step;
    this.#program = program;
    this.#refinement = refinement;
    this.batch = batch;
    this.#images = images;
  }

  /**
   * Builds and compiles the attack.
   * Throws OptionError for options out of range, ModelError for a model that cannot be attacked, and
   * DeviceLimitError when not even one image fits the device.
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
    const step = buildStepGraph(model.graph, resolved);
    const { program, fits } = await compileLargest(executor, step, batch);
    const refinement = resolved.refine
      ? await Refinement.create(executor, model.graph, resolved, fits)
      : null;
    return new DeepFoolAttack(model, resolved, step, program, refinement, fits, images);
  }

  /** Attacks images in order, a batch at a time; results come in the order of the images. */
  async *attack(
    images: AsyncIterable<AttackImage> | Iterable<AttackImage>,
  ): AsyncGenerator<AttackResult> {
    for await (const group of inGroups(images, this.batch)) {
      yield* await this.#attackGroup(group);
    }
  }

  dispose(): void {
    this.#program.dispose();
    this.#refinement?.dispose();
  }

  async #attackGroup(group: readonly AttackImage[]): Promise<AttackResult[]> {
    this.#fillSlots(group);
    await this.#runToEnd(group.length);
    const names = ['original', 'adversarial', 'steps', 'status', 'measures'];
    if (this.#images || this.#refinement !== null) names.push('x');
    const read = await this.#program.read(names, { start: 0, end: group.length });
    const found = group.map((image, slot) => this.#foundIn(slot, image, read));
    const refined = await this.#refine(found);
    return found.map((each) => this.#resultOf(each, refined.get(each) ?? null));
  }

  /** What refinement makes of the fooled images. */
  async #refine(found: readonly Found[]): Promise<Map<Found, Refined>> {
    const fooled = found.filter(({ reading }) => reading.status === 'fooled');
    const images = fooled.map(({ image, reading, x }) => ({
      x0: image.pixels,
      x: x!,
      original: reading.original,
      adversarial: reading.adversarial,
    }));
    const refined = (await this.#refinement?.refine(images)) ?? [];
    return new Map(refined.map((each, k) => [fooled[k]!, each]));
  }

  #fillSlots(group: readonly AttackImage[]): void {
    const { channels, height, width } = this.#model.inputShape;
    const size = channels * height * width;
    for (const [slot, { pixels, source }] of group.entries()) {
      if (pixels.length !== size) {
        throw new ShapeError(
          `${source}: the model takes ${channels} × ${height} × ${width} images, ` +
            `this one has ${pixels.length} values`,
        );
      }
      this.#program.write('x0', floatTensor([1, channels, height, width], pixels), slot);
    }
    const count = group.length;
    const zeros = intTensor([count], new Int32Array(count));
    this.#program.write('r', floatTensor([count * size], new Float32Array(count * size)));
    this.#program.write('steps', zeros);
    this.#program.write('status', zeros); // 'new'
    this.#program.write('active', intTensor([count], [...Array(count).keys()]));
    this.#program.setExtent(SYMBOLS.active, count);
  }

  async #runToEnd(count: number): Promise<void> {
    const behind: Promise<Extents>[] = [];
    let live = count;
    while (live > 0) {
      const bounds = {
        [SYMBOLS.active]: live,
        [SYMBOLS.stepping]: live,
        [SYMBOLS.remaining]: live,
      };
      this.#program.run({ bounds });
      behind.push(this.#program.readExtents([SYMBOLS.active]));
      if (behind.length <= STEPS_IN_FLIGHT) continue;
      live = (await behind.shift()!)[SYMBOLS.active]!;
    }
    await Promise.all(behind);
  }

  #foundIn(slot: number, image: AttackImage, read: Readonly<Record<string, Tensor>>): Found {
    const columns = this.#step.measures;
    const measures = Object.fromEntries(
      columns.map((name, k) => [name, read['measures']!.data[slot * columns.length + k]!]),
    );
    const reading: ImageReading = {
      status: STATUSES[read['status']!.data[slot]!]!,
      original: read['original']!.data[slot]!,
      adversarial: read['adversarial']!.data[slot]!,
      steps: read['steps']!.data[slot]!,
      measures,
    };
    const size = image.pixels.length;
    const x = read['x']?.data.slice(slot * size, (slot + 1) * size) ?? null;
    return { image, reading, x: x as Float32Array | null };
  }

  #resultOf({ image, reading, x }: Found, refined: Refined | null): AttackResult {
    const record = recordOf(image, reading, this.options, refined);
    return { image, record, adversarial: this.#images ? (refined?.image ?? x) : null };
  }
}

/** What the device found for one image, before refinement. */
interface Found {
  readonly image: AttackImage;
  readonly reading: ImageReading;
  readonly x: Float32Array | null;
}

/**
 * Compiles for `batch` images, or for the most, by halves, that the device's buffers hold. Without a
 * batch asked for, storage also stays within MEMORY_BUDGET, since WebGPU does not tell what a device has.
 */
async function compileLargest(
  executor: Executor,
  { graph, state, single }: StepGraph,
  batch: number | undefined,
): Promise<{ program: Program; fits: number }> {
  for (let fits = single ? 1 : (batch ?? DEFAULT_BATCH); ; fits = Math.ceil(fits / 2)) {
    const capacity = Object.fromEntries(Object.values(SYMBOLS).map((symbol) => [symbol, fits]));
    const options = { capacity, state };
    const { total, largestBuffer, bufferLimit } = executor.memory(graph, options);
    if (fits > 1 && largestBuffer > bufferLimit) continue;
    if (fits > 1 && batch === undefined && total > MEMORY_BUDGET) continue;
    if (largestBuffer > bufferLimit) {
      throw new DeviceLimitError(
        'one image with all its candidates, in bytes of one buffer',
        largestBuffer,
        bufferLimit,
        'Use fewer --candidates.',
      );
    }
    try {
      return { program: await executor.compile(graph, options), fits };
    } catch (error) {
      if (!(error instanceof DeviceLimitError) || fits === 1) throw error;
    }
  }
}

async function* inGroups<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
