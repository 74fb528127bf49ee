// DeepFool as a function: a model and images in, one result an image out, in their order.
import { DeepFoolAttack } from '../attack/deepfool.ts';
import type { DeepFoolOptions } from '../attack/options.ts';
import { unreadableRecord, type AttackImage, type AttackRecord } from '../attack/record.ts';
import { OptionError } from '../core/errors.ts';
import type { Dataset } from '../data/sample.ts';
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
import type { Model } from './model.ts';

/** All options of an attack: DeepFool's own, which images, and how they run. */
export interface AttackOptions extends DeepFoolOptions, ReadOptions {
  /** Leaves out images whose predicted class is not their label. Default false. */
  readonly onlyCorrect?: boolean;
  /** An open device, or the name of one to open for this run: `auto`, `webgpu`, part of a name. */
  readonly device?: Device | string;
  /** Images attacked at a time; default 64, or as many as the device's buffers hold. */
  readonly batch?: number;
  /** Whether results carry the adversarial pixels. Default true in the library. */
  readonly pixels?: boolean;
}

/** What became of one image. */
export interface Result {
  readonly record: AttackRecord;
  /** The image as attacked; null when it could not be read. */
  readonly image: AttackImage | null;
  /** The adversarial image [C, H, W], in the measured space; null unless it was fooled. */
  readonly adversarial: Float32Array | null;
}

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
export function deepfool(model: Model, images: Images, options: AttackOptions = {}): Results {
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
  const executor = typeof device === 'string' ? await openDevice(device) : device;
  try {
    const attack = await createAttack(executor, model, options, pixels);
    try {
      const ahead = 2 * attack.batch;
      const items = isDataset(images)
        ? readImages(images, model.inputShape, { ...options, ahead })
        : numberImages(images);
      for await (const result of attackItems(attack, items)) {
        if (!onlyCorrect || !isWrong(result.record)) yield result;
      }
    } finally {
      attack.dispose();
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
): Promise<DeepFoolAttack> {
  const { batch } = options;
  requireBatch(batch);
  // A model that takes one image at a time has room for one slot.
  const most = model.batchable ? batch : 1;
  const settings = { images, ...(most === undefined ? {} : { batch: most }) };
  return DeepFoolAttack.create(executor, model, options, settings);
}

export function requireBatch(batch: number | undefined): void {
  if (batch === undefined || (Number.isInteger(batch) && batch >= 1)) return;
  throw new OptionError(`--batch: expected a whole number ≥ 1, got ${batch}`);
}

/** Whether --only-correct leaves the image out: it was read and is not predicted as labelled. */
export function isWrong({ label, predicted }: AttackRecord): boolean {
  return predicted !== null && predicted !== label;
}

/** Attacks what can be read; the rest takes its place in the order as `failed`. */
export async function* attackItems(
  attack: DeepFoolAttack,
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
