// Fast gradient sign (Goodfellow, Shlens, Szegedy, ICLR 2015) as the paper compares with it:
//
//   r = ε · sign(∇ₓ J(x, k̂(x0)))   at x = x0
//
// with one ε for all images, the smallest for which 90 % of them are misclassified. The signs are found
// once; after that each ε tried costs a forward pass over the images.
import { elementCount, isStatic, type StaticShape } from '../../core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../../core/tensor.ts';
import { InternalError } from '../../core/errors.ts';
import type { Executor, Program } from '../../executor/executor.ts';
import { typeOf } from '../../graph/graph.ts';
import type { Attack } from '../attack.ts';
import { compileFitting, type Fitting } from '../capacity.ts';
import type { AttackModel, AttackResult, RunSettings } from '../deepfool.ts';
import { takesOneImage } from '../forward.ts';
import type { MeasureName } from '../measures.ts';
import type { ResolvedOptions } from '../options.ts';
import { recordOf, requireSize, type AttackImage, type ImageReading } from '../record.ts';
import { handled } from '../slot-stream.ts';
import { findEpsilon, FOOLING_RATE, type FoundEpsilon } from './epsilon.ts';
import { FoolingRate } from './fooling-rate.ts';
import { buildShiftGraph, buildSignGraph, SYMBOL } from './graphs.ts';
import { resolveFgsm, type FgsmOptions, type ResolvedFgsm } from './options.ts';

/** An image and the sign of its gradient. */
interface Marked {
  readonly image: AttackImage;
  /** −1, 0 or 1 a pixel. */
  readonly sign: Int8Array;
  readonly original: number;
  readonly finite: boolean;
  readonly moved: boolean;
}

/** Fast gradient sign compiled for one model, one set of options and one device. */
export class FgsmAttack implements Attack {
  readonly batch: number;
  readonly refusal: Error | null;
  readonly #settings: ResolvedFgsm;
  readonly #shape: StaticShape;
  readonly #signs: Program;
  readonly #shifts: Program;
  readonly #measures: readonly MeasureName[];
  readonly #images: boolean;
  #found: FoundEpsilon | null = null;

  private constructor(
    settings: ResolvedFgsm,
    shape: StaticShape,
    { signs, shifts }: { signs: Program; shifts: Program },
    measures: readonly MeasureName[],
    { fits, refusal }: Fitting,
    images: boolean,
  ) {
    this.#settings = settings;
    this.#shape = shape;
    this.#signs = signs;
    this.#shifts = shifts;
    this.#measures = measures;
    this.batch = fits;
    this.refusal = refusal;
    this.#images = images;
  }

  /**
   * Builds and compiles the attack.
   * Throws OptionError for options out of range, and DeviceLimitError when not even one image fits.
   */
  static async create(
    executor: Executor,
    model: AttackModel,
    options: FgsmOptions = {},
    { batch, images = false }: RunSettings = {},
  ): Promise<FgsmAttack> {
    const { channels } = model.inputShape;
    const settings = resolveFgsm(options, { classes: model.classes, channels });
    const [, ...shape] = typeOf(model.graph, model.graph.inputs[0]!.id).shape;
    if (!isStatic(shape)) throw new InternalError('the model has a dynamic image size');
    const sign = buildSignGraph(model.graph, settings.options, settings.form);
    const shift = buildShiftGraph(model.graph, settings.options);
    const symbols = [SYMBOL];
    const most = takesOneImage(model.graph) ? 1 : batch;
    const fitting = await compileFitting(executor, { graph: sign, symbols }, most);
    const { program: signs, fits } = fitting;
    try {
      const shifts = await executor.compile(shift.graph, { capacity: { [SYMBOL]: fits } });
      return new FgsmAttack(settings, shape, { signs, shifts }, shift.measures, fitting, images);
    } catch (error) {
      signs.dispose();
      throw error;
    }
  }

  /** Without an ε given, the one that is chosen depends on all images. */
  get joint(): boolean {
    return this.#settings.epsilon === null;
  }

  get options(): ResolvedOptions {
    return this.#settings.options;
  }

  /** ε and the share it misled; null before the results. */
  get found(): FoundEpsilon | null {
    return this.#found;
  }

  get epsilon(): number | null {
    return this.#found?.epsilon ?? null;
  }

  get notes(): readonly string[] {
    if (this.#found === null) return [];
    const { epsilon, rate, reached } = this.#found;
    const percent = `${(100 * rate).toFixed(1)} %`;
    const [value, wanted] = [epsilon.toPrecision(4), `${100 * FOOLING_RATE} %`];
    if (this.#settings.epsilon !== null) return [`ε = ${value}, as told, misleads ${percent}`];
    if (reached)
      return [`ε = ${value} is the smallest that misleads ${wanted}: it does ${percent}`];
    return [`no ε misleads ${wanted}: the best of those tried, ε = ${value}, does ${percent}`];
  }

  /** Attacks images; without an ε given, all of them are read before the first result. */
  async *attack(
    images: AsyncIterable<AttackImage> | Iterable<AttackImage>,
  ): AsyncGenerator<AttackResult> {
    const marked = await this.#mark(images);
    const { epsilon } = this.#settings;
    const rate = this.#rateOf(marked);
    this.#found =
      epsilon === null
        ? await findEpsilon((each, wanted) => rate.at(each, wanted))
        : { epsilon, rate: await rate.at(epsilon, 0), reached: true };
    for (const group of this.#groupsOf(marked)) yield* await this.#resultsAt(group);
  }

  dispose(): void {
    this.#signs.dispose();
    this.#shifts.dispose();
  }

  async #mark(images: AsyncIterable<AttackImage> | Iterable<AttackImage>): Promise<Marked[]> {
    const groups: Promise<Marked[]>[] = [];
    let group: AttackImage[] = [];
    for await (const image of images) {
      requireSize(image, this.#shape);
      group.push(image);
      if (group.length < this.batch) continue;
      groups.push(handled(this.#markGroup(group)));
      group = [];
    }
    if (group.length > 0) groups.push(handled(this.#markGroup(group)));
    return (await Promise.all(groups)).flat();
  }

  async #markGroup(group: readonly AttackImage[]): Promise<Marked[]> {
    const count = group.length;
    this.#signs.write('image', this.#stack(group.map(({ pixels }) => pixels)));
    this.#signs.setExtent(SYMBOL, count);
    this.#signs.run({ bounds: { [SYMBOL]: count } });
    const names = ['sign', 'original', 'finite', 'moved'];
    const read = await this.#signs.read(names, { start: 0, end: count });
    const size = elementCount(this.#shape);
    return group.map((image, k) => ({
      image,
      sign: Int8Array.from(read['sign']!.data.subarray(k * size, (k + 1) * size)),
      original: read['original']!.data[k]!,
      finite: read['finite']!.data[k] === 1,
      moved: read['moved']!.data[k] === 1,
    }));
  }

  /** The share of images, of those with finite logits and gradients, that an ε misleads. */
  #rateOf(marked: readonly Marked[]): FoolingRate<Marked> {
    const finite = marked.filter((each) => each.finite);
    return new FoolingRate(finite, this.batch, async (group, epsilon) => {
      const read = await this.#shift(group, epsilon, ['adversarial']);
      const classes = read['adversarial']!.data;
      return group.map(({ original }, k) => classes[k] !== original);
    });
  }

  async #resultsAt(group: readonly Marked[]): Promise<AttackResult[]> {
    const { epsilon } = this.#found!;
    const names = ['adversarial', 'measures', ...(this.#images ? ['x'] : [])];
    const read = await this.#shift(group, epsilon, names);
    const size = elementCount(this.#shape);
    return group.map((marked, k) => {
      const { image } = marked;
      const reading = this.#readingOf(marked, k, read);
      const record = recordOf(image, reading, this.options);
      const error =
        record.status === 'exhausted'
          ? `the class does not change at ε = ${epsilon.toPrecision(4)}`
          : record.error;
      const x = read['x']?.data.slice(k * size, (k + 1) * size) ?? null;
      return { image, record: { ...record, error }, adversarial: x as Float32Array | null };
    });
  }

  #readingOf(
    { original, finite, moved }: Marked,
    row: number,
    read: Readonly<Record<string, Tensor>>,
  ): ImageReading {
    const columns = this.#measures;
    const at = row * columns.length;
    const adversarial = read['adversarial']!.data[row]!;
    const judged = adversarial !== original ? 'fooled' : moved ? 'exhausted' : 'stalled';
    return {
      status: finite ? judged : 'failed',
      original,
      adversarial,
      steps: finite && moved ? 1 : 0,
      products: finite ? 1 : 0,
      measures: Object.fromEntries(
        columns.map((name, k) => [name, read['measures']!.data[at + k]!]),
      ),
    };
  }

  /** Adds ε · sign to images; work is enqueued at once, in the order of the calls. */
  async #shift(
    group: readonly Marked[],
    epsilon: number,
    names: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>> {
    const count = group.length;
    this.#shifts.write('x0', this.#stack(group.map(({ image }) => image.pixels)));
    this.#shifts.write('sign', this.#stack(group.map(({ sign }) => sign)));
    const originals = group.map(({ original }) => original);
    this.#shifts.write('original', intTensor([count], originals));
    this.#shifts.write('epsilon', floatTensor([1], [epsilon]));
    this.#shifts.setExtent(SYMBOL, count);
    this.#shifts.run({ bounds: { [SYMBOL]: count } });
    return this.#shifts.read(names, { start: 0, end: count });
  }

  /** Images one after the other: [N, …image] */
  #stack(images: readonly (Float32Array | Int8Array)[]): Tensor {
    const size = elementCount(this.#shape);
    const data = new Float32Array(images.length * size);
    for (const [k, pixels] of images.entries()) data.set(pixels, k * size);
    return floatTensor([images.length, ...this.#shape], data);
  }

  #groupsOf<T>(all: readonly T[]): T[][] {
    const count = Math.ceil(all.length / this.batch);
    return Array.from({ length: count }, (_, k) => all.slice(k * this.batch, (k + 1) * this.batch));
  }
}
