// An attack on a device that may fail: it is compiled for fewer images where memory is refused, goes on with
// fewer where memory runs out, and on a new device where that is lost. What happened is told in notes.
// Results stay the same to the bit, since an image's result depends neither on its company nor on when the
// run began.
import type { Attack } from '../attack/attack.ts';
import { DEFAULT_BATCH } from '../attack/capacity.ts';
import type { AttackResult } from '../attack/deepfool.ts';
import type { AttackImage } from '../attack/record.ts';
import { DeviceLostError, messageOf, OutOfMemoryError } from '../core/errors.ts';
import type { Tracer } from '../core/tracer.ts';
import type { DeviceInfo } from '../executor/executor.ts';
import type { ImageFolder } from '../report/image-folder.ts';
import { attackItems } from './attack-items.ts';
import { requireBatch, type AttackOptions } from './attack-options.ts';
import { noteOnStderr, openDevice, type Device } from './device.ts';
import type { AttackItem } from './images.ts';
import { createMethod } from './methods.ts';
import type { Model } from './model.ts';
import { isWrong, type Result } from './result.ts';
import { resumed } from './resume.ts';
import { ImageSaver } from './saved-images.ts';

/** Devices that a run may lose before it fails: a driver may fail again and again. */
const MOST_LOSSES = 3;

export interface RunSetup {
  /** Whether results carry the adversarial images. */
  readonly images: boolean;
  /** Where adversarial images are saved. */
  readonly folder?: ImageFolder | null;
  readonly tracer?: Tracer | null;
}

/** An attack as it is compiled now. */
interface Compiled {
  readonly attack: Attack;
  readonly saver: ImageSaver | null;
}

export class AttackRun {
  readonly #model: Model;
  readonly #options: AttackOptions;
  readonly #setup: RunSetup;
  readonly #notes: string[] = [];
  #device: Device;
  #compiled: Compiled | null = null;
  #losses = 0;
  #doneAtLoss = -1;

  private constructor(model: Model, options: AttackOptions, setup: RunSetup, device: Device) {
    this.#model = model;
    this.#options = options;
    this.#setup = setup;
    this.#device = device;
  }

  /**
   * Opens the device, unless it is the caller's, and compiles the attack.
   * @throws OptionError, ModelError, DeviceError; DeviceLimitError or OutOfMemoryError when not even one
   * image fits.
   */
  static async open(model: Model, options: AttackOptions, setup: RunSetup): Promise<AttackRun> {
    requireBatch(options.batch);
    const { device = 'auto', onNote = noteOnStderr } = options;
    const { tracer = null } = setup;
    const opened = typeof device === 'string' ? await openOwn(device, tracer, onNote) : device;
    const run = new AttackRun(model, options, setup, opened);
    try {
      await run.#compile(options.batch);
      return run;
    } catch (error) {
      run.dispose();
      throw error;
    }
  }

  get info(): DeviceInfo {
    return this.#device.info;
  }

  /** Name and hash of the table that kernels are chosen by. */
  get tuning(): string {
    return this.#device.tuning;
  }

  /** Images attacked at a time. */
  get batch(): number {
    return this.#attack.batch;
  }

  /** What did not go as asked, and those choices, in sentences. */
  get notes(): readonly string[] {
    return [...new Set([...this.#device.notes, ...this.#notes, ...this.choices])];
  }

  /** What the attack chose for all images together, in sentences; known when its results are. */
  get choices(): readonly string[] {
    return this.#attack.notes ?? [];
  }

  /** Fast gradient sign's ε, known when its results are; null of other methods. */
  get epsilon(): number | null {
    return this.#attack.epsilon ?? null;
  }

  /** One result an item, in their order. @throws DeviceLostError, OutOfMemoryError when nothing helps. */
  results(items: AsyncIterable<AttackItem>): AsyncGenerator<Result> {
    return resumed(
      items,
      (open) => attackItems(this.#attack, open, this.#compiled!.saver),
      (error, done) => this.#recover(error, done),
    );
  }

  /** One result an image, as the attack gives it. @throws as `results` does. */
  attack(images: AsyncIterable<AttackImage>): AsyncGenerator<AttackResult> {
    return resumed(
      images,
      (open) => this.#attack.attack(open),
      (error, done) => this.#recover(error, done),
    );
  }

  /** Waits for the device, so that a tracer has been told of everything. */
  async finish(): Promise<void> {
    await this.#device.finish();
  }

  dispose(): void {
    this.#release();
    if (this.#owns) this.#device.dispose();
  }

  /** Whether the device was opened by its name, for this run alone. */
  get #owns(): boolean {
    return typeof (this.#options.device ?? 'auto') === 'string';
  }

  get #attack(): Attack {
    return this.#compiled!.attack;
  }

  #note(note: string): void {
    this.#notes.push(note);
    (this.#options.onNote ?? noteOnStderr)(note);
  }

  /** Compiles for `batch` images, or for half of them, the half of that, … where the device refuses. */
  async #compile(batch: number | undefined): Promise<void> {
    this.#release();
    const { batchable } = this.#model;
    const wanted = batchable ? batch : 1;
    let refusal: Error | null = null;
    for (let most = wanted; ; most = Math.ceil((most ?? DEFAULT_BATCH) / 2)) {
      try {
        this.#compiled = await this.#createFor(most);
        refusal = this.#attack.refusal ?? refusal;
        break;
      } catch (error) {
        if (!(error instanceof OutOfMemoryError) || most === 1) throw error;
        refusal = error;
      }
    }
    this.#noteBatch(batch, refusal);
  }

  #noteBatch(asked: number | undefined, refusal: Error | null): void {
    const { batch } = this;
    const wanted = asked ?? DEFAULT_BATCH;
    const told =
      batch === wanted ? `batch ${batch} in more rounds` : `batch ${batch} instead of ${wanted}`;
    if (refusal !== null) this.#note(`${told}: ${messageOf(refusal).split('\n')[0]!}`);
    else if (asked === undefined || batch === asked) return;
    else if (!this.#model.batchable) this.#note(`${told}: the model takes no more`);
    else this.#note(`${told}: more does not fit the device`);
  }

  async #createFor(batch: number | undefined): Promise<Compiled> {
    const { images, folder = null } = this.#setup;
    const settings = {
      images: images || this.#options.saveImages !== undefined,
      ...(batch === undefined ? {} : { batch }),
    };
    const attack = await createMethod(this.#device, this.#model, this.#options, settings);
    try {
      return { attack, saver: folder === null ? null : await this.#openSaver(attack, folder) };
    } catch (error) {
      attack.dispose();
      throw error;
    }
  }

  #openSaver(attack: Attack, folder: ImageFolder): Promise<ImageSaver> {
    const { onlyCorrect = false } = this.#options;
    return ImageSaver.create(this.#device, this.#model, attack, folder, (record) => {
      return !onlyCorrect || !isWrong(record);
    });
  }

  #release(): void {
    this.#compiled?.attack.dispose();
    this.#compiled?.saver?.dispose();
  }

  /** Makes the attack anew where that can help against what went wrong after `done` images. */
  async #recover(error: unknown, done: number): Promise<void> {
    if (done > 0 && this.#attack.joint === true) throw error; // its choice was for all images
    if (error instanceof OutOfMemoryError) await this.#goOnWithLess(error, done);
    else if (error instanceof DeviceLostError) await this.#goOnElsewhere(error, done);
    else throw error;
  }

  async #goOnWithLess(error: OutOfMemoryError, done: number): Promise<void> {
    const { batch } = this;
    if (batch === 1) throw error;
    await this.#compile(Math.ceil(batch / 2));
    this.#note(
      `memory ran out after ${done} images; the rest ran ${this.batch} at a time, not ${batch}`,
    );
  }

  async #goOnElsewhere(error: DeviceLostError, done: number): Promise<void> {
    if (!this.#owns || this.#losses === MOST_LOSSES) throw error;
    this.#losses++;
    const { device = 'auto', onNote = noteOnStderr } = this.#options;
    const { batch } = this;
    // A driver that fails twice at one place may fail for want of memory.
    const next = done === this.#doneAtLoss ? Math.ceil(batch / 2) : batch;
    this.#doneAtLoss = done;
    this.#release();
    this.#notes.push(...this.#device.notes);
    this.#device.dispose();
    this.#device = await openOwn(device as string, this.#setup.tracer ?? null, onNote);
    await this.#compile(next);
    const less = this.batch < batch ? `, ${this.batch} at a time` : '';
    this.#note(`the device was lost after ${done} images; the rest ran on a new one${less}`);
  }
}

function openOwn(
  name: string,
  tracer: Tracer | null,
  onNote: (note: string) => void,
): Promise<Device> {
  return openDevice(name, { onNote, ...(tracer !== null && { tracer }) });
}
