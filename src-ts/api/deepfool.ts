// DeepFool as a function: a model and images in, one result an image out, in their order.
import type { Attack } from '../attack/attack.ts';
import type { DeepFoolOptions } from '../attack/options.ts';
import { unreadableRecord, type AttackImage } from '../attack/record.ts';
import { OptionError } from '../core/errors.ts';
import type { Dataset } from '../data/sample.ts';
import { ImageFolder } from '../report/image-folder.ts';
import { openDevice, type Device } from './device.ts';
import {
  isReadable,
  numberImages,
  readImages,
  type AttackItem,
  type ImageInput,
  type ReadOptions,
  type UnreadableImage,
} from './images.ts';
import { createMethod, type MethodOptions } from './methods.ts';
import type { Model } from './model.ts';
import { isWrong, type Result } from './result.ts';
import { ImageSaver } from './saved-images.ts';

/** Which images are attacked, and how that runs: options of every attack. */
export interface RunningOptions extends ReadOptions {
  /** Leaves out images whose predicted class is not their label. Default false. */
  readonly onlyCorrect?: boolean;
  /** An open device, or the name of one to open for this run: `auto`, `webgpu`, part of a name. */
  readonly device?: Device | string;
  /** Images attacked at a time; default 64, or as many as the device's buffers hold. */
  readonly batch?: number;
  /** Whether results carry the adversarial pixels. Default true in the library. */
  readonly pixels?: boolean;
  /**
   * Folder for the adversarial images as PNG files. Each is read again and judged once more; records
   * then tell `survives_8bit` and the norms of what was saved. Values beyond [0, 1] are clipped.
   */
  readonly saveImages?: string;
}

/** All options of one attack. */
export type RunOptionsOf<Own> = Own & RunningOptions;

/** All options of any attack: the method and its own, which images, and how they run. */
export type AttackOptions = RunOptionsOf<MethodOptions>;

/** Results in the order of the images: iterate, or collect them all. */
export interface Results extends AsyncIterable<Result> {
  readonly collect: () => Promise<Result[]>;
}

export type Images =
  Dataset | AsyncIterable<ImageInput | Float32Array> | Iterable<ImageInput | Float32Array>;

/**
 * Finds for each image the smallest perturbation that changes its class (DeepFool, CVPR 2016).
 *
 * `images` is a data set, or float32 [C, H, W] images in [0, 1], the space perturbations are measured
 * in. An image that cannot be read or has no finite logits gives a result of status `failed`; the
 * others go on. Nothing runs before the first result is asked for. Throws, then:
 * @throws OptionError for an option out of range.
 * @throws DeviceError when there is no such device, DeviceLimitError when one image does not fit it.
 * @throws ShapeError for pixels that are not what the model takes.
 */
export function deepfool(
  model: Model,
  images: Images,
  options: RunOptionsOf<DeepFoolOptions> = {},
): Results {
  return attackImages(model, images, { ...options, method: 'deepfool' });
}

/** Attacks images with the method of the options. */
export function attackImages(model: Model, images: Images, options: AttackOptions): Results {
  const iterate = (): AsyncGenerator<Result> => run(model, images, options);
  return {
    [Symbol.asyncIterator]: iterate,
    collect: async () => {
      const all: Result[] = [];
      for await (const result of iterate()) all.push(result);
      return all;
    },
  };
}

async function* run(model: Model, images: Images, options: AttackOptions): AsyncGenerator<Result> {
  const { device = 'auto', onlyCorrect = false, pixels = true } = options;
  const folder = await openFolder(model, options);
  const executor = typeof device === 'string' ? await openDevice(device) : device;
  try {
    const attack = await createAttack(executor, model, options, pixels);
    const saver = await openSaver(executor, model, attack, folder, options);
    try {
      const ahead = 2 * attack.batch;
      const items = isDataset(images)
        ? readImages(images, model.inputShape, { ...options, ahead })
        : numberImages(images);
      for await (const result of attackItems(attack, items, saver)) {
        if (onlyCorrect && isWrong(result.record)) continue;
        yield pixels ? result : { ...result, adversarial: null };
      }
    } finally {
      attack.dispose();
      saver?.dispose();
    }
  } finally {
    if (typeof device === 'string') executor.dispose();
  }
}

/** Compiles the attack for a device. */
export async function createAttack(
  executor: Device,
  model: Model,
  options: AttackOptions,
  images: boolean,
): Promise<Attack> {
  const { batch } = options;
  requireBatch(batch);
  // A model that takes one image at a time has room for one slot.
  const most = model.batchable ? batch : 1;
  const settings = {
    images: images || options.saveImages !== undefined,
    ...(most === undefined ? {} : { batch: most }),
  };
  return createMethod(executor, model, options, settings);
}

/** The folder that images are to be saved to, made ready; null when none is asked for. */
export async function openFolder(
  { inputShape: { channels, height, width } }: Model,
  { saveImages }: AttackOptions,
): Promise<ImageFolder | null> {
  if (saveImages === undefined) return null;
  return ImageFolder.open(saveImages, [channels, height, width]);
}

/** Compiles what saved images are judged by. */
export async function openSaver(
  executor: Device,
  model: Model,
  attack: Attack,
  folder: ImageFolder | null,
  { onlyCorrect = false }: AttackOptions,
): Promise<ImageSaver | null> {
  if (folder === null) return null;
  return ImageSaver.create(executor, model, attack, folder, (record) => {
    return !onlyCorrect || !isWrong(record);
  });
}

export function requireBatch(batch: number | undefined): void {
  if (batch === undefined || (Number.isInteger(batch) && batch >= 1)) return;
  throw new OptionError(`--batch: expected a whole number ≥ 1, got ${batch}`);
}

/** Attacks images and, with a saver, saves what fools. */
export function attackItems(
  attack: Attack,
  items: AsyncIterable<AttackItem>,
  saver: ImageSaver | null,
): AsyncGenerator<Result> {
  const results = attackInOrder(attack, items);
  return saver === null ? results : saver.save(results);
}

/** Attacks what can be read; the rest takes its place in the order as `failed`. */
async function* attackInOrder(
  attack: Attack,
  items: AsyncIterable<AttackItem>,
): AsyncGenerator<Result> {
  const order: AttackItem[] = [];
  const readable = async function* (): AsyncGenerator<AttackImage> {
    for await (const item of items) {
      order.push(item);
      if (isReadable(item)) yield item;
    }
  };
  const failed = (item: UnreadableImage): Result => ({
    record: unreadableRecord(item, item.reason, attack.options),
    image: null,
    adversarial: null,
  });
  const unreadableFirst = function* (): Generator<Result> {
    for (let item = order[0]; item !== undefined && !isReadable(item); item = order[0]) {
      order.shift();
      yield failed(item);
    }
  };
  for await (const result of attack.attack(readable())) {
    yield* unreadableFirst();
    order.shift();
    const fooled = result.record.status === 'fooled';
    yield { ...result, adversarial: fooled ? result.adversarial : null };
  }
  yield* unreadableFirst();
}

function isDataset(images: Images): images is Dataset {
  return 'load' in images;
}
