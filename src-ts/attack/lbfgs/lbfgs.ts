// The box-constrained L-BFGS attack (Szegedy et al., ICLR 2014) as the paper compares with it, over a stream
// of images. The search itself is a step graph (step.ts).
import { InternalError } from '../../core/errors.ts';
import { isStatic, type StaticShape } from '../../core/shape.ts';
import { floatTensor, intTensor, type Tensor } from '../../core/tensor.ts';
import type { Executor, Program } from '../../executor/executor.ts';
import { typeOf } from '../../graph/graph.ts';
import type { Attack } from '../attack.ts';
import { compileFitting, type Fitting } from '../capacity.ts';
import type { AttackModel, AttackResult, RunSettings } from '../deepfool.ts';
import { takesOneImage } from '../forward.ts';
import type { MeasureName } from '../measures.ts';
import type { ResolvedOptions } from '../options.ts';
import { recordOf, requireSize, type AttackImage, type ImageReading } from '../record.ts';
import { streamThroughSlots, type SlotWork } from '../slot-stream.ts';
import type { Occupant } from '../slots.ts';
import { STATUSES, SYMBOLS } from '../step/state.ts';
import { resolveLbfgs, type LbfgsOptions } from './options.ts';
import { buildLbfgsStep } from './step.ts';

type Reading = Readonly<Record<string, Tensor>>;

const READ_EACH_STEP = ['status', 'original', 'adversarial', 'steps', 'measures'];

/** The L-BFGS attack compiled for one model, one set of options and one device. */
export class LbfgsAttack implements Attack, SlotWork<Reading, AttackResult> {
  readonly options: ResolvedOptions;
  readonly batch: number;
  readonly refusal: Error | null;
  readonly #shape: StaticShape;
  readonly #program: Program;
  readonly #measures: readonly MeasureName[];
  readonly #images: boolean;

  private constructor(
    options: ResolvedOptions,
    shape: StaticShape,
    { program, fits, refusal }: Fitting,
    measures: readonly MeasureName[],
    images: boolean,
  ) {
    this.options = options;
    this.#shape = shape;
    this.#program = program;
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
    { graph, classes, inputShape: { channels } }: AttackModel,
    options: LbfgsOptions = {},
    { batch, images = false }: RunSettings = {},
  ): Promise<LbfgsAttack> {
    const resolved = resolveLbfgs(options, { classes, channels });
    const [, ...shape] = typeOf(graph, graph.inputs[0]!.id).shape;
    if (!isStatic(shape)) throw new InternalError('the model has a dynamic image size');
    const step = buildLbfgsStep(graph, resolved);
    const most = takesOneImage(graph) ? 1 : batch;
    const fitting = await compileFitting(executor, step, most);
    return new LbfgsAttack(resolved, shape, fitting, step.measures, images);
  }

  /** Attacks images; `steps` of a record are the gradients it took. */
  attack(images: AsyncIterable<AttackImage> | Iterable<AttackImage>): AsyncGenerator<AttackResult> {
    this.#program.setExtent(SYMBOLS.slots, this.batch);
    return streamThroughSlots(images, this);
  }

  dispose(): void {
    this.#program.dispose();
  }

  clear(): void {
    const done = STATUSES.indexOf('failed');
    this.#program.write('status', intTensor([this.batch], new Int32Array(this.batch).fill(done)));
  }

  fill(slot: number, image: AttackImage): void {
    requireSize(image, this.#shape);
    this.#program.write('x0', floatTensor([1, ...this.#shape], image.pixels), slot);
    this.#program.write('status', intTensor([1], [STATUSES.indexOf('new')]), slot);
  }

  step(live: number): Promise<Reading> {
    this.#program.run({ bounds: { [SYMBOLS.active]: live, [SYMBOLS.stepping]: live } });
    return this.#program.read(READ_EACH_STEP);
  }

  isDone(reading: Reading, slot: number): boolean {
    return reading['status']!.data[slot]! > STATUSES.indexOf('running');
  }

  finish(done: readonly Occupant[], reading: Reading): readonly Promise<AttackResult>[] {
    return done.map(async ({ image, slot }) => {
      const best = this.#images
        ? this.#program.read(['best'], { start: slot, end: slot + 1 })
        : Promise.resolve(null);
      const record = recordOf(image, this.#readingOf(slot, reading), this.options);
      const error =
        record.status === 'exhausted'
          ? `no minimiser was classified as its target in ${record.steps} gradients`
          : record.error;
      const adversarial = ((await best)?.['best']?.data ?? null) as Float32Array | null;
      return { image, record: { ...record, error }, adversarial };
    });
  }

  #readingOf(slot: number, read: Reading): ImageReading {
    const columns = this.#measures;
    const at = slot * columns.length;
    return {
      status: STATUSES[read['status']!.data[slot]!]!,
      original: read['original']!.data[slot]!,
      adversarial: read['adversarial']!.data[slot]!,
      steps: read['steps']!.data[slot]!,
      products: read['steps']!.data[slot]!,
      measures: Object.fromEntries(
        columns.map((name, k) => [name, read['measures']!.data[at + k]!]),
      ),
    };
  }
}
