// Adversarial images to files and back: each is written as a PNG, read again from that very file, and
// judged by the model once more. What survives 8 bits, and what was really saved, goes to its record.
// All of it goes on beside the attack, which is not waited for and does not wait.
import { join } from 'node:path';
import type { Attack } from '../attack/attack.ts';
import type { ResolvedOptions } from '../attack/options.ts';
import { Recheck, type Rechecked } from '../attack/recheck.ts';
import { isGeneral, type AttackRecord } from '../attack/record.ts';
import { loadImageTensor } from '../data/image.ts';
import { mapSome } from '../data/map-some.ts';
import type { ImageFolder } from '../report/image-folder.ts';
import type { Device } from './device.ts';
import type { Model } from './model.ts';
import type { Result } from './result.ts';

/** Bursts of results being saved before the attack has to wait for them. */
const MOST_BURSTS = 4;

/** A fooled image, with all that there is of one. */
type Fooled = Result & {
  readonly image: NonNullable<Result['image']>;
  readonly adversarial: Float32Array;
  readonly record: { readonly predicted: number };
};

export class ImageSaver {
  readonly #folder: ImageFolder;
  readonly #recheck: Recheck;
  readonly #options: ResolvedOptions;
  readonly #channels: 1 | 3;
  readonly #wanted: (record: AttackRecord) => boolean;

  private constructor(
    folder: ImageFolder,
    recheck: Recheck,
    options: ResolvedOptions,
    channels: 1 | 3,
    wanted: (record: AttackRecord) => boolean,
  ) {
    this.#folder = folder;
    this.#recheck = recheck;
    this.#options = options;
    this.#channels = channels;
    this.#wanted = wanted;
  }

  /** Compiles the second look; fooled images whose record is not `wanted` are not saved. */
  static async create(
    executor: Device,
    model: Model,
    attack: Attack,
    folder: ImageFolder,
    wanted: (record: AttackRecord) => boolean,
  ): Promise<ImageSaver> {
    const { options, batch } = attack;
    const recheck = await Recheck.create(executor, model.graph, options, batch);
    const channels = model.inputShape.channels === 1 ? 1 : 3;
    return new ImageSaver(folder, recheck, options, channels, wanted);
  }

  /**
   * The results, in their order, with what came of saving in their records.
   * @throws OutputError when a file cannot be written, ImageError when it cannot be read again.
   */
  async *save(results: AsyncGenerator<Result>): AsyncGenerator<Result> {
    const bursts = inBursts(results, this.#recheck.batch);
    const saving: Promise<Result[]>[] = [];
    try {
      let next = bursts.next();
      for (;;) {
        const arrived = next.then(() => true);
        const saved = saving.slice(0, 1).map((oldest) => oldest.then(() => false));
        if (saving.length >= MOST_BURSTS || !(await Promise.race([...saved, arrived]))) {
          yield* await saving.shift()!;
          continue;
        }
        const result = await next;
        if (result.done === true) break;
        const burst = this.#saveAll(result.value);
        burst.catch(() => undefined); // seen when its turn comes
        saving.push(burst);
        next = bursts.next();
        next.catch(() => undefined);
      }
      for (const burst of saving) yield* await burst;
    } finally {
      await Promise.allSettled(saving);
      await results.return(undefined);
    }
  }

  dispose(): void {
    this.#recheck.dispose();
  }

  async #saveAll(results: readonly Result[]): Promise<Result[]> {
    const fooled = results.filter(
      (result): result is Fooled => result.adversarial !== null && this.#wanted(result.record),
    );
    const files = await mapSome(fooled, (result) => this.#saveOne(result));
    const judged = await this.#recheck.judge(
      fooled.map(({ image, record: { predicted } }, k) => {
        return { x0: image.pixels, x: files[k]!.pixels, original: predicted };
      }),
    );
    return results.map((result) => {
      const k = (fooled as readonly Result[]).indexOf(result);
      const fields = savedFields(files[k]?.name ?? null, judged[k] ?? null, this.#options);
      return { ...result, record: { ...result.record, ...fields } };
    });
  }

  /** Writes an image and reads it again. */
  async #saveOne({ record, adversarial }: Fooled): Promise<{ name: string; pixels: Float32Array }> {
    const name = await this.#folder.write(record.index, record.source, adversarial);
    const path = join(this.#folder.path, name);
    const { data } = await loadImageTensor(path, { channels: this.#channels });
    return { name, pixels: data };
  }
}

function savedFields(
  name: string | null,
  judged: Rechecked | null,
  { norm }: ResolvedOptions,
): Partial<AttackRecord> {
  const size = judged?.lp ?? null;
  return {
    survives_8bit: judged?.fooled ?? null,
    saved_as: name,
    saved_l2: judged?.l2 ?? null,
    saved_linf: judged?.linf ?? null,
    ...(isGeneral(norm) ? { saved_lp: size } : {}),
    saved_rho: judged === null || judged.xLp === 0 ? null : judged.lp / judged.xLp,
    saved_adversarial: judged?.predicted ?? null,
  };
}

/** Items as they come together, at most `most` at a time: those that follow within the same turn. */
async function* inBursts<T>(items: AsyncGenerator<T>, most: number): AsyncGenerator<T[]> {
  let burst: T[] = [];
  let next = items.next();
  for (;;) {
    const waiting = burst.length > 0 && !(await arrivesNow(next));
    if (waiting || burst.length === most) {
      yield burst;
      burst = [];
    }
    const result = await next;
    if (result.done === true) break;
    burst.push(result.value);
    next = items.next();
    next.catch(() => undefined); // seen when its turn comes
  }
  if (burst.length > 0) yield burst;
}

/** Whether a promise is settled within this turn of the event loop. */
function arrivesNow(promise: Promise<unknown>): Promise<boolean> {
  const arrived = promise.then(
    () => true,
    () => true,
  );
  const turn = new Promise<boolean>((resolve) => {
    setImmediate(() => {
      resolve(false);
    });
  });
  return Promise.race([arrived, turn]);
}
